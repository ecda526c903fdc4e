"""The blocks of README, as they are written: what a reader would type, and where he would write it.

A block is a run of lines indented by four.  One that "In /some/file..." comes before belongs at the end of that
file; commands named after it ("then `postfix reload`") are run afterwards.  Any other block is commands.
"""

import re


class Block:
    def __init__(self, intro, lines):
        self.lines = lines
        found = re.search(r"(?:^|\s)[Ii]n (/[^\s,:(]+)[^.]*:$", intro)
        self.path = found.group(1) if found else None
        self.afterwards = re.findall(r"then `([^`]+)`", intro) if found else []

    text = property(lambda self: "\n".join(self.lines) + "\n")


def blocks(text, heading):
    """The blocks of the section with that heading, in order."""
    section = re.search(r"(?m)^%s\n-+\n(.*?)(?=^[^\n]+\n---|\Z)" % re.escape(heading), text, re.S)
    if not section:
        raise ValueError("README has no section %r" % heading)
    found, intro, lines = [], "", []
    for line in section.group(1).splitlines() + [""]:
        if line.startswith("    "):
            lines.append(line[4:])
        elif lines:
            found.append(Block(" ".join(intro.split()), lines))
            intro, lines = line + "\n", []
        else:
            intro = intro + line + "\n" if line else ("" if intro.endswith("\n\n") else intro)
    return found
