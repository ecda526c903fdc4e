/* not written yet */
#include "dns/zonefile.h"
typedef int zonefile_placeholder;
