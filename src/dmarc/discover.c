/* not written yet */

typedef int discover_placeholder;
