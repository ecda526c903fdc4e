/* not written yet */

typedef int libspf2_placeholder;
