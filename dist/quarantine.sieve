# Files mail that assay has quarantined (quarantine = header, the default) into Junk.  For Dovecot, as a
# rule for all users:
#
#     sievec /etc/dovecot/sieve/before.d/quarantine.sieve
#     plugin { sieve_before = /etc/dovecot/sieve/before.d }
#
# The field is the one of quarantine-header; assayd removes every copy that arrives from outside.
require ["fileinto", "mailbox"];

if exists "X-Assay-Quarantine" {
	fileinto :create "Junk";
	stop;
}
