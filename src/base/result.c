#include "base/result.h"

const char *auth_result_text(enum auth_result result)
{
	static const char *const text[] = {
		[AUTH_NONE] = "none",
		[AUTH_PASS] = "pass",
		[AUTH_FAIL] = "fail",
		[AUTH_SOFTFAIL] = "softfail",
		[AUTH_NEUTRAL] = "neutral",
		[AUTH_POLICY] = "policy",
		[AUTH_TEMPERROR] = "temperror",
		[AUTH_PERMERROR] = "permerror",
	};

	return text[result];
}
