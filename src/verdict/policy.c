#include "verdict/policy.h"

static const char *const action_texts[] = {
	[ACTION_ACCEPT] = "accept",
	[ACTION_QUARANTINE] = "quarantine",
	[ACTION_TEMPFAIL] = "tempfail",
	[ACTION_REJECT] = "reject",
};

const char *action_text(enum action action)
{
	return action_texts[action];
}
