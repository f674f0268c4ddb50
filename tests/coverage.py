"""Adds up what gcov knows of src/ over every program of a build folder. Called by coverage.sh."""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import defaultdict

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ASSERT = re.compile(r"\s*assert\(")


def notes(build):
    """What the compiler noted of each object made of src/; gcov finds the counters beside it. An object that no
    program contains has none, and counts as never run."""
    for folder, _, names in os.walk(os.path.abspath(build)):
        if "/src/" in folder + "/":
            yield from (os.path.join(folder, name) for name in names if name.endswith(".gcno"))


def reports(paths):
    """What gcov says of each: one JSON document a line."""
    for at in range(0, len(paths), 50):
        run = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", *paths[at:at + 50]],
                             cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if run.returncode:
            sys.exit(f"coverage: gcov failed: {run.stderr.decode().strip()}")
        yield from (json.loads(line) for line in run.stdout.splitlines() if line)


class Source:
    """One file: how often each line ran, and each way out of it was taken, in all programs together. The same source
    is compiled into several: an inline function of a header into every object that includes it."""

    def __init__(self, path):
        self.lines = defaultdict(int)
        self.branches = defaultdict(int)  # by line, function and number
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            self.asserts = {n for n, text in enumerate(file, 1) if ASSERT.match(text)}

    def add(self, line):
        number, function = line["line_number"], line.get("function_name")
        self.lines[number] += line["count"]
        if number in self.asserts:
            return
        for n, branch in enumerate(line["branches"]):
            self.branches[number, function, n] += branch["count"]

    def missed_lines(self):
        return sorted(n for n, count in self.lines.items() if not count)

    def missed_branches(self):
        """Line to how many of its ways were not taken, for lines that ran at all."""
        missed = defaultdict(int)
        for (number, _, _), count in self.branches.items():
            if not count and self.lines[number]:
                missed[number] += 1
        return dict(sorted(missed.items()))


def read(build):
    sources = {}
    paths = sorted(notes(build))
    if not paths:
        sys.exit(f"coverage: nothing made of src/ in {build}: was it built with --coverage?")
    for report in reports(paths):
        for file in report["files"]:
            path = os.path.relpath(os.path.join(report["current_working_directory"], file["file"]), ROOT)
            if not path.startswith("src/") or not os.path.exists(os.path.join(ROOT, path)):
                continue  # another's, or of a file that is no more
            source = sources.setdefault(path, Source(path))
            for line in file["lines"]:
                source.add(line)
    return sources


def share(counts):
    total = len(counts)
    taken = sum(1 for count in counts if count)
    return taken, total, 100.0 * taken / total if total else 100.0


def print_table(sources):
    print(f"{'':32} {'lines':>22} {'branches':>22}")
    for path, source in sorted(sources.items()):
        cells = []
        for counts in source.lines.values(), source.branches.values():
            taken, total, percent = share(counts)
            cells.append(f"{taken:>7} of {total:<5} {percent:5.1f} %" if total else " " * 22)
        print(f"{path:32} {cells[0]} {cells[1]}")


def print_missed(sources):
    for path, source in sorted(sources.items()):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read().splitlines()
        for number in source.missed_lines():
            print(f"{path}:{number}: never run: {text[number - 1].strip()}")
        for number, ways in source.missed_branches().items():
            print(f"{path}:{number}: {ways} way{'s' if ways > 1 else ''} not taken: {text[number - 1].strip()}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("-v", action="store_true")
    options.add_argument("--lines", type=float, required=True)
    options.add_argument("--branches", type=float, required=True)
    options = options.parse_args()

    sources = read(options.build)
    if options.v:
        print_missed(sources)
    print_table(sources)
    failed = 0
    for what, floor in ("lines", options.lines), ("branches", options.branches):
        counts = [count for source in sources.values() for count in getattr(source, what).values()]
        taken, total, percent = share(counts)
        low = percent < floor
        failed += low
        print(f"{what}: {taken} of {total}, {percent:.2f} % (at least {floor:g} %{': TOO FEW' if low else ''})")
    print(f"{2 - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
