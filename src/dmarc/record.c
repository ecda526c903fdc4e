/* not written yet */

typedef int record_placeholder;
