/* not written yet */

typedef int check_placeholder;
