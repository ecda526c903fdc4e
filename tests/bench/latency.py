"""How long a message waits for DNS: a resolver that answers after 20 ms, one that is at times slow, one
that loses questions; and whether messages wait behind others that wait."""
import statistics

from material import message

DELAY = 20
CHAIN = 2  # dependent round trips: the SPF record, then what it includes; all else is asked at once


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def needy(material, n, slow_share=0, slow_ms=500):
    """A message with names of its own: SPF with two includes, two keys, an author of three labels."""
    domain = "l%d.example" % n
    key = material.key("latency.example", "ed25519")
    public = material.public["latency.example", "ed25519"]
    records = ["%s TXT v=spf1 include:_a.%s include:_b.%s -all" % (domain, domain, domain),
               "_a.%s TXT v=spf1 ip4:198.51.100.0/24 -all" % domain, "_b.%s TXT v=spf1 ip4:192.0.2.0/24 -all" % domain,
               "s1._domainkey.%s TXT%s" % (domain, public), "s2._domainkey.%s TXT%s" % (domain, public),
               "_dmarc.%s TXT v=DMARC1; p=none" % domain]
    if slow_share:
        every = round(1 / slow_share)
        records += ["%s TXT !SLOW=%d" % (r.split()[0], slow_ms) for i, r in enumerate(records) if (n * len(records) + i) % every == 0]
    text = message("m." + domain, 2048)
    for selector in ("s1", "s2"):
        text = material.assay("sign", "--domain", domain, "--selector", selector, "--key", key, stdin=text)
    material.zone += records
    return material.row("needy-%d" % n, text, "192.0.2.7", "mx." + domain, "someone@" + domain, "", "spf=pass", "dkim=pass", "dmarc=pass")


def waits(programs, milter, rows, connections, *more):
    path = programs.unique("latencies")
    listed = programs.list_file(rows)
    got = programs.load(milter, listed, len(rows), connections, "--latencies", path, *more)
    with open(path) as f:
        return [int(line) / 1000 for line in f], got


def latency(material, programs, quick):
    count = 100 if quick else 300
    target = 1.5 * CHAIN * DELAY
    print("a message needs 9 names, its longest chain %d round trips of %d ms: at most %.0f ms wanted" % (CHAIN, DELAY, target))
    print("%-34s %8s %8s %8s %8s %8s %8s" % ("resolver", "p50 ms", "p99 ms", "max ms", "p50/RTT", "DNS/msg", "wrong"))
    zones = {}
    for name, share, loss in (("20 ms", 0, 0), ("20 ms, 5 % of answers 500 ms", 0.05, 0), ("20 ms, 1 % lost", 0, 1)):
        if share not in zones:
            material.zone = ["example SOA ns.example hostmaster.example 1 3600 600 86400 300"]
            zones[share] = [needy(material, n, share) for n in range(count)], material.zone
        rows, zone = zones[share]
        server, port, log = programs.dns(zone, "--delay", str(DELAY), "--loss", str(loss))
        milter = (*programs.assayd(port), log)
        for again, connections in (("", 4), (", asked again", 1)):
            times, got = waits(programs, milter, rows, connections)
            print("%-34s %8.2f %8.2f %8.2f %8.2f %8.2f %8d" % (
                name + again, statistics.median(times), percentile(times, 0.99), max(times), statistics.median(times) / DELAY,
                got["queries"], got["wrong"]), flush=True)
        programs.stop(*milter[1], server)


SLOW_MS = 1500


def pool_rows(material, name, slow):
    """A message for each of slow: one that is answered at once, or (True) one with an SPF record of its own that is slow."""
    text, rows = message("pool.example", 2048), []
    for n, is_slow in enumerate(slow):
        domain = "%s%d.example" % (name, n) if is_slow else "pool.example"
        if is_slow:
            material.zone += ["%s TXT v=spf1 ip4:192.0.2.0/24 -all" % domain, "%s TXT !SLOW=%d" % (domain, SLOW_MS)]
        rows.append(material.row("pool", text, "192.0.2.7", "mx.pool.example", "someone@" + domain, "", "spf=pass"))
    return rows


def show_quick(what, times, slow, wrong):
    quick = [t for t, is_slow in zip(times, slow) if not is_slow]
    over = " ".join("%8d" % sum(t > limit for t in quick) for limit in (10, 50, 500, 1000))
    print("%-32s %8d %8.2f %8.2f %8.2f %s %8d" % (what, len(quick), statistics.median(quick), percentile(quick, 0.99), max(quick), over, wrong), flush=True)


def pool(material, programs, quick):
    """libmilter gives a session to a worker that it believes to be idle: of two that are ready at the same
    moment one may get none until some worker is done."""
    steady, burst = [n % 10 == 5 for n in range(500 if quick else 1000)], [n % 2 == 1 for n in range(20)]
    material.zone += ["pool.example TXT v=spf1 ip4:192.0.2.0/24 -all"]
    steady_rows = pool_rows(material, "steady", steady)
    bursts = [pool_rows(material, "burst%d-" % b, burst) for b in range(10 if quick else 40)]
    server, port, log = programs.dns(material.zone)
    milter = (*programs.assayd(port), log)
    waits(programs, milter, steady_rows[:2], 1)
    print("the answers for some messages take %d ms; of the others waited:" % SLOW_MS)
    print("%-32s %8s %8s %8s %8s %8s %8s %8s %8s %8s" % ("", "messages", "p50 ms", "p99 ms", "max ms", ">10 ms", ">50 ms", ">500 ms", ">1 s", "wrong"))
    times, got = waits(programs, milter, steady_rows, 200, "--rate", 100)
    show_quick("100 a second, every tenth slow", times, steady, got["wrong"])
    runs = [waits(programs, milter, rows, len(rows)) for rows in bursts]
    show_quick("20 at once, every other slow", [t for times, _ in runs for t in times], burst * len(bursts), sum(got["wrong"] for _, got in runs))
    programs.stop(*milter[1], server)
