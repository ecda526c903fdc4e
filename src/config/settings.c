/* not written yet */

typedef int settings_placeholder;
