/* not written yet */

typedef int received_spf_placeholder;
