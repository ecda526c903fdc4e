# Files mail that assay has quarantined (quarantine = header, the default) into Junk.  With Dovecot and its plugin
# sieve, for all users: copy this file to /etc/dovecot/sieve/before.d, and compile it there:
#
#     sievec /etc/dovecot/sieve/before.d/quarantine.sieve
#
# Then add to /etc/dovecot/local.conf, with Dovecot 2.3:
#
#     plugin {
#       sieve_before = /etc/dovecot/sieve/before.d
#     }
#
# With Dovecot 2.4:
#
#     sieve_script quarantine {
#       type = before
#       path = /etc/dovecot/sieve/before.d/quarantine.sieve
#     }
#
# The field is the one of quarantine-header; assayd removes every copy that arrives from outside.
require ["fileinto", "mailbox"];

if exists "X-Assay-Quarantine" {
	fileinto :create "Junk";
	stop;
}
