/* Every option of openarc.conf.  It shares much with opendkim.conf, whose lines decide. */
#include "private.h"

#define RESPONSE "a message that cannot be treated is deferred; a chain that fails decides nothing by itself"

/*
 * Domain, Selector and KeyFile make one sealer.  Its key is not copied: in the key directory it would
 * sign outgoing mail as well.
 */
static void rule_sealer(struct import *im, const struct old_line *l, const struct rule *r)
{
	const struct old_line *domain = old_option(im, PROGRAM_OPENARC, "Domain");
	const struct old_line *selector = old_option(im, PROGRAM_OPENARC, "Selector");

	(void)r;
	if (domain == NULL || selector == NULL) {
		mistake(im, l->file, l->line, "KeyFile needs Domain and Selector beside it");
		return;
	}
	find(im, DIFFERENT, l, "sealing stays off until arc { seal = \"%s/%s\" } is written and the key is in the "
	    "key directory: decide first which mail is sealed (assay.conf(5), section arc)", shown(im, domain->value),
	    shown(im, selector->value));
}


const struct rule openarc_rules[] = {
	NOTE("AuthResComments", DIFFERENT, "ARC-Authentication-Results carry no comments: receivers were seen to "
	    "fail on them"),
	NOTE_IF("AuthResIP", KEPT, "smtp.remote-ip is written"),
	NOTE("Canonicalization", DIFFERENT, "seals use relaxed/relaxed"),
	NOTE("Domain", DIFFERENT, "the sealer's domain: see KeyFile"),
	NOTE_IF("FinalReceiver", DROPPED, "nothing has to be handed to another milter"),
	NOTE("FixedTimestamp", DROPPED, "for tests"),
	RULE("KeyFile", rule_sealer),
	NOTE("MinimumKeySizeRSA", DIFFERENT, "dkim minimum-bits is for ARC as well"),
	NOTE("Mode", DIFFERENT, "chains are always verified (arc verify); sealing is off until arc seal names a key"),
	NOTE("OversignHeaders", DIFFERENT, "what is signed is decided as for DKIM (sign-headers)"),
	NOTE_IF("PermitAuthenticationOverrides", FINDING_UNSAFE, "no verdict is ever read from a header field"),
	NOTE("ResponseDisabled", DIFFERENT, RESPONSE),
	NOTE("ResponseUnable", DIFFERENT, RESPONSE),
	NOTE("ResponseUnwilling", DIFFERENT, RESPONSE),
	NOTE("SealHeaderChecks", WITHOUT, "no regular expressions are matched against header fields"),
	NOTE("Selector", DIFFERENT, "the sealer's selector: see KeyFile"),
	NOTE("SignatureAlgorithm", KEPT, "the kind of the key decides"),
	NOTE("SignatureTTL", DIFFERENT, "seals do not expire"),
	NOTE("SignHeaders", DIFFERENT, "what is signed is decided as for DKIM (sign-headers)"),
	NOTE("TestKeys", DROPPED, "canned records for tests: dns test-zone-file reads a zone file"),
};
const size_t openarc_rule_count = N_ELEMENTS(openarc_rules);
