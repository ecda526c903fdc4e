/* not written yet */

typedef int taglist_placeholder;
