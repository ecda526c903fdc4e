/* not written yet */

typedef int canon_placeholder;
