#!/usr/bin/env python3
"""run.py --build BUILDDIR [--cache CACHEDIR] [--filter X]: assay and other software read each other.

Messages signed by assay are verified by dkimpy, Mail::DKIM and OpenDKIM, and the other way round; signatures
are altered and must fail everywhere; Authentication-Results about hostile messages are read by
python3-authres.  The same messages go through opendkim, opendmarc and policyd-spf and through assayd with what
`assay import` makes of their files.  A peer that is not installed is skipped, and said so.  CACHEDIR is where tests/mta/fetch
unpacked OpenDKIM's library and the old chain, unless the machine has them.  Ends with "N passed, N failed, N skipped".
"""

import argparse
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import alterations
import arc
import hostile
import matrix
import oldchain
import peers
import shapes
import tally
import tool

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Setup:
    def __init__(self, build, cache, place, all_orders):
        self.place = place
        self.all_orders = all_orders
        self.start = time.time()
        self.keys = tool.Keys(os.path.join(TOP, "keys"), place)
        self.assay = tool.Assay(build, self.keys)
        self.cache = cache
        self.peers, self.missing = peers.find(self.keys.plain, cache)

    def file(self, *parts):
        path = os.path.join(self.place, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def sign_job(self, case, out, options=""):
        """What a peer is told (worker.py) to sign case.path into out."""
        name, _, selector = shapes.ALGORITHMS[case.algorithm]
        return ["sign", case.path, out, case.canon, name, shapes.DOMAIN, selector,
                self.keys.path[case.algorithm], options]


PARTS = (("matrix", matrix.check), ("alterations", alterations.check), ("hostile", hostile.check), ("arc", arc.check),
         ("oldchain", oldchain.check))


def introduce(setup, counts):
    for peer in setup.peers:
        print("peer %s: %s" % (peer.name, peer.version))
        for (what, algorithm), why in sorted(peer.refusals.items()):
            print("  left out, %s %s: %s" % (what, algorithm, why))
    for name, why in setup.missing:
        counts.skip("peer %s: %s" % (name, why))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", required=True, help="the build directory, with assay in it")
    arguments.add_argument("--cache", help="the directory that tests/mta/fetch filled")
    arguments.add_argument("--all-orders", action="store_true", help="ARC chains of one to five hops in all orders of sealers: takes minutes")
    arguments.add_argument("--filter", default="", help="only the parts whose name contains this")
    a = arguments.parse_args()
    counts = tally.Tally()
    with tempfile.TemporaryDirectory(prefix="assay-interop-") as place:
        setup = Setup(os.path.abspath(a.build), a.cache and os.path.abspath(a.cache), place, a.all_orders)
        introduce(setup, counts)
        for name, part in PARTS:
            if a.filter in name:
                start = time.monotonic()
                part(setup, counts)
                print("%s took %.0f s" % (name, time.monotonic() - start), flush=True)
    return counts.end()


if __name__ == "__main__":
    sys.exit(main())
