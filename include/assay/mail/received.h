/*
 * received.h - the client that a relay of our own wrote into its Received field (RFC 5321 section 4.4).
 *
 *     Received: from HELO (NAME [192.0.2.7]) by relay.example ...
 *
 * Only a field written by a trusted relay may be asked.  HELO is the client's word: whatever it
 * looks like, it ends at the first white space, and the address is the last one in brackets of the
 * comment after it, which the relay wrote.
 */
#ifndef ASSAY_MAIL_RECEIVED_H
#define ASSAY_MAIL_RECEIVED_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/slice.h"

/* false: the field does not contain a client in that form. helo_out points into value. */
bool received_client(struct slice value, struct ip *client_out, struct slice *helo_out);

/*
 * Did Sendmail's submission program (submit.cf) of this host write the field?  our_name is the MTA's
 * ({j}).
 *
 *     Received: (from joe@localhost) by mx.example.com (8.17.1/8.17.1/Submit) id 4AQA7Xkq012345; ...
 *
 * Whoever hands a message to an MTA can write that, so it counts only where it is the one field of a
 * message from this host: what came from outside has another on top, the MTA's own.
 */
bool received_by_submission_program(struct slice value, struct slice our_name);

#endif
