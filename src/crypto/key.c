/* not written yet */

typedef int key_placeholder;
