/* not written yet */

typedef int message_placeholder;
