/* not written yet */

typedef int macro_placeholder;
