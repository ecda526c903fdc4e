/* not written yet */

typedef int bodyhash_placeholder;
