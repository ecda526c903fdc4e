#!/usr/bin/env python3
"""What a message costs: assayd beside the floor and, where they are found, beside other milters.

    bench.py --build BUILDDIR [--section messages|latency|pool|growth|keys|spf|history]... [--peers DIR]... [--quick]
             [--messages N] [--connections C] [--rounds R] [--only WORKLOAD]
    bench.py --build BUILDDIR --against BUILDDIR [--messages N] [--connections C] [--rounds R] [--only WORKLOAD]

The floor of a message is its cryptography by OpenSSL alone plus a libmilter milter that does
nothing, both measured in the same run.  Rounds of all programs are interleaved and the median is
shown, with the spread of the idle milter as a measure of how noisy the machine was.  Every
message's answer is checked; a wrong one of ours ends the run.

Other milters (opendkim, opendmarc, rspamd) are looked for on PATH and in each --peers DIR, where their Debian
packages and what those need have been unpacked with dpkg-deb -x.  CPU and memory are those of all processes
of a milter; the memory is the sum of their peaks, so that pages which a process shares with the one that
forked it count in both.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

import growth
import kept
import keys
import latency
import paired
from material import Material
from programs import Programs

SECTIONS = ("messages", "latency", "pool", "growth", "keys", "spf", "history")
COLUMNS = "%-18s %-18s %8s %7s %7s %8s %8s %8s %8s %7s"


def median(rows, key):
    return statistics.median(r[key] for r in rows)


def idle_list(programs, rows):
    """The same messages without the words that an idle milter does not say."""
    return programs.list_file(["\t".join(r.split("\t")[:5]) for r in rows])


class Messages:
    def __init__(self, material, programs, options):
        self.material, self.programs, self.options = material, programs, options
        self.noise = []

    def may_do(self, milter, workload):
        """One milter alone for signatures, the chain for everything; assayd and rspamd do either by themselves."""
        if milter in ("assayd", "rspamd"):
            return True
        return ("+" in milter) == (workload == "full inbound") and ("ed25519" in milter) == workload.startswith("sign ed25519")

    def rounds(self, milters, name, rows):
        options, results = self.options, {}
        lists = {m: idle_list(self.programs, rows) if m == "idle" else self.programs.list_file(rows)
                 for m in milters if m == "idle" or self.may_do(m, name)}
        n = options.messages if "200K" not in name else max(200, options.messages // 5)
        for m in lists:
            self.programs.load(milters[m], lists[m], max(50, len(rows)), options.connections)
        for _ in range(options.rounds):
            for m in lists:
                results.setdefault(m, []).append(self.programs.load(milters[m], lists[m], n, options.connections))
        return results

    def show(self, name, crypto, results):
        idle = median(results["idle"], "cpu_us")
        self.noise += [r["cpu_us"] / idle for r in results["idle"]]
        ours = median(results["assayd"], "cpu_us")
        for m, got in results.items():
            wrong = sum(g["wrong"] for g in got)
            if wrong and m == "assayd":
                sys.exit("bench: %s: %d wrong answers" % (name, wrong))
            cpu = median(got, "cpu_us")
            print(COLUMNS % (name, m, "%.1f" % cpu, "%.2f" % (cpu / (idle + crypto)), "%.2f" % (cpu / ours),
                             "%.1f" % (cpu - idle - crypto) if m != "idle" else "-", "%.0f" % median(got, "per_second"),
                             "%.2f/%.2f" % (median(got, "p50_ms"), median(got, "p99_ms")), "%.2f" % median(got, "queries"),
                             "%.1f" % (median(got, "rss_kib") / 1024)) + ("  %d wrong" % wrong if wrong else ""), flush=True)

    def run(self):
        floor = floor_of(self.material.build)
        print("OpenSSL alone, CPU us: " + ", ".join("%s %.1f" % x for x in floor.items()))
        loads = self.material.workloads(floor)
        _, port, log = self.programs.dns(self.material.zone)
        others, missing = self.programs.others(self.material.zone)
        milters = {"idle": self.programs.idle(), "assayd": (*self.programs.assayd(port), log), **others}
        for line in missing:
            print(line)
        print("floor = idle milter + cryptography; own = what is above the floor, CPU us")
        print(COLUMNS % ("workload", "milter", "CPU us", "/floor", "/assayd", "own us", "msg/s", "p50/p99", "DNS/msg", "RSS MiB"))
        for name, (rows, crypto) in loads.items():
            if self.options.only in name:
                self.show(name, crypto, self.rounds(milters, name, rows))
        if self.noise:
            print("noise: the idle milter's CPU per message was between %.2f and %.2f of its median" % (min(self.noise), max(self.noise)))
        self.programs.end()


def worst_spf(build):
    """The worst SPF checks, in both engines: names are answered from memory, so this is CPU alone."""
    if subprocess.run([os.path.join(build, "tests/bench/spf")]).returncode != 0:
        print("a check takes longer than it may", flush=True)


def floor_of(build):
    return json.loads(subprocess.run([os.path.join(build, "tests/bench/floor")], capture_output=True, check=True).stdout)


def against(options):
    material = Material(options.build)
    programs = Programs(material, [])
    try:
        paired.run(material, programs, options, floor_of(material.build))
    finally:
        programs.end()
        material.end()


def run(options):
    for section in options.section or SECTIONS:
        print("\n== %s" % section, flush=True)
        if section == "spf":
            worst_spf(options.build)
            continue
        material = Material(options.build)
        programs = Programs(material, [os.path.abspath(d) for d in options.peers])
        try:
            if section == "messages":
                Messages(material, programs, options).run()
            elif section == "growth":
                growth.run(material, programs, options.quick)
            elif section == "keys":
                keys.run(material, programs, options.quick)
            elif section == "history":
                kept.run(material, programs, options.quick)
            else:
                getattr(latency, section)(material, programs, options.quick)
        finally:
            programs.end()
            material.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--section", action="append", choices=SECTIONS)
    parser.add_argument("--peers", action="append", default=[])
    parser.add_argument("--against", help="another build: is ours dearer?")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.messages = options.messages or (500 if options.quick else 1500)
    options.rounds = options.rounds or (3 if options.quick else 5)
    against(options) if options.against else run(options)


if __name__ == "__main__":
    main()
