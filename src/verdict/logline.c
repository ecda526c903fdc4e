/* not written yet */

typedef int logline_placeholder;
