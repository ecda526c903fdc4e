/* not written yet */

typedef int classify_placeholder;
