/* not written yet */
#include "dns/resolver.h"
typedef int resolver_placeholder;
