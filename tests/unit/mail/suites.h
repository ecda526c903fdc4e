/* suites.h - one suite a module of the mail room. */
#ifndef ASSAY_TEST_MAIL_SUITES_H
#define ASSAY_TEST_MAIL_SUITES_H

#include "unit.h"

Suite *address_suite(void);
Suite *authres_suite(void);
Suite *canon_suite(void);
Suite *domain_suite(void);
Suite *encoded_word_suite(void);
Suite *fieldwriter_suite(void);
Suite *message_suite(void);
Suite *reader_suite(void);
Suite *received_suite(void);
Suite *taglist_suite(void);
Suite *tokens_suite(void);

#endif
