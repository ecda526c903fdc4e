/* not written yet */

typedef int reader_placeholder;
