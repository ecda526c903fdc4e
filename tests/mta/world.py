"""The domains, keys and clients that the demonstration and the integration tests share.

House.example is ours; the others write to it.  Every client has a logical name ("shop", "stranger" ...); its
address depends on the MTA: Postfix takes any by XCLIENT, for Sendmail it must be one of 127.0.0.0/8.
"""

import base64
import os

import host
import smtp

OURS = "house.example"
HOSTNAME = "mx.house.example"            # the MTA's name and our authserv-id

# last octet of each client's address
CLIENTS = {"shop": 10, "gazette": 11, "bank": 12, "lax": 13, "careful": 14, "strict": 15, "list": 16,
           "slow": 17, "club": 18, "stranger": 66, "office": 200, "relay": 201, "forwarder": 202}


class World:
    def __init__(self, directory, prefix="192.0.2.", owner=None):
        """directory: keys and the zone file go there; owner: the account that assayd runs as."""
        self.directory = host.owned_dir(directory)
        self.prefix = prefix
        self.owner = owner
        self.keys = host.owned_dir(os.path.join(directory, "keys"), owner, 0o755)
        self.remote_key = os.path.join(directory, "remote.pem")
        self.zone_file = os.path.join(directory, "zone")
        self.extra_zone = ""
        self.our_records = None          # what `assay key new` printed; None: made from the key directory
        make_key(self.remote_key, "rsa")

    def address(self, client):
        return self.prefix + str(CLIENTS[client])

    # -- our keys ------------------------------------------------------------------------------

    def add_key(self, domain, selector, kind):
        """A signing key in the key directory, made with openssl, as the administrator's own might be."""
        directory = host.owned_dir(os.path.join(self.keys, domain), self.owner, 0o755)
        path = os.path.join(directory, selector + ".pem")
        make_key(path, kind, self.owner)
        return path

    def active_keys(self, domain):
        """{(domain, selector): path} of the keys that sign for it."""
        directory = os.path.join(self.keys, domain)
        return {(domain, name[:-4]): os.path.join(directory, name)
                for name in sorted(os.listdir(directory)) if name.count(".") == 1}

    def key_records(self):
        if self.our_records is not None:
            return self.our_records
        return ["%s._domainkey.%s TXT %s" % (selector, domain, key_record(path))
                for d in sorted(os.listdir(self.keys)) for (domain, selector), path in self.active_keys(d).items()]

    # -- the zone ------------------------------------------------------------------------------

    def zone(self):
        a = self.address
        remote = key_record(self.remote_key)
        lines = ["# made by the tests", ""] + self.key_records() + [
            "%s TXT v=spf1 ip4:192.0.2.1 -all" % OURS,
            "_dmarc.%s TXT v=DMARC1; p=reject" % OURS,
            "mx.%s A 192.0.2.1" % OURS,

            "# shop: everything right",
            "shop.example TXT v=spf1 ip4:%s -all" % a("shop"),
            "s1._domainkey.shop.example TXT " + remote,
            "_dmarc.shop.example TXT v=DMARC1; p=reject",

            "# gazette: SPF and DKIM, but something changes its mail on the way",
            "gazette.example TXT v=spf1 ip4:%s -all" % a("gazette"),
            "s1._domainkey.gazette.example TXT " + remote,
            "_dmarc.gazette.example TXT v=DMARC1; p=quarantine",

            "# bank: one policy for the domain, its subdomains, and those that do not exist",
            "bank.example TXT v=spf1 ip4:%s -all" % a("bank"),
            "s1._domainkey.bank.example TXT " + remote,
            "_dmarc.bank.example TXT v=DMARC1; p=reject; sp=quarantine; np=reject",
            "mail.bank.example A 198.51.100.12",

            "# lax, careful, strict: p=none, p=quarantine, p=reject",
            "lax.example TXT v=spf1 ip4:%s -all" % a("lax"),
            "_dmarc.lax.example TXT v=DMARC1; p=none",
            "careful.example TXT v=spf1 ip4:%s -all" % a("careful"),
            "_dmarc.careful.example TXT v=DMARC1; p=quarantine",
            "strict.example TXT v=spf1 ip4:%s -all" % a("strict"),
            "s1._domainkey.strict.example TXT " + remote,
            "_dmarc.strict.example TXT v=DMARC1; p=reject",

            "# list: a mailing list, which passes on mail of others as itself",
            "list.example TXT v=spf1 ip4:%s -all" % a("list"),
            "s1._domainkey.list.example TXT " + remote,
            "_dmarc.list.example TXT v=DMARC1; p=none",

            "# club: wants reports",
            "club.example TXT v=spf1 ip4:%s -all" % a("club"),
            "s1._domainkey.club.example TXT " + remote,
            "_dmarc.club.example TXT v=DMARC1; p=reject; rua=mailto:dmarc-reports@club.example; "
            "ruf=mailto:failures@club.example",

            "# slow: the policy cannot be fetched",
            "slow.example TXT v=spf1 ip4:%s -all" % a("slow"),
            "_dmarc.slow.example TXT !TIMEOUT",

            "# torn: the policy is known, the signer's key is not",
            "torn.example TXT v=spf1 -all",
            "s1._domainkey.torn.example TXT !TIMEOUT",
            "_dmarc.torn.example TXT v=DMARC1; p=reject",

            "# lagging: answers, but takes its time (from a name server; the file itself answers at once)",
            "lagging.example TXT !SLOW=400",
            "lagging.example TXT v=spf1 -all",
            self.extra_zone, ""]
        return "\n".join(lines)

    def write_zone(self):
        return host.write(self.zone_file, self.zone())


def make_key(path, kind, owner=None):
    arguments = (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa"
                 else ["-algorithm", "ED25519"])
    host.run(["openssl", "genpkey"] + arguments + ["-out", path])
    host.give(path, owner, 0o600)


def public_der(path):
    pem = host.run(["openssl", "pkey", "-in", path, "-pubout"], errors=False)
    return base64.b64decode("".join(pem.split("-----")[2].split()))


def key_record(path):
    """The TXT record's text: RSA as SubjectPublicKeyInfo, Ed25519 as the bare 32 octets (RFC 8463)."""
    der = public_der(path)
    if len(der) == 44:
        return "v=DKIM1; k=ed25519; p=" + base64.b64encode(der[-32:]).decode()
    return "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()


def letter(author, number, to="anna@" + OURS, subject="a letter", fields="", body=None):
    """A message; `number` makes its Message-ID, by which the sink finds it.  fields: more lines."""
    domain = author.rpartition("@")[2].rstrip(">")
    text = ("%sFrom: %s\nTo: %s\nSubject: %s\nDate: Sun, 22 Nov 2026 09:00:00 +0000\n"
            "Message-ID: <%s@%s>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n%s"
            % (fields, author, to, subject, number, domain,
               body or "Dear Anna,\n\nthis is letter %s.\n.\nYours, %s\n" % (number, author)))
    return smtp.crlf(text)


def message_id(message):
    return next(v for n, v in smtp.header_fields(message) if n.lower() == "message-id")
