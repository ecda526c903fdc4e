/* not written yet */

typedef int cache_placeholder;
