/* not written yet */

typedef int command_placeholder;
