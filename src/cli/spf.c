/* not written yet */

typedef int spf_placeholder;
