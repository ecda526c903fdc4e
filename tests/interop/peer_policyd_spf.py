"""policyd-spf as a peer: the package's own program, which asks a name server of the tests.

    peer_policyd_spf.py PORT CONFIGURATION
"""

import sys

import dns.resolver

resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = ["127.0.0.1"]
resolver.port = int(sys.argv[1])
dns.resolver.default_resolver = resolver
del sys.argv[1]

from spf_engine.policyd_spf import main  # noqa: E402: it must find the resolver above

main()
