/* not written yet */
#include "base/hostlist.h"
