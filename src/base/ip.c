/* not written yet */
#include "base/ip.h"
