/* Behaviour of the old programs that no option controls and that differs from assay's. */
#include "private.h"

static const struct {
	enum program program;
	const char *about, *text;
} habits[] = {
	{ PROGRAM_OPENDKIM, "whose mail is signed", "opendkim signs for whatever domain a login writes into From; assay "
	    "signs where it is also the domain of the envelope sender or of the login (sign-mismatch = yes signs "
	    "as before; sign \"DOMAIN\" { users } names who may)" },
	{ PROGRAM_OPENDMARC, "From", "mail without From, or with several From fields, is refused (dmarc from-missing, "
	    "from-multiple); opendmarc accepts it without a check unless RequiredHeaders is set" },
	{ PROGRAM_OPENDMARC, "pct", "a part of the failing mail that pct exempts is treated like the rest: RFC 9989 has "
	    "no pct (p is obeyed in full)" },
	{ PROGRAM_POLICYD_SPF, "check_policy_service", "SPF is judged when the whole message is there, not at RCPT: DKIM "
	    "and DMARC are then known; policyd-spf can stay for a while where a refusal at RCPT is wanted" },
};

void habits_report(struct import *im)
{
	for (size_t i = 0; i < N_ELEMENTS(habits); i++)
		if (im->lines[habits[i].program].present)
			find_at(im, DIFFERENT, program_names[habits[i].program], 0, slice_str(habits[i].about), SLICE(""),
			    "%s", habits[i].text);
}
