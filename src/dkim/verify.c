/* not written yet */

typedef int verify_placeholder;
