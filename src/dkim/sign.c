/* not written yet */

typedef int sign_placeholder;
