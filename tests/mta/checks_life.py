"""Reload, stop, death: no message is lost and none goes by unjudged, behind a real Postfix."""

import os
import signal
import threading
import time

import authres
import dnsserver
import host
import scenes
import smtp
from case import check, equal, holds, test
from stage import LOGIN
from world import HOSTNAME, OURS, letter, message_id

SHOP = "Shop <orders@shop.example>"


class Traffic:
    """Messages sent by several threads until told to stop; every outcome is kept."""

    def __init__(self, stage, author=SHOP, sender="orders@shop.example", client="shop", threads=4):
        self.stage = stage
        self.author, self.sender, self.client = author, sender, client
        self.done = []                                   # (message, outcome or None)
        self.going = True
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.send, daemon=True) for _ in range(threads)]
        for t in self.threads:
            t.start()

    def send(self):
        while self.going:
            m = letter(self.author, self.stage.number())
            try:
                outcome = self.stage.arrive(m, self.client, self.sender)
            except (smtp.SmtpError, OSError):
                outcome = None
            with self.lock:
                self.done.append((m, outcome))

    def wait_for(self, count, timeout=30):
        check(host.until(lambda: len(self.done) >= count, timeout), "no traffic: %d messages" % len(self.done))

    def stop(self):
        self.going = False
        for t in self.threads:
            t.join(60)

    def accepted(self):
        return [m for m, o in self.done if o is not None and o.accepted]

    def codes(self):
        return sorted({o.code if o is not None else 0 for _, o in self.done})


def all_delivered_and_judged(s, messages):
    for m in messages:
        d = s.delivered(m, 30)
        equal(len(authres.ours(d, HOSTNAME)) + len(authres.ours(d, "second.house.example")), 1,
              "results in %s" % message_id(m))


@test
def smtpd_is_chrooted(setup):
    """The wiring under test is Debian's: smtpd in a chroot, the socket below it."""
    s = setup.postfix()
    c = smtp.Client("127.0.0.1", s.mta.port)
    roots = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/comm" % pid) as f:
                name = f.read().strip()
            if name == "smtpd":
                roots.add(os.readlink("/proc/%s/root" % pid))
        except OSError:
            continue
    c.quit()
    check(s.mta.queue in roots, "no smtpd has its root in the queue directory: %s" % roots)
    check(os.path.exists(s.mta.queue + "/assay/assay.sock"), "the socket")


@test
def daemon_runs_unprivileged(setup):
    s = setup.postfix()
    with open("/proc/%d/status" % s.daemon.process.pid) as f:
        status = f.read()
    ids = [line.split()[1:] for line in status.splitlines() if line.startswith(("Uid:", "Gid:"))]
    check(all("0" not in i for i in ids), "uid and gid of assayd: %s" % ids)


@test
def reload_under_traffic(setup):
    """HUP and USR1 while mail flows: every message accepted, judged once, under the old or the new settings."""
    s = setup.postfix()
    traffic = Traffic(s)
    try:
        traffic.wait_for(10)
        for i in range(8):
            s.daemon.options = dict(s.options, **{
                "authserv-id": "second.house.example" if i % 2 == 0 else HOSTNAME})
            s.daemon.reload(signal.SIGHUP if i % 4 < 2 else signal.SIGUSR1)
            traffic.wait_for(len(traffic.done) + 12)
    finally:
        traffic.stop()
    equal(traffic.codes(), [250], "replies")
    all_delivered_and_judged(s, traffic.accepted())
    seen = {authres.parse(v)[0] for m in traffic.accepted()
            for v in s.delivered(m).all("Authentication-Results")}
    equal(seen, {HOSTNAME, "second.house.example"}, "the names under which results were written")


@test
def reload_takes_effect(setup):
    for number in (signal.SIGHUP, signal.SIGUSR1):
        s = setup.postfix()
        s.daemon.options = dict(s.options, enforce="no")
        s.daemon.reload(number)

        def accepted():
            m = letter("Ceo <ceo@strict.example>", s.number())
            return s.arrive(m, "stranger", "ceo@strict.example").accepted
        check(host.until(accepted, 10, 0.1), "signal %s had no effect" % number)


@test
def reload_refuses_a_bad_configuration(setup):
    """The old configuration stays, the log gives every reason with its line."""
    s = setup.postfix()
    good = s.daemon.options
    try:
        s.daemon.options = dict(good, enforce="perhaps", **{"no-such-option": "1"})
        check(s.daemon.reload(signal.SIGHUP, "no-such-option"), "the log does not name the unknown option")
        holds(s.daemon.log_with("perhaps"), "perhaps", "the log")
        check(s.daemon.running(), "assayd is gone")
        m = letter("Ceo <ceo@strict.example>", s.number())
        equal(s.arrive(m, "stranger", "ceo@strict.example").code, 550, "the old settings")
    finally:
        s.daemon.options = good
        s.daemon.reload()


def with_name_server(setup):
    """assayd asks a name server over the network instead of reading the zone file."""
    s = setup.postfix()
    server = dnsserver.DnsServer(s.world.zone())
    return s.configure(dns={"test-zone-file": None, "servers": ["127.0.0.1:%d" % server.port]}), server


@test
def name_server(setup):
    """The messages of the demonstration with real look-ups, a real time-out among them."""
    s, server = with_name_server(setup)
    try:
        for scene in scenes.SCENES:
            if not scene.options:
                played = scenes.play(s, scene)
                check(not played.problems, "%s: %s" % (scene.name, "; ".join(played.problems)))
        check(server.asked > 10, "the name server was asked %d times" % server.asked)
    finally:
        server.stop()


@test
def stop_loses_nothing(setup):
    """TERM while messages wait for the DNS: each is answered, or tempfailed; none is lost or unjudged."""
    s, server = with_name_server(setup)
    traffic = Traffic(s, "L <l@lagging.example>", "l@lagging.example", threads=6)
    try:
        traffic.wait_for(6)
        time.sleep(0.2)                                  # somewhere within the next round's look-ups
        s.daemon.process.signal(signal.SIGTERM)
        status = s.daemon.process.wait(20)
        traffic.wait_for(len(traffic.done) + 6)
    finally:
        traffic.stop()
        server.stop()
    equal(status, 0, "exit status of assayd")
    check(set(traffic.codes()) <= {250, 451}, "replies: %s" % traffic.codes())
    check(451 in traffic.codes(), "nothing was put off: the test did not test")
    all_delivered_and_judged(s, traffic.accepted())


def open_transactions(stage, ended, body):
    """One client that begins messages over and over, up to the body where there is one."""
    while not ended.is_set():
        try:
            c = smtp.Client("127.0.0.1", stage.mta.submission if body else stage.mta.port)
            c.ehlo("a.example")
            if body:
                c.auth_plain(*LOGIN)
            while not ended.is_set() and c.mail(LOGIN[0]).ok and c.rcpt("friend@far.example").ok:
                if body:
                    c.data(letter("Joe <%s>" % LOGIN[0], stage.number(), body=body))
                else:
                    c.cmd("RSET")
            c.close()
        except (smtp.SmtpError, OSError):
            continue


def stop_under(s, rounds, body):
    for number in range(rounds):
        s.configure()
        ended = threading.Event()
        clients = [threading.Thread(target=open_transactions, args=(s, ended, body)) for _ in range(12)]
        for t in clients:
            t.start()
        try:
            time.sleep(0.4)
            s.daemon.process.signal(signal.SIGTERM)
            status = s.daemon.process.wait(30)
        finally:
            ended.set()
            for t in clients:
                t.join(60)
        if status is None:
            s.daemon.kill()
        equal(status, 0, "exit status in round %d (None: it hung)" % number)


@test
def stop_with_open_transactions(setup):
    """TERM while clients are between MAIL and DATA: no crash, no hang."""
    stop_under(setup.postfix(), 10, None)


@test
def stop_with_bodies_arriving(setup):
    """TERM while large messages are being hashed and signed: no crash, no hang."""
    stop_under(setup.postfix(), 5, ("x" * 70 + "\n") * 20000)


@test
def background_with_pid_file(setup):
    """Without -f: the parent tells of the start, the pid file comes and goes, a reload in between."""
    s = setup.postfix()
    s.daemon.stop()
    before = s.daemon.options
    run_dir = host.owned_dir(os.path.join(s.place, "run"), s.user)
    sanitizer_log = os.path.join(run_dir, "sanitizer")
    s.daemon.options = dict(s.options, **{"pid-file": os.path.join(run_dir, "assayd.pid")})
    try:
        status, pid = s.daemon.background(sanitizer_log)
        equal(status, 0, "exit status of the parent")
        check(pid, "no pid file")
        m = letter(SHOP, s.number())
        equal(s.results(s.passed(s.arrive(m, "shop", "orders@shop.example"), m)).get("dmarc"), "pass", "dmarc")
        s.daemon.options["enforce"] = "no"
        s.daemon.write()
        os.kill(pid, signal.SIGHUP)
        check(host.until(lambda: s.arrive(letter("Ceo <ceo@strict.example>", s.number()), "stranger",
                                          "ceo@strict.example").accepted, 10, 0.1), "the reload had no effect")
        os.kill(pid, signal.SIGTERM)
        check(host.until(lambda: not os.path.exists("/proc/%d" % pid), 20), "it did not stop")
    finally:
        s.daemon.options = before
        s.daemon.start()
    check(not os.path.exists(os.path.join(run_dir, "assayd.pid")), "the pid file stays")
    reports = "".join(host.read(os.path.join(run_dir, f)) for f in os.listdir(run_dir) if f.startswith("sanitizer"))
    equal(reports, "", "sanitizer reports")


@test
def killed_daemon_tempfails(setup):
    """KILL: Postfix puts off whatever comes, and all is well when assayd is back."""
    s = setup.postfix()
    traffic = Traffic(s)
    try:
        traffic.wait_for(10)
        s.daemon.kill()
        traffic.wait_for(len(traffic.done) + 10)
        s.daemon.start()                                 # over the dead one's socket
        before = len(traffic.done)
        traffic.wait_for(before + 30)
    finally:
        traffic.stop()
    check(set(traffic.codes()) <= {250, 451, 421}, "replies: %s" % traffic.codes())
    check(traffic.done[-1][1].accepted, "the last message: %s" % traffic.done[-1][1])
    all_delivered_and_judged(s, traffic.accepted())


@test
def many_connections(setup):
    """50 at once, each waiting for the DNS."""
    s, server = with_name_server(setup)
    outcomes = []

    def one():
        m = letter("L <l@lagging.example>", s.number())
        outcomes.append((m, s.arrive(m, "stranger", "l@lagging.example")))
    threads = [threading.Thread(target=one) for _ in range(50)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    server.stop()
    equal([o.code for _, o in outcomes], [250] * 50, "replies")
    all_delivered_and_judged(s, [m for m, _ in outcomes])


@test
def client_hangs_up(setup):
    """Clients that vanish in mid-message leave nothing behind."""
    s = setup.postfix()
    for _ in range(20):
        c = smtp.Client("127.0.0.1", s.mta.port)
        c.ehlo("a.example")
        c.mail("orders@shop.example")
        c.rcpt("anna@" + OURS)
        c.cmd("DATA")
        c.write(letter(SHOP, s.number())[:200])
        c.close()
    m = letter(SHOP, s.number())
    check(s.arrive(m, "shop", "orders@shop.example").accepted, "the next message")
    check(s.daemon.running(), "assayd is gone")


@test
def inet_socket(setup):
    """The same over TCP, IPv4 and (where the machine has it) IPv6."""
    s = setup.postfix()
    for address in ("127.0.0.1", "[::1]"):
        try:
            port, = host.free_ports(1, address.strip("[]"))
        except host.Unavailable:
            continue
        s.configure(listen="inet:%s:%d" % (address, port), **{"socket-mode": None, "socket-group": None})
        s.mta.settings.update(smtpd_milters="inet:%s:%d" % (address, port))
        s.mta.reload()
        try:
            def judged():
                m = letter(SHOP, s.number())
                o = s.arrive(m, "shop", "orders@shop.example")
                return o.accepted and s.results(s.delivered(m))
            found = host.until(judged, 10, 0.1)
            equal(found and found.get("dmarc"), "pass", "dmarc by way of " + address)
        finally:
            del s.mta.settings["smtpd_milters"]
            s.mta.reload()


@test
def remote_listen_is_refused(setup):
    """A socket open to others would sign for anybody: assayd does not start so unless told to."""
    s = setup.postfix()
    port, = host.free_ports(1)
    try:
        s.configure(listen="inet:0.0.0.0:%d" % port, **{"socket-mode": None, "socket-group": None})
    except host.Broken as e:
        holds(str(e), "allow-remote-mta", "the reason")
    else:
        raise AssertionError("it listens on every address")


@test
def check_tells_all_mistakes(setup):
    """--check as root: every mistake with file and line, exit 1, and the running daemon is not disturbed."""
    s = setup.postfix()
    path = os.path.join(s.place, "bad.conf")
    host.write(path, 'authserv-id = "mx.house.example"\nenforce = maybe\nno-such = 1\nspf { engine = steam }\n')
    text = host.run([s.daemon.program, "-c", path, "--check"], check=False)
    check(not host.succeeds([s.daemon.program, "-c", path, "--check"]), "exit status 0")
    for line in (2, 3, 4):
        holds(text, "bad.conf:%d" % line, "the mistakes")
    text = host.run([s.daemon.program, "-c", s.daemon.configuration, "--check"], check=False)
    check(host.succeeds([s.daemon.program, "-c", s.daemon.configuration, "--check"]), "a good one is refused: " + text)


@test
def no_leaks_no_complaints(setup):
    """After all that: a clean stop, and nothing that a sanitizer would say."""
    s = setup.postfix()
    equal(s.daemon.stop(), 0, "exit status")
    log = s.daemon.log()
    for word in ("AddressSanitizer", "LeakSanitizer", "runtime error:", "ThreadSanitizer"):
        at = log.find(word)
        check(at < 0, log[max(at - 500, 0):at + 6000])
