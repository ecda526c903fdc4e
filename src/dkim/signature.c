/* not written yet */

typedef int signature_placeholder;
