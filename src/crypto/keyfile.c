/* not written yet */

typedef int keyfile_placeholder;
