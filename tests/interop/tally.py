"""What passed, failed, was skipped or is explained."""

import collections


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.explained = collections.Counter()

    def ok(self, count=1):
        self.passed += count

    def fail(self, text):
        self.failed += 1
        print("FAILED %s" % text, flush=True)

    def check(self, good, text):
        if good:
            self.ok()
        else:
            self.fail(text)

    def skip(self, text):
        self.skipped += 1
        print("skipped %s" % text, flush=True)

    def explain(self, why):
        """A difference whose reason is known: it is counted by itself, neither passed nor failed."""
        self.explained[why] += 1

    def end(self):
        for why, count in sorted(self.explained.items()):
            print("explained %d: %s" % (count, why))
        print("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        return 1 if self.failed or not self.passed else 0
