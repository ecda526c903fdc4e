/* not written yet */

typedef int decide_placeholder;
