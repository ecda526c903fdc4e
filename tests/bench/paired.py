"""assayd beside the assayd of another build, message by message of the same load: is it dearer?

In each round the other build is measured twice and ours once, in a new order.  What is shown is the median of the
rounds' ratios with its 95 % interval (bootstrap): the other build against itself says what the machine's noise alone
looks like, ours against the other what has changed.
"""
import os
import random
import statistics
import subprocess

AGAIN, OURS, OTHER = "itself", "ours", "other"
MEASURES = (("CPU", "cpu_us"), ("RSS", "rss_kib"))
COLUMNS = "%-18s %-7s %-4s %8s %8s  %s"


def accepts_all_options(build, conf):
    """An older build may not know an option that the benchmark sets."""
    return subprocess.run([os.path.join(build, "assayd"), "--check", "-c", conf], capture_output=True).returncode in (0, 3)


def other_assayd(programs, build, port):
    """As Programs.assayd(), of another build."""
    sock, conf = programs.unique("other.sock"), programs.unique("other.conf")
    text = programs.configuration(sock, port)
    for attempt in (text, text.replace('control { socket = "" }\n', "")):
        with open(conf, "w") as f:
            f.write(attempt)
        if accepts_all_options(build, conf):
            break
    return [sock], [programs.start([os.path.join(build, "assayd"), "-f", "-c", conf], sock)]


def interval(values, samples=2000):
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(samples))
    return statistics.median(values), medians[samples // 40], medians[-samples // 40]


def measure(programs, milters, listed, count, options):
    """name -> a result for each round"""
    results = {name: [] for name in milters}
    for name in milters:
        programs.load(milters[name], listed, max(50, count // 10), options.connections)
    for n in range(options.rounds):
        for name in random.Random(n).sample(sorted(milters), len(milters)):
            results[name].append(programs.load(milters[name], listed, count, options.connections))
    return results


def show(name, results):
    for title, key in MEASURES:
        base = [r[key] for r in results[OTHER]]
        for which in (AGAIN, OURS):
            values = [r[key] / b for r, b in zip(results[which], base)]
            median, low, high = interval(values)
            print(COLUMNS % (name, which, title, "%.0f" % statistics.median(base), "%.3f" % median,
                             "%.3f to %.3f" % (low, high)), flush=True)


def run(material, programs, options, floor):
    loads = material.workloads(floor)
    _, port, _ = programs.dns(material.zone)
    milters = {OTHER: other_assayd(programs, options.against, port), AGAIN: other_assayd(programs, options.against, port),
               OURS: programs.assayd(port)}
    print(COLUMNS % ("workload", "against", "", "other", "ratio", "95 % interval of the median"))
    for name, (rows, _) in loads.items():
        if options.only not in name:
            continue
        count = options.messages if "200K" not in name else max(200, options.messages // 5)
        show(name, measure(programs, milters, programs.list_file(rows), count, options))
