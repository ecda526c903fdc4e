/* not written yet */

typedef int base64_placeholder;
