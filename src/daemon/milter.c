/* not written yet */

typedef int milter_placeholder;
