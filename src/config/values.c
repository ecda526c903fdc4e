/* not written yet */

typedef int values_placeholder;
