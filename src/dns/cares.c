/* not written yet */
#include "dns/cares.h"
typedef int cares_placeholder;
