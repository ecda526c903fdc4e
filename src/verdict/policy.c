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

bool port_listed(const struct port_list *list, int port)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == port) /* -1, unknown, is in no list */
			return true;
	return false;
}
