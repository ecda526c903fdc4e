/* not written yet */

typedef int config_placeholder;
