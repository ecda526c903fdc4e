/* not written yet */

typedef int domain_placeholder;
