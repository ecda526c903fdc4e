/* not written yet */

typedef int authres_placeholder;
