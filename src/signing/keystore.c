/* not written yet */

typedef int keystore_placeholder;
