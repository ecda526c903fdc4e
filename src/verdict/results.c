/* not written yet */

typedef int results_placeholder;
