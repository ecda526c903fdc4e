/* not written yet */

typedef int select_placeholder;
