/* not written yet */

typedef int transaction_placeholder;
