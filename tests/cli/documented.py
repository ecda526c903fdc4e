"""What the documents promise: each display is played by a test, each configuration is taken, each command line exists."""
import ast
import glob
import os
import re
import shlex
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "lib"))
import documents  # noqa: E402
from documents import TOP, section  # noqa: E402

# Displays that no test plays, and why
SHOWN_ONLY = {
    ("README", "The tree"): "names of folders, which tests/lint/names.sh looks for",
    ("doc/HACKING", "Working on assay"): "the order of the rooms, which tests/lint/rooms.sh has; the way of a message",
    ("doc/assay.conf.5", "Syntax"): "the grammar, with words in place of names and values",
    ("dist/rpm/assay.spec", ""): "SELinux on Fedora; the file says that it was not tried there",
}


def read(path):
    with open(os.path.join(TOP, path)) as f:
        return f.read()


def given():
    """-> document, heading, number or None: of each call of section() in the tests."""
    for path in glob.glob(os.path.join(TOP, "tests", "*", "*.py")):
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "section":
                values = [getattr(a, "value", None) for a in node.args]
                if len(values) > 1 and isinstance(values[0], str) and isinstance(values[1], str):
                    yield values[0], values[1], values[2] if len(values) > 2 else None


def every_display_is_played(w):
    claims = set(given())
    places = {d.place for document in documents.documents() for d in documents.displays(document)}
    assert len(places) > 80, places
    for place in sorted(places):
        played = place in claims or place[:2] + (None,) in claims
        assert played != (place[:2] in SHOWN_ONLY), "%s, section %r, display %d: %s" % (
            *place, "played, and in the list of those that are not" if played else "no test plays it")
    stale = [c for c in claims if c not in places and (c[2] is not None or c[:2] not in {p[:2] for p in places})]
    stale += [s for s in SHOWN_ONLY if s not in {p[:2] for p in places}]
    assert not stale, "there is nothing like that: %s" % stale


def both_readmes_say_the_same(w):
    """README.Debian repeats README's commands and lines."""
    lines = [line for d in section("dist/debian/README.Debian", "assay for Debian") for line in d.lines]
    said = [line for d in documents.displays("README") if d.place[1].startswith("Set up with") for line in d.commands()]
    assert lines == [line for line in said if not re.match(r"\./bootstrap|apt-get ", line)], (lines, said)


# --- configuration ---------------------------------------------------------------------------------------------

def is_configuration(block):
    """Of assay.conf; what shows its grammar (name = value), and commands, are not."""
    return bool(re.match(r"(authserv-id|listen|enforce|internal-hosts|sign-tables|sign-reinjected|keys|dns|spf|dmarc|policy|sign|"
                         r"reports|metrics)\b[^\n]*[={]", block))


def documented_configuration(w):
    """Every block of configuration in the documents is taken as it is written; so is the shipped file, and each
    setting that it shows with a "#" before it."""
    blocks = [section("doc/assay.conf.5", "DESCRIPTION", 0), section("doc/assay.conf.5", "General options", 0)]
    blocks += [d for document in documents.documents() for d in documents.displays(document)
               if is_configuration("\n".join(d.shown)) and document != "doc/assay.conf.5"]
    assert len(blocks) >= 14, [d.place for d in blocks]
    steps = ""
    for d in blocks:
        text = d.text
        if d.place[0] == "doc/REPORTS":       # one step after the other, in one file
            steps = text = steps + text
        status, _, err = w.run("config", "-c", w.file("documented.conf", text))
        assert status == 0, "%s:\n%s%s" % (d.place, text, err)
    w.ok("config", "-c", w.file("shipped/assay.conf", read("dist/assay.conf")))
    shown = re.findall(r'(?m)^#([a-z][a-z-]*\b(?: +"[^"\n]*")? *[={].*)$', read("dist/assay.conf"))
    assert len(shown) >= 15, shown
    for line in shown:
        status, _, err = w.run("config", "-c", w.file("shown.conf", line + "\n"))
        assert status == 0, "dist/assay.conf: %s: %s" % (line, err)


def settings_of(document):
    """`name = value` and `section { ... }` in running text."""
    text = documents.unescaped(read(document))
    if re.search(r"\.[158]$", document):
        text = re.sub(r"(?m)^\.Ic (.*)", lambda line: ".Ql " + re.sub(" (No|Ic|Cm)(?= )| (No|Ic|Cm)$", "", line[1]), text)
        return re.findall(r"""(?m)^\.Ql ([a-z-]+(?: "[^"]*")? [={].*?)(?: [.,;:)?])*$""", text)
    return re.findall(r"""`([a-z-]+(?: "[^"]*")? [={][^`]*)`""", " ".join(text.split()))


def documented_settings(w):
    """Settings in running text are taken, too: at their place, or in some section that has an option of this name."""
    options = {tuple(line.split()) for line in w.ok("config", "--options").splitlines()}
    path = w.file("list", "joe\n")
    found = 0
    for document in documents.documents():
        for line in settings_of(document):
            line += ' file = "/var/log/assay/assay.log"' if line == "target = file" else ""
            name = line.split()[0]
            only_named = re.fullmatch(r"([a-z-]+) \{ ([a-z-]+) \}", line)
            if only_named:
                tries = [only_named.groups() in options]
            elif name in {s for s, _ in options} | {o for s, o in options if s == "-"}:
                tries = [w.run("config", "-c", w.file("setting.conf", line.replace("PATH", path) + "\n"))[0] == 0]
            else:
                blocks = ["%s%s { %s }\n" % (section_name, title, line.replace("PATH", path))
                          for section_name, o in options if o == name for title in ("", ' "example.com"')]
                tries = [w.run("config", "-c", w.file("setting.conf", block))[0] == 0 for block in blocks]
            assert True in tries or "..." in line, "%s: %s" % (document, line)
            found += 1
    assert found > 30, found


# --- command lines ---------------------------------------------------------------------------------------------

COMMAND = r"(?:assayd|assay-report|assay)(?= )"


def quoted(text, marks='`"'):
    """Command lines between `...` or "..." that begin with one of our programs, in running text."""
    return re.findall('[%s](%s[^`"]*)[%s]' % (marks, COMMAND, marks), " ".join(text.split()))


def with_options(text):
    """Command lines in the midst of a sentence: as far as their options go."""
    return re.findall(r"\bassayd?(?: (?:key|report) [a-z]+| [a-z]+)?(?: --[a-z-]+)+|\bassay (?:key|report) [a-z]+", " ".join(text.split()))


def in_manual(text):
    return re.findall(r"(?m)^\.(?:Ql|Ic|Dl) (%s.*?)(?: [.,;:)])*$" % COMMAND, documents.unescaped(text))


def in_file(text):
    """In the comments of a unit or another file that is shipped, and in the lines of a unit that start something."""
    started = re.findall(r"(?m)^#?Exec\w+=\S*/(%s.*)$" % COMMAND, text.replace("@configuration@", ""))
    return started + quoted("\n".join(re.findall(r"(?m)^# ?(.*)$", text))) + quoted(text, "`")


def in_displays(document):
    for d in documents.displays(document):
        if d.place[:2] not in SHOWN_ONLY:
            text = re.sub(r" *\\\n *", " ", "\n".join(d.shown))
            yield from re.findall(r"(?m)(?:^|-- |/bin/|&& )(%s.*?)(?:  .*| [;&].*)?$" % COMMAND, text)
            yield from quoted(text)


def literals(path):
    """The text of each string literal of a C file, neighbours joined, a conversion as a word."""
    for group in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', read(path)):
        text = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', group))
        yield re.sub(r"%[-+ 0-9.*]*(?:l|ll|z)?[a-z]", "WORD", text.replace('\\"', '"').replace("\\n", "\n"))


def command_lines():
    """-> where, command line, whether it is a whole one; of every one that is written anywhere."""
    for document in documents.documents():
        text = read(document)
        manual = re.search(r"\.[158]$", document)
        is_text = re.match("README|doc/|dist/debian/README", document)
        found = in_manual(text) if manual else quoted(text) if is_text else in_file(text)
        for line in found + list(in_displays(document)):
            yield document, line, True
        for line in with_options(text) if manual or is_text else ():
            yield document, line, False
    for path in glob.glob(os.path.join(TOP, "src", "*", "*.c")):
        for text in literals(path):
            yield from ((os.path.relpath(path, TOP), line, True) for line in quoted(text))
            yield from ((os.path.relpath(path, TOP), line, False) for line in with_options(text))


# of other programs; each stands in a test, a display or a rule of make as it is written in running text
OTHERS = r"(?:make|postfix|postconf|systemctl|rsync|chown|chmod|journalctl|apt-get|runuser)(?= )"
NOT_RUN = {"systemctl edit assayd-postfix.socket": "it opens an editor",
           "rsync -a --exclude=.*.new --delay-updates --delete-delay": "tests/mta/checks_keys.py takes it from the page"}


def other_commands_are_run(w):
    shown = [d for document in documents.documents() for d in documents.displays(document)]
    known = [text for d in shown for text in d.shown + d.afterwards]
    known += [read(path) for path in glob.glob(os.path.join(TOP, "tests", "*", "*.py"))]
    known += ["make " + target for target in re.findall(r"(?m)^([a-z]+):", read("Makefile.am"))]
    known = "\n".join(known)
    phrases = set()
    for document in documents.documents():
        text = documents.unescaped(read(document))
        if re.search(r"\.[158]$", document):
            phrases |= set(re.findall(r"(?m)^\.(?:Ql|Pq) (%s.*?)(?: [.,;:)])*$" % OTHERS, text))
        else:
            text = "\n".join(re.findall(r"(?m)^# ?(.*)$", text)) if document.startswith("dist/") else text
            phrases |= set(re.findall('[`"](%s[^`"]*)[`"]' % OTHERS, " ".join(text.split())))
    assert len(phrases) > 15, phrases
    missing = [p for p in phrases if p not in known and p not in NOT_RUN]
    assert not missing, "no test runs %s" % missing


class Programs:
    """What the programs say of their own commands."""

    def __init__(self, world):
        self.world = world
        self.texts = {}

    def ask(self, program, *words):
        return self.world.run(*words, "--help", program=getattr(self.world, program), leaks=False)

    def help(self, program, words):
        """The text of --help of the command that these words name, or None."""
        words = words[:0 if program == "assayd" else 2 if words[0] in ("key", "report") else 1]
        key = (program, *words)
        if key not in self.texts:
            status, out, _ = self.ask(*key)
            self.texts[key] = out if status == 0 else None
        return self.texts[key]

    def wrong(self, line, whole):
        """What is wrong with a command line, or None."""
        program, *words = shlex.split(line)
        text = self.help(program, words)
        if text is None:
            return "there is no such command"
        for word in words:
            if word.startswith("-") and not re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(word), text):
                return "%s is not in its --help" % word
        if len(words) > 1 and re.fullmatch("[a-z]+", words[1]) and not re.search(r"\b%s\b" % words[1], text):
            return "%s is not one of its words" % words[1]
        status, _, err = self.ask(program, *words) if whole else (0, "", "")
        return err.strip() if status != 0 else None


def every_command_line_exists(w):
    """In documents, comments of the shipped files, and messages of the programs: the command is there, and takes these
    options."""
    programs = Programs(w)
    lines = sorted(set(command_lines()))
    places = {place for place, _, _ in lines}
    assert len(lines) > 120 and places > {"README", "doc/assay.1", "dist/assay.conf", "src/cli/published.c"}, places
    found = {(line, whole): programs.wrong(line, whole) for line, whole in {row[1:] for row in lines}}
    wrong = ["%s: %s: %s" % (place, line, found[line, whole]) for place, line, whole in lines if found[line, whole]]
    assert not wrong, "\n".join(wrong)


def manual_and_help_agree(w):
    """On the options of each command: those that its paragraph names, and those that are described for several."""
    programs = Programs(w)
    page = read("doc/assay.1")

    def options_in(text):
        return {"-" + o for o in re.findall(r"\bFl (-?[a-z-]+)", text)}

    shared = options_in(page.split("Options shared by several commands")[1].split(".Ss ")[0]) | {"-c", "-h"}
    shared |= options_in(re.search(r"(?s)take one of these:.*?\.It Cm", page).group())
    found = {}
    for part in page.split("\n.It Cm ")[1:]:
        line, text = part.split("\n", 1)
        at_once, named = found.setdefault(re.match(r"[a-z]+(?: [a-z]+)?", line).group(), (set(), set()))
        at_once |= options_in(line)
        named |= options_in(part)
    assert len(found) > 20, found
    for command, (at_once, named) in found.items():
        text = programs.help("assay", command.split())
        listed = set(re.findall(r"(?m)^  (?:-[a-z], )?(--[a-z-]+)", text))
        short = set(re.findall(r"(?m)^  (-[a-z]), ", text))
        assert at_once <= listed | short, "assay(1) on %s has %s" % (command, at_once - listed - short)
        long_of_short = {"--config", "--output", "--help"}
        assert listed - long_of_short <= named | shared, "assay(1) on %s lacks %s" % (command, listed - named - shared)


def manual_has_the_defaults(w):
    """assay.conf(5) gives each option the default that it has."""
    own, section_name, documented = {}, "-", {}
    for line in w.ok("config", "-c", w.file("empty.conf", "")).splitlines():
        found = re.match(r"\t?([a-z-]+) (?:(\{)$|= (.*?) +#)", line)
        if found and found[2]:
            section_name = found[1]
        elif found:
            own[section_name, found[1]] = found[3].replace('"', "")
    section_name, option = "-", None
    for line in documents.unescaped(read("doc/assay.conf.5")).splitlines():
        heading = re.match(r"\.Ss (?:Section )?(\S+)", line)
        name = re.match(r"\.It Ic (\S+) No =", line)
        if heading:
            section_name, option = heading[1] if "Section" in line else "-", None
        elif name:
            option = (section_name, name[1])
        elif option and re.match(r"\.Ql ", line) and before.lower() == "the default is":
            documented[option] = re.sub(r" [.,:;]$", "", line[4:]).replace('"', "")
        before = line
    assert len(own) > 120 and len(documented) > 90, (len(own), len(documented))
    wrong = [(o, d, own[o]) for o, d in documented.items() if o in own and own[o] != d]
    assert not wrong, wrong


def manual_has_the_names_in_outputs(w):
    """The names of JSON objects, and of the parts of a log line, are those that the sources write."""
    verdict, *others = ({n for n in re.findall('"([a-z_]+)"(?=[:,}])', d.text)} for d in section("doc/assay.1", "JSON"))
    written = set(re.findall(r'\b(?:put|set)[a-z_]*\([&a-z>-]+, "([a-z_]+)"', read("src/verdict/json.c")))
    assert len(written) > 30 and written <= verdict, written - verdict
    tool = "".join(read(path) for path in glob.glob(os.path.join(TOP, "src", "cli", "*.c")))
    for names, source in [(verdict, read("src/verdict/json.c"))] + [(names, tool) for names in others]:
        missing = [n for n in names if '"%s"' % n not in source]
        assert not missing, "nothing writes %s" % missing
    parts = set(re.findall(r"(?:^| )([a-z]+)=", section("doc/assayd.8", "LOG", 0).text))
    source = read("src/verdict/logline.c")
    missing = [p for p in parts if not re.search(r'[" ]%s=|"%s"' % (p, p), source)]
    assert len(parts) > 15 and not missing, missing


def manual_has_the_messages(w):
    """The parts of each message in DIAGNOSTICS, between what stands for names and numbers, are in the sources."""
    printed = "\n".join(text for path in glob.glob(os.path.join(TOP, "src", "*", "*.c")) for text in literals(path))
    for page in ("doc/assay.1", "doc/assayd.8"):
        messages = re.findall(r"(?m)^\.It (.*)$", read(page).split(".Sh DIAGNOSTICS")[1].split(".Sh ")[0])
        assert messages, page
        for message in messages:
            parts = [part.strip() for part in re.split(r"\b[A-Z]+\b|[(),:]", message)]
            missing = [part for part in parts if part not in printed]
            assert not missing, "%s: %s: no message has %s" % (page, message, missing)


def manual_names_what_needs_a_restart(w):
    rows = re.split(r"(?m)^\t\{ \{ ", read("src/config/table.c"))[1:]
    own = {re.match('"([a-z-]*)", "([a-z-]+)"', row).groups() for row in rows if ".restart = true" in row}
    said = re.search(r"at a restart only:\n(.*?)\.\nThe log names", read("doc/assayd.8"), re.S)[1]
    documented = set()
    for part in " ".join(said.split()).split("; "):
        section_name, names = re.fullmatch("(?:of section ([a-z]+): )?(.*)", part).groups()
        documented |= {(section_name or "", name) for name in names.split(", ")}
    assert own == documented and len(own) > 10, own ^ documented


CHECKS = [every_display_is_played, both_readmes_say_the_same, documented_configuration, documented_settings,
          other_commands_are_run, every_command_line_exists, manual_and_help_agree,
          manual_has_the_defaults, manual_names_what_needs_a_restart,
          manual_has_the_names_in_outputs, manual_has_the_messages]
