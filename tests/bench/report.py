#!/usr/bin/env python3
"""Makes tables of what weir-bench-load printed: report.py VERSIONS RESULTS JSON-OUT.

Values are medians over the rounds that no other process disturbed. A ratio is the median of the ratios inside each round, so that what disturbs the
machine for longer than a round disturbs both sides of it. Ends with 1 when a target was missed."""
import datetime
import json
import math
import statistics
import sys

CALM_ENOUGH = 5  # rounds
PEERS = ("weir", "tap", "filter", "floor", "nginx", "nginx32k", "haproxy", "direct")


# ---- what a run says ----

def per(amount, unit):
    return lambda run: run[amount] / run[unit]


def added(percentile):
    """What the relay adds to the same run without one."""
    return lambda run: (run[percentile] - run["direct"][percentile]) / 1000


EVENT_CPU = ("CPU per event, µs", lambda run: run["cpu_ns"] / run["events"] / 1000)
REQUEST_CPU = ("CPU per request, µs", lambda run: run["cpu_ns"] / run["requests"] / 1000)
REQUESTS = ("requests/s", lambda run: run["requests"] / run["wall_ns"] * 1e9)
BUSY = ("relay's core busy, %", lambda run: 100 * run["cpu_ns"] / run["wall_ns"])
LOAD_BUSY = ("load's core busy, %", lambda run: 100 - 100 * run["idle_ns"] / run["wall_ns"])
MERGED = ("events merged", lambda run: run["merged"])

LATENCY = [
    ("added p50, µs", added("delay_p50_ns")),
    ("added p90, µs", added("delay_p90_ns")),
    ("added p99, µs", added("delay_p99_ns")),
    ("delay p50, µs", lambda run: run["delay_p50_ns"] / 1000),
    ("delay p99, µs", lambda run: run["delay_p99_ns"] / 1000),
    MERGED,
]
BULK = [
    ("CPU per GB, s", lambda run: run["cpu_ns"] / run["bytes"]),
    ("GB/s", per("bytes", "wall_ns")),
    BUSY,
    LOAD_BUSY,
]

HANDSHAKES = [
    ("CPU per handshake, µs", lambda run: run["cpu_ns"] / run["handshakes"] / 1000),
    ("handshakes/s of a core", lambda run: run["handshakes"] / run["cpu_ns"] * 1e9),
    ("handshakes/s", lambda run: run["handshakes"] / run["wall_ns"] * 1e9),
    ("of these resumed, %", lambda run: 100 * run["resumed"] / run["handshakes"]),
    BUSY,
    LOAD_BUSY,
]

METRICS = {
    "latency-1": LATENCY,
    "latency-100": LATENCY,
    "cpu": [EVENT_CPU, BUSY, MERGED],
    "saturation": [EVENT_CPU, ("events/s", lambda run: run["events"] / run["wall_ns"] * 1e9), BUSY, LOAD_BUSY, MERGED],
    "syscalls": [
        ("reads per event", per("reads", "events")),
        ("writes per event", per("writes", "events")),
        ("waits per event", per("waits", "events")),
        ("others per event", per("others", "events")),
    ],
    "memory": [
        ("KiB per stream", lambda run: (run["pss_kib"] - run["idle_pss_kib"]) / run["streams"]),
        ("idle process, KiB", lambda run: run["idle_pss_kib"]),
        (".. of it anonymous, KiB", lambda run: run["idle_anon_kib"]),
    ],
    "small": [REQUEST_CPU, REQUESTS, BUSY, LOAD_BUSY],
    "churn": [REQUEST_CPU, REQUESTS, BUSY, LOAD_BUSY],
    "bulk-1": BULK,
    "bulk-16": BULK,
    "gone": [
        ("origins not told", lambda run: run["clients"] - run["heard"]),
        ("p50, µs", lambda run: run.get("gone_p50_ns", 0) / 1000),
        ("p99, µs", lambda run: run.get("gone_p99_ns", 0) / 1000),
        ("FIN p50, µs", lambda run: run.get("fin_p50_ns", 0) / 1000),
        ("RST p50, µs", lambda run: run.get("rst_p50_ns", 0) / 1000),
    ],
    "tls-handshake": HANDSHAKES,
    "tls-resume": HANDSHAKES,
    "tls-bulk": BULK,
    "tls-beside": [
        ("p99 moves by, µs", lambda run: (run["beside_p99_ns"] - run["alone_p99_ns"]) / 1000),
        ("p50 alone, µs", lambda run: run["alone_p50_ns"] / 1000),
        ("p50 beside, µs", lambda run: run["beside_p50_ns"] / 1000),
        ("p99 alone, µs", lambda run: run["alone_p99_ns"] / 1000),
        ("p99 beside, µs", lambda run: run["beside_p99_ns"] / 1000),
        ("handshakes beside", lambda run: run["shakes"]),
    ],
    "sse": [("GB/s", lambda run: run["gb_per_s"]), ("ns per byte", lambda run: 1 / run["gb_per_s"])],
}
METRICS["events"] = METRICS["saturation"]
for plain in ("latency-1", "latency-100", "cpu", "saturation", "memory"):
    METRICS["tls-" + plain] = METRICS[plain]

# Scenario, metric, whom weir is divided by (None: the value itself counts, of the worst round; MEDIAN: of all rounds), the
# most it may be, who is divided if not weir.
MEDIAN = "median"
LATENCY_TARGETS = [
    ("added p50, µs", "floor", 1.05), ("added p50, µs", "nginx", 1.05), ("added p50, µs", "haproxy", 1.05),
    ("added p99, µs", "floor", 1.25), ("events merged", None, 0),
]
BULK_TARGETS = [("CPU per GB, s", "floor", 1.10), ("CPU per GB, s", "nginx32k", 1.10)]
TLS_EVENT_TARGETS = [("CPU per event, µs", "nginx", 1.0), ("CPU per event, µs", "floor", 1.05)]
TARGETS = {
    "latency-1": LATENCY_TARGETS,
    "latency-100": LATENCY_TARGETS,
    "cpu": [("CPU per event, µs", "floor", 1.05), ("CPU per event, µs", "nginx", 0.98), ("events merged", None, 0)],
    "saturation": [("CPU per event, µs", "nginx", 0.97), ("CPU per event, µs", "haproxy", 1.0)],
    "syscalls": [("reads per event", None, 1.0), ("writes per event", None, 1.0), ("waits per event", None, 1.0)],
    "memory": [("KiB per stream", None, 2.0), ("idle process, KiB", None, 2048)],
    "small": [("CPU per request, µs", "floor", 1.15), ("CPU per request, µs", "haproxy", 0.95)],
    "churn": [("CPU per request, µs", "haproxy", 1.0)],
    "bulk-1": BULK_TARGETS,
    "bulk-16": BULK_TARGETS,
    "gone": [("origins not told", None, 0), ("p50, µs", "floor", 1.1), ("p99, µs", "floor", 1.5)],
    "tls-latency-1": [("events merged", None, 0)],
    "tls-latency-100": [("events merged", None, 0)],
    "tls-cpu": TLS_EVENT_TARGETS + [("events merged", None, 0)],
    "tls-saturation": TLS_EVENT_TARGETS,
    "tls-memory": [("KiB per stream", None, 18)],
    "tls-handshake": [("CPU per handshake, µs", "floor", 1.05)],
    "tls-resume": [("CPU per handshake, µs", "floor", 1.05)],
    "tls-bulk": [("CPU per GB, s", "floor", 1.05)],
    "tls-beside": [("p99 moves by, µs", MEDIAN, 1000)],
    "events": [("CPU per event, µs", "weir", 1.15, "tap"), ("CPU per event, µs", "weir", 1.30, "filter")],
    "sse": [("ns per byte", None, 1.0, "whole")],
}


# ---- reading ----

def is_calm(run):
    """Whether other processes had less than a twentieth of a core meanwhile."""
    return run.get("others_ns", 0) <= run.get("wall_ns", 0) / 20


def rounds_of(runs, wanted):
    return {run["round"] for run in runs if wanted(run)}


def of_peers(runs, rounds):
    peers = {}
    for run in runs:
        if run["round"] in rounds:
            peers.setdefault(run["relay"], []).append(run)
    return peers


def read_runs(path):
    """All runs; and by scenario and peer those of the rounds that count, in their order. Calm rounds count, or all if
    too few were calm. A run knows the direct one of its round."""
    with open(path, encoding="utf-8") as lines:
        flat = [json.loads(line) for line in lines]
    runs = {}
    for scenario in dict.fromkeys(run["scenario"] for run in flat):
        mine = [run for run in flat if run["scenario"] == scenario]
        every = rounds_of(mine, lambda run: True)
        calm = every - rounds_of(mine, lambda run: not is_calm(run))
        runs[scenario] = of_peers(mine, calm if len(calm) >= min(CALM_ENOUGH, len(every)) else every)
    for peers in runs.values():
        for relayed in peers.values():
            for run, direct in zip(relayed, peers.get("direct", [])):
                run["direct"] = direct
    return flat, runs


def values(peers, peer, measure):
    return [measure(run) for run in peers[peer]]


def ratio(peers, peer, measure, ours="weir"):
    pairs = zip(values(peers, ours, measure), values(peers, peer, measure))
    return statistics.median(ours / theirs if theirs else math.inf for ours, theirs in pairs)


def disturbed(peers):
    return sum(not is_calm(run) for runs in peers.values() for run in runs)


# ---- telling ----

def number(value):
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}" if value < 100 else f"{value:.1f}"


def table(scenario, peers):
    names = [peer for peer in PEERS if peer in peers] or list(peers)
    rivals = [name for name in names if name not in ("weir", "direct")] if "weir" in peers else []
    rounds = max(len(runs) for runs in peers.values())
    yield f"\n### {scenario} ({rounds} rounds)\n"
    yield "| | " + " | ".join(names + [f"weir / {rival}" for rival in rivals]) + " |"
    yield "|---" + "|---:" * (len(names) + len(rivals)) + "|"
    for name, measure in METRICS[scenario]:
        medians = [number(statistics.median(values(peers, peer, measure))) for peer in names]
        ratios = [ratio(peers, rival, measure) for rival in rivals]
        shown = ["–" if math.isinf(reached) else f"{reached:.3f}" for reached in ratios]
        yield f"| {name} | " + " | ".join(medians + shown) + " |"
    if disturbed(peers):
        yield f"\nOther processes disturbed {disturbed(peers)} of {sum(map(len, peers.values()))} runs: not to be believed."


def judge(scenario, peers):
    """Each target with what was reached."""
    measures = dict(METRICS[scenario])
    for name, rival, most, *other in TARGETS[scenario]:
        measure, ours = measures[name], other[0] if other else "weir"
        if rival in peers:
            reached = ratio(peers, rival, measure, ours)
        else:
            reached = (statistics.median if rival == MEDIAN else max)(values(peers, ours, measure))
        yield {"scenario": scenario, "metric": name, "who": ours, "over": rival, "most": most, "reached": round(reached, 4),
               "pass": reached <= most, "disturbed": disturbed(peers) > 0}


def verdict(target):
    rival = target["over"] if target["over"] != MEDIAN else None
    what = f"{target['metric']}: {target['who']}" + (f" / {rival}" if rival else "")
    return f"| {target['scenario']} | {what} | {target['most']} | {target['reached']:.3f} | " \
           f"{'PASS' if target['pass'] else 'MISS'}{', disturbed' if target['disturbed'] else ''} |"


def without_direct(run):
    return {key: value for key, value in run.items() if key != "direct"}


def main(versions_path, results_path, json_path):
    with open(versions_path, encoding="utf-8") as file:
        versions = [line.strip() for line in file]
    flat, runs = read_runs(results_path)
    today = datetime.date.today().isoformat()
    targets = [target for scenario, peers in runs.items() for target in judge(scenario, peers)]
    print(f"{today}; " + "; ".join(versions))
    for scenario, peers in runs.items():
        print("\n".join(table(scenario, peers)))
    print("\n### Targets\n\n| scenario | target | at most | reached | |\n|---|---|---:|---:|---|")
    print("\n".join(verdict(target) for target in targets))
    with open(json_path, "w", encoding="utf-8") as file:
        json.dump({"date": today, "versions": versions, "targets": targets, "runs": list(map(without_direct, flat))}, file, indent=1)
    return 0 if all(target["pass"] for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
