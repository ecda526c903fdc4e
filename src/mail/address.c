/* not written yet */

typedef int address_placeholder;
