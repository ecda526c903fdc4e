/* not written yet */

typedef int dmarc_placeholder;
