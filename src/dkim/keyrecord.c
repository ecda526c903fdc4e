/* not written yet */

typedef int keyrecord_placeholder;
