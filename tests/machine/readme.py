"""The blocks of README and its like, as they are written: what a reader would type, and into which file.

A block is a run of lines indented by four.  One that "In /some/file..." comes before belongs at the end of that
file, or "in place of `a line`" or of "the lines of these names" (the parameters in it); commands named after it
("then `postfix reload`") are run afterwards.  Any other block is commands.
"""

import os
import re


class Block:
    def __init__(self, intro, lines):
        self.lines = lines
        found = re.search(r"(?:^|\s)[Ii]n (/[^\s,:(]+)[^.]*:$", re.sub("`[^`]*`", "", intro))
        self.path = found.group(1) if found else None
        self.afterwards = re.findall(r"then `([^`]+)`", intro) if found else []
        found = re.search(r"in place of `([^`]+)`", intro)
        self.replaced = found.group(1) if found else None
        self.by_name = "in place of the lines of these names" in intro

    text = property(lambda self: "\n".join(self.lines) + "\n")

    def write(self):
        """Makes the edit."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        old = ""
        if os.path.exists(self.path):
            with open(self.path) as f:
                old = f.read()
        if self.by_name:
            names = "|".join(re.escape(line.split()[0]) for line in self.lines)
            if not re.search(r"(?m)^(%s) *=" % names, old):
                raise ValueError("%s has no line of %s" % (self.path, names))
            new = re.sub(r"(?m)^(%s) *=.*\n" % names, "", old) + self.text
        elif self.replaced is None:
            new = old + "\n" + self.text
        elif re.search(r"(?m)^[ \t]*%s$" % re.escape(self.replaced), old):
            new = old.replace(self.replaced + "\n", self.text)
        else:
            raise ValueError("%s has no line %r" % (self.path, self.replaced))
        with open(self.path, "w") as f:
            f.write(new)

    def commands(self):
        """Each command of the block; one that ends in a backslash goes on in the next line."""
        return self.text.replace("\\\n", " ").splitlines()


def blocks(text, heading):
    """The blocks of the section with that heading, in order."""
    section = re.search(r"(?m)^%s\n-+\n(.*?)(?=^[^\n]+\n---|\Z)" % re.escape(heading), text, re.S)
    if not section:
        raise ValueError("there is no section %r" % heading)
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


def displays(text, heading):
    """The literal displays of a manual page's section, and its display lines, in order."""
    section = re.search(r"(?ms)^\.S[hs] %s\n(.*?)(?=^\.S[hs] |\Z)" % re.escape(heading), text)
    if not section:
        raise ValueError("there is no section %r" % heading)
    found = re.findall(r"(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed|^\.Dl ([^\n]*\n)", section.group(1))
    return [(block or line).replace("\\&", "").replace("\\e", "\\").replace('\\(dq', '"') for block, line in found]
