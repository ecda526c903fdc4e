/* not written yet */

typedef int privileges_placeholder;
