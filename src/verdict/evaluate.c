/* not written yet */

typedef int evaluate_placeholder;
