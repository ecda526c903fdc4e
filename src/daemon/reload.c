/* not written yet */

typedef int reload_placeholder;
