/* not written yet */

typedef int digest_placeholder;
