"""What the documents show to a reader: commands to type, lines to write into a file, samples of an output.

In a text such a display is a run of lines indented by four after an empty line or a heading; in a manual page it
stands between .Bd -literal and .Ed, or in a line .Dl; in the other files of dist/ it is what a comment indents by
three blanks or more.  A test gets the displays of a section by section(), as they are written, and must use each:
unused() names those that it did not.  tests/cli/documents.py requires that every display of every document is given
to a test by such a call.

A display that "In /some/file..." comes before belongs at the end of that file, or "in place of `a line`" or of "the
lines of these names" (the parameters in it); commands named after it ("then `postfix reload`") are run afterwards.
"""

import glob
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GIVEN = set()       # displays that section() gave to the tests of this process,
USED = set()        # and those that they have used: document, heading, number in the section


class Display:
    def __init__(self, place, intro, lines):
        self.place = place
        self.shown = lines
        found = re.search(r"(?:^|\s)[Ii]n (/[^\s,:(]+)[^.]*:$", re.sub("`[^`]*`", "", intro))
        self.path = found.group(1) if found else None
        self.afterwards = re.findall(r"then `([^`]+)`", intro) if found else []
        found = re.search(r"in place of `([^`]+)`", intro)
        self.replaced = found.group(1) if found else None
        self.by_name = "in place of the lines of these names" in intro

    @property
    def lines(self):
        USED.add(self.place)
        return self.shown

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
        """Each command; one that ends in a backslash goes on in the next line, and several blanks lead to its
        explanation, which may go on in lines that begin with blanks."""
        joined = re.sub(r" *\\\n *", " ", self.text).splitlines()
        return [re.split("  +", line)[0] for line in joined if not line.startswith(" ")]


def texts(text):
    """-> heading, what comes before, lines; of each display of a text."""
    heading, intro, lines, before = "", "", [], ""
    for line in text.splitlines() + [""]:
        underline = before and re.fullmatch("-{3,}|={3,}", line)
        if underline:
            heading, intro = before, ""
        elif line.startswith("    ") and (lines or not before):
            lines.append(line[4:])
        elif lines:
            yield heading, intro, lines
            intro, lines = line + "\n", []
        else:
            intro += line + "\n"
        before = "" if underline else line


def unescaped(roff):
    return roff.replace("\\&", "").replace("\\(dq", '"').replace("\\e", "\\")


def manuals(text):
    """The same of a manual page.  A quotation mark around a word of .Dl is roff's, and not shown."""
    heading = ""
    for found in re.finditer(r"(?ms)^\.S[hs] ([^\n]*)|^\.Bd -literal[^\n]*\n(.*?)^\.Ed|^\.Dl ([^\n]*)", text):
        name, block, line = found.groups()
        if name:
            heading = name
        elif line:
            yield heading, "", [unescaped(re.sub(r'(^| )"([^"]*)"(?= |$)', r"\1\2", line))]
        else:
            yield heading, "", unescaped(block).splitlines()


def comments(text):
    """The same of a file with comments, which has no headings."""
    lines = []
    for line in text.splitlines() + [""]:
        if re.match("# {3,}", line):
            lines.append(line[1:])
        elif lines:
            blanks = len(lines[0]) - len(lines[0].lstrip())
            yield "", "", [line[blanks:] for line in lines]
            lines = []


def documents():
    found = [os.path.relpath(path, TOP) for folder in ("doc", "dist")
             for path in glob.glob(os.path.join(TOP, folder, "**"), recursive=True) if os.path.isfile(path)]
    return ["README"] + sorted(found)


def displays(document):
    with open(os.path.join(TOP, document)) as f:
        text = f.read()
    reader = manuals if re.search(r"\.[158]$", document) else \
        texts if re.match("README|doc/|dist/debian/README", document) else comments
    found = []
    for heading, intro, lines in reader(text):
        number = sum(d.place[1] == heading for d in found)
        found.append(Display((document, heading, number), " ".join(intro.split()), lines))
    return found


def section(document, heading, number=None):
    """The displays of the section with that heading, in order, or the one with that number (the first is 0)."""
    found = [d for d in displays(document) if d.place[1] == heading and number in (None, d.place[2])]
    if not found:
        raise ValueError("%s: there is no display in section %r" % (document, heading))
    GIVEN.update(d.place for d in found)
    return found if number is None else found[0]


def unused():
    return ["%s, %s: display %d" % place for place in sorted(GIVEN - USED)]
