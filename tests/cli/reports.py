"""`assay report show` and `build`: stores that a test program fills, read by Python's own gzip, XML and mail parsers."""
import email
import email.policy
import glob
import gzip
import json
import os
import shutil
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET

from sending import PostgreSQL, Skip

CHECKS = []
NS = "{urn:ietf:params:xml:ns:dmarc-2.0}"
YESTERDAY = int(time.time()) // 86400 - 1

LINES = [
    "%d 12 reject fail fail 192.0.2.66 example.com example.com v=DMARC1; p=reject; rua=mailto:d@example.com",
    "%d 3 pass pass pass 2001:db8::1 a.example.com example.com v=DMARC1; p=reject; rua=mailto:d@example.com",
    "%d 2 none fail pass 192.0.2.7 example.com example.com v=DMARC1; p=none; rua=mailto:d@example.com",
    "%d 1 none fail pass 192.0.2.7 example.net example.net v=DMARC1; p=none; rua=mailto:0,"
    "mailto:x@reports.example,mailto:y@slow.example!10m,https://reports.example/,mailto:z@silent.example",
]
ZONE = """example.net._report._dmarc.reports.example TXT "v=DMARC1"
example.net._report._dmarc.slow.example TXT !TIMEOUT
"""


def check(function):
    CHECKS.append(function)
    return function


def day_text(day):
    return time.strftime("%Y-%m-%d", time.gmtime(day * 86400))


def site(w, name, lines, more=""):
    """A configuration whose store has these rows; None: this build has no reports."""
    fill = os.path.join(w.build, "tests/lib/fillstore")
    if not os.path.exists(os.path.join(w.build, "assay-report")):
        print("skipped: built without reports")
        return None
    directory = os.path.join(w.dir, name)
    os.makedirs(directory, exist_ok=True)
    store = "sqlite:" + os.path.join(directory, "reports.sqlite")
    subprocess.run([fill, store], input="".join(l + "\n" for l in lines), text=True, check=True, timeout=60)
    w.file(name + "/zone", ZONE)
    return w.file(name + "/assay.conf", 'reports { store = "%s"\nfrom = "dmarc@mx.receiver.example"\n%s }\n' % (store, more))


@check
def report_show(w):
    conf = site(w, "show", [l % YESTERDAY for l in LINES])
    if conf is None:
        return
    out = w.ok("report", "show", "-c", conf)
    assert "17         5         3  example.com" in out and "18 messages of %s" % day_text(YESTERDAY) in out, out
    out = w.ok("report", "show", "example.com", "-c", conf)
    assert "192.0.2.66" in out and "p=none" in out and "p=reject" in out and "example.net" not in out, out
    day = json.loads(w.ok("report", "show", "--json", "-c", conf, "--day", day_text(YESTERDAY)))
    assert [(d["domain"], d["messages"]) for d in day["domains"]] == [("example.com", 17), ("example.net", 1)], day
    rows = json.loads(w.ok("report", "show", "example.com", "--json", "-c", conf))["rows"]
    assert sorted(r["count"] for r in rows) == [2, 3, 12], rows
    status, _, err = w.run("report", "show", "-c", conf, "--day", "2020-01-01")
    assert status == 1 and "no mail is stored of 2020-01-01; there is 1 day," in err, err
    status, _, err = w.run("report", "show", "example.org", "-c", conf)
    assert status == 1 and "no mail of example.org is stored" in err, err


@check
def report_build(w):
    conf = site(w, "build", [l % YESTERDAY for l in LINES])
    if conf is None:
        return
    to = os.path.join(w.dir, "build", "out")
    arguments = ("report", "build", "--to", to, "--zone", os.path.join(w.dir, "build", "zone"), "-c", conf)
    listed = json.loads(w.ok(*arguments, "--json"))
    assert len(listed) == 3, listed
    others = {d["uri"]: d["consent"] for d in [r for r in listed if r["domain"] == "example.net"][0]["destinations"]}
    assert others == {"mailto:x@reports.example": "send", "mailto:y@slow.example": "later",
                      "https://reports.example/": "never", "mailto:z@silent.example": "never"}, others
    total = 0
    for report in listed:
        path = os.path.join(to, report["file"])
        with open(path, "rb") as f:
            packed = f.read()
        root = ET.fromstring(gzip.decompress(packed))
        counts = [int(c.text) for c in root.iter(NS + "count")]
        total += sum(counts)
        assert sum(counts) == report["messages"] and len(counts) == report["records"]
        assert root.find(NS + "report_metadata/" + NS + "report_id").text == report["report_id"]
        assert root.find(NS + "policy_published/" + NS + "domain").text == report["domain"]
        assert report["file"] == "mx.receiver.example!%s!%d!%d!%s.xml.gz" % (
            report["domain"], YESTERDAY * 86400, YESTERDAY * 86400 + 86399, report["report_id"])
        with open(path + ".eml", "rb") as f:
            mail = email.message_from_bytes(f.read(), policy=email.policy.SMTP)
        subject = " ".join(mail["Subject"].split())  # it is folded
        assert not mail.defects and subject == "Report Domain: %s Submitter: mx.receiver.example Report-ID: <%s>" % (
            report["domain"], report["report_id"]), subject
        attachment = list(mail.iter_attachments())[0]
        assert attachment.get_content_type() == "application/gzip" and attachment.get_filename() == report["file"]
        assert attachment.get_content() == packed
    assert total == 18
    assert sorted(os.listdir(to)) == sorted(r["file"] + end for r in listed for end in ("", ".eml"))
    # the same day again: the same files, octet by octet
    before = {p: open(p, "rb").read() for p in glob.glob(to + "/*")}
    out = w.ok(*arguments)
    assert "3 reports on 18 messages" in out and "nothing was sent" in out, out
    assert before == {p: open(p, "rb").read() for p in glob.glob(to + "/*")}
    out = w.ok(*arguments, "example.net")
    assert "1 report on 1 message of " in out, out
    shutil.rmtree(to)


@check
def report_legacy_format(w):
    conf = site(w, "legacy", [l % YESTERDAY for l in LINES], 'legacy = yes\norganization = "Receiver & Co"\n'
                'contact = "postmaster@receiver.example"\ncontact-info = "https://receiver.example/dmarc"')
    if conf is None:
        return
    to = os.path.join(w.dir, "legacy", "out")
    w.ok("report", "build", "example.com", "--to", to, "-c", conf, "--zone", os.path.join(w.dir, "legacy", "zone"))
    for path in glob.glob(to + "/*.gz"):
        root = ET.fromstring(gzip.decompress(open(path, "rb").read()))
        assert root.tag == "feedback" and root.find("policy_published/pct").text == "100"
        assert root.find("report_metadata/org_name").text == "Receiver & Co"
        assert root.find("report_metadata/email").text == "postmaster@receiver.example"
        assert root.find("report_metadata/extra_contact_info").text == "https://receiver.example/dmarc"


def totals(text):
    """Domain and messages of each line that a reader printed."""
    return sorted((line.split()[0], sum(map(int, line.split()[1:]))) for line in text.splitlines())


@check
def report_read_by_others(w):
    """Programs that administrators have: Mail::DMARC, whose versions before 1.20260621 know RFC 7489 only, and dmarc-cat."""
    want = [("example.com", 2), ("example.com", 15), ("example.net", 1)]
    for legacy in ("no", "yes"):
        conf = site(w, "others-" + legacy, [l % YESTERDAY for l in LINES], "legacy = %s" % legacy)
        if conf is None:
            return
        to = os.path.join(w.dir, "others-" + legacy, "out")
        w.ok("report", "build", "--to", to, "-c", conf, "--zone", os.path.join(w.dir, "others-" + legacy, "zone"))
        files = glob.glob(to + "/*.gz")
        for path in files:
            with open(path[:-3], "wb") as f:
                f.write(gzip.decompress(open(path, "rb").read()))
        version = subprocess.run(["perl", "-MMail::DMARC", "-e", "print $Mail::DMARC::VERSION"], capture_output=True, text=True)
        if version.returncode != 0:
            print("skipped: Mail::DMARC is not installed (libmail-dmarc-perl)")
        elif legacy == "no" and float(version.stdout) < 1.20260621:
            print("skipped: Mail::DMARC %s does not know RFC 9990" % version.stdout)
        else:
            read = subprocess.run(["perl", os.path.join(os.path.dirname(os.path.abspath(__file__)), "read_mail_dmarc.pl"),
                                   *[p[:-3] for p in files]], capture_output=True, text=True, timeout=60)
            assert read.returncode == 0 and totals(read.stdout) == want, read.stdout + read.stderr
        if shutil.which("dmarc-cat") is None:
            print("skipped: dmarc-cat is not installed")
            continue
        # it asks the DNS for names unless told otherwise
        shown = [subprocess.run(["dmarc-cat", "-N", p], capture_output=True, text=True, timeout=60).stdout for p in files]
        read = sorted((next(l.split()[1] for l in s.splitlines() if l.startswith("Domain:")),
                       sum(int(l.split()[1]) for l in s.split("RSPF")[1].splitlines() if len(l.split()) > 4)) for s in shown)
        assert read == want, shown


@check
def report_read_by_dmarcts(w):
    """dmarcts-report-parser, which keeps what it reads in a database: a PostgreSQL of this test's own."""
    program = shutil.which("dmarcts-report-parser", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None or subprocess.run(["perl", "-MDBD::Pg", "-e1"], capture_output=True).returncode != 0:
        print("skipped: dmarcts-report-parser or libdbd-pg-perl is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="assay-dmarcts-") as place:      # the server runs as another user
        try:
            database = PostgreSQL(place)
        except Skip as e:
            print("skipped: dmarcts-report-parser: %s" % e)
            return
        try:
            read_by_dmarcts(w, program, place)
        finally:
            database.stop()


def read_by_dmarcts(w, program, place):
    os.makedirs(os.path.join(w.dir, "dmarcts"))
    w.file("dmarcts/dmarcts-report-parser.conf", "$dbtype = 'Pg'; $dbname = 'postgres'; $dbuser = 'assay'; $dbpass = '';\n"
           "$dbhost = '%s'; $dbport = 5432; $imapreadfolder = 'unused'; 1;\n" % place)
    for legacy in ("no", "yes"):
        conf = site(w, "dmarcts-" + legacy, [l % YESTERDAY for l in LINES], "legacy = %s" % legacy)
        if conf is None:
            return
        to = os.path.join(w.dir, "dmarcts-" + legacy, "out")
        w.ok("report", "build", "--to", to, "-c", conf, "--zone", os.path.join(w.dir, "dmarcts-" + legacy, "zone"))
        said = subprocess.run([program, "-z", *glob.glob(to + "/*.gz")], capture_output=True, text=True, timeout=120,
                              cwd=os.path.join(w.dir, "dmarcts"))      # where it looks for its configuration
        assert said.returncode == 0, said.stdout + said.stderr
        found = subprocess.run(["psql", "-XAtF ", "-h", place, "-U", "assay", "postgres", "-c",
                                "SELECT domain, sum(rcount) FROM report JOIN rptrecord USING (serial) GROUP BY serial, domain"
                                "; DELETE FROM report; DELETE FROM rptrecord"], capture_output=True, text=True, timeout=60)
        read = [l for l in found.stdout.splitlines() if not l.startswith("DELETE")]
        assert totals("\n".join(read)) == [("example.com", 2), ("example.com", 15), ("example.net", 1)], said.stderr + found.stdout


@check
def report_mistakes(w):
    today = int(time.time()) // 86400
    conf = site(w, "mistakes", [l % d for l in LINES for d in (YESTERDAY, today)])
    if conf is None:
        return
    to = os.path.join(w.dir, "mistakes", "out")
    directory = os.path.join(w.dir, "mistakes")
    silent = w.file("mistakes/silent.conf", open(conf).read().replace("from =", "# from ="))
    other = w.file("mistakes/text", "not a database, but long enough to be taken for one" * 100)
    text = w.file("mistakes/text.conf", 'reports { store = "sqlite:%s" from = "d@a.example" }\n' % other)
    w.file("mistakes/link-target", "kept")
    rows = [
        (["report"], 2, "subcommand"),
        (["report", "melt"], 2, "no such subcommand"),
        (["report", "show", "not a domain"], 2, "not a domain name"),
        (["report", "show", "--day", "yesterday"], 2, "write a day as in"),
        (["report", "show", "--day", "2026-02-30"], 2, "write a day as in"),
        (["report", "show", "--day", "2026-2-3"], 2, "write a day as in"),
        (["report", "show", "--to", to], 2, "unknown option"),
        (["report", "show", "a.example", "b.example"], 2, "unexpected argument"),
        (["report", "show", "-c", "/nonexistent/assay.conf"], 1, "/nonexistent/assay.conf"),
        (["report", "show", "-c", text], 1, other),
        (["report", "build", "-c", conf], 1, "--to DIR"),
        (["report", "build", "--to", to, "-c", silent], 1, "from ="),
        (["report", "build", "--to", to, "--day", day_text(today), "-c", conf], 1, "is not over"),
        (["report", "build", "--to", other, "-c", conf], 1, "Not a directory"),
        (["report", "build", "--to", directory + "/a/b", "-c", conf], 1, "No such file"),
    ]
    for args, status, words in rows:
        got, _, err = w.run(*args)
        assert got == status and words in err, "%r: status %d, want %d: %s" % (args, got, status, err)
    for bad in ('from = "dmarc"', 'from = "a b@example.com"', 'from = "\\"a\\"@example.com"', 'contact = "x@y"',
                'organization = "a\\x01b"'):
        bad_conf = w.file("mistakes/bad.conf", "reports { %s }\n" % bad)
        assert w.run("report", "show", "-c", bad_conf)[0] == 1, bad
