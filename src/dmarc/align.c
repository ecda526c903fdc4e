/* not written yet */

typedef int align_placeholder;
