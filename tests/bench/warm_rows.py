"""Rows with nothing to fetch: hits, relay, memory."""

import time

from report import Row, median, ratio
from servers import settled

KIB, MIB = 1024, 1024 * 1024
SIZES = {"1 KiB": KIB, "64 KiB": 64 * KIB, "1 MiB": MIB, "8 MiB": 8 * MIB}


def with_cpu(bench, row, server, mode, **arguments):
    """One load run and the server's CPU seconds in it."""
    before = server.cpu_seconds()
    measured = row.count_errors(bench.load(mode, **arguments))
    measured["server_cpu_seconds"] = server.cpu_seconds() - before
    return measured


def alternate(bench, row, mode, arguments):
    """The same load on each server, A B A B: server name to its measurements."""
    for name, server in bench.servers.items():
        bench.load(mode, **arguments(name, server) | {"seconds": 1})
    runs = {name: [] for name in bench.servers}
    for _ in range(bench.rounds):
        for name, server in bench.servers.items():
            runs[name].append(with_cpu(bench, row, server, mode, **arguments(name, server)))
    return runs


def paired(bench, runs, value):
    """Sluice against what it is compared with: the median over the rounds of each round's ratio, so that what slows the machine for some
    seconds, and thus both, does not count."""
    return median([ratio(value(ours), value(theirs))
                   for ours, theirs in zip(runs.get("sluice", []), runs.get(bench.baseline, []))])


def verify_hits(bench, row, name):
    """Reads the whole object (which fills the cache), then random ranges of each size, and checks every byte."""
    for server in bench.servers.values():
        url = server.url(f"/media/{name}")
        for size in (MIB, 64 * KIB):
            row.count_errors(bench.load("range", url=url, size=64 * MIB, length=size, connections=8, sequential=True,
                                        verify=True))
        for size in SIZES.values():
            row.count_errors(bench.load("range", url=url, size=64 * MIB, length=size, seconds=1, verify=True, seed=7))


def hits(bench):
    row = Row("Hits: random unaligned ranges of a warm 64 MiB object, 64 keep-alive connections",
              ["range", f"{bench.baseline} req/s", "Sluice req/s", "ratio", f"{bench.baseline} CPU s/GB",
               "Sluice CPU s/GB", "ratio", f"p50 ms ({bench.baseline}, Sluice)", f"p99 ms ({bench.baseline}, Sluice)"],
              note="Medians of the rounds; a ratio is the median of the rounds' ratios.")
    bench.origin.set(0, 0)
    name = bench.new_object("hot", 64 * MIB)
    verify_hits(bench, row, name)
    settled(bench.origin)
    bench.origin.reset()
    for label, size in SIZES.items():
        runs = alternate(bench, row, "range", lambda _, server: {
            "url": server.url(f"/media/{name}"), "size": 64 * MIB, "length": size, "connections": 64,
            "seconds": 2})
        row.data[label] = runs
        rate, cost, p50, p99 = {}, {}, {}, {}
        for server, measured in runs.items():
            rate[server] = median([each["rps"] for each in measured])
            cost[server] = median([each["server_cpu_seconds"] / (each["bytes"] / 1e9) for each in measured])
            p50[server] = median([each["latency_ms"]["p50"] for each in measured])
            p99[server] = median([each["latency_ms"]["p99"] for each in measured])
        rates = paired(bench, runs, lambda each: each["rps"])
        costs = paired(bench, runs, lambda each: each["server_cpu_seconds"] / each["bytes"])
        row.add(label, f"{rate.get(bench.baseline, 0):,.0f}", f"{rate.get('sluice', 0):,.0f}", f"**{rates:.2f}**",
                f"{cost.get(bench.baseline, 0):.3g}", f"{cost.get('sluice', 0):.3g}", f"**{costs:.2f}**",
                ", ".join(f"{value:.2f}" for value in p50.values()), ", ".join(f"{value:.2f}" for value in p99.values()))
        if len(bench.servers) == 2:
            row.target(f"hits {label}: requests/s against {bench.baseline}", rates,
                       0.95 if bench.before else 1.0, at_least=True)
            row.target(f"hits {label}: CPU a GB against {bench.baseline}", costs, 1 / 0.95 if bench.before else 1.0)
    row.target("hits: requests that reached the origin", bench.origin.stats()["requests"], 0)
    return row


def relay(bench):
    row = Row("Relay of 200-byte responses of the app, 64 keep-alive connections",
              ["", f"{bench.baseline}{'' if bench.before else ' proxy_pass'}", "Sluice", "ratio"])
    runs = alternate(bench, row, "plain", lambda _, server: {
        "url": server.url("/small"), "connections": 64, "seconds": 2})
    row.data = runs
    rate = {name: median([each["rps"] for each in runs.get(name, [])]) for name in (bench.baseline, "sluice")}
    cost = {name: median([each["server_cpu_seconds"] / each["requests"] * 1e6 for each in runs.get(name, [])])
            for name in (bench.baseline, "sluice")}
    p99 = {name: median([each["latency_ms"]["p99"] for each in runs.get(name, [])]) for name in (bench.baseline, "sluice")}
    ratios = {"req/s": paired(bench, runs, lambda each: each["rps"]),
              "CPU µs a request": paired(bench, runs, lambda each: each["server_cpu_seconds"] / each["requests"]),
              "p99 ms": paired(bench, runs, lambda each: each["latency_ms"]["p99"])}
    for label, values, form in (("req/s", rate, "{:,.0f}"), ("CPU µs a request", cost, "{:.1f}"), ("p99 ms", p99, "{:.2f}")):
        row.add(label, form.format(values[bench.baseline]), form.format(values["sluice"]), f"**{ratios[label]:.2f}**")
    if len(bench.servers) == 2:
        row.target(f"relay: requests/s against {bench.baseline}", ratios["req/s"], 0.95 if bench.before else 0.9,
                   at_least=True)
    return row


def peak_while_streaming(bench, row, server, **arguments):
    """The highest resident memory while 1,000 slow readers stream."""
    streaming = bench.start_load("hold", connections=1000, rate=128 * KIB, seconds=12, **arguments)
    peak, end = 0, time.monotonic() + 30
    while bench.load_process.poll() is None and time.monotonic() < end:
        peak = max(peak, server.rss_mib())
        time.sleep(0.1)
    measured = row.count_errors(bench.end_load())
    row.errors += 0 if streaming == "streaming" else 1
    return peak, measured["bytes"] / measured["seconds"] / MIB


def memory(bench):
    row = Row("Resident memory, MiB (all processes of the server)",
              ["server", "idle", "1,000 connections, one warm object", "1,000 connections, 100 cold objects"],
              note="Readers at 128 KiB/s each; nginx's figure counts shared pages once for each process.")
    hot = bench.new_object("warm", 64 * MIB)
    for name in bench.servers:
        server = bench.restart(name)
        time.sleep(1)
        idle = server.rss_mib()
        bench.origin.set(0, 0)
        row.count_errors(bench.load("range", url=server.url(f"/media/{hot}"), size=64 * MIB, length=MIB,
                                    connections=4, sequential=True))
        warm, warm_rate = peak_while_streaming(bench, row, server, url=server.url(f"/media/{hot}"))
        bench.origin.set(50, 40_000_000)
        cold_name = bench.new_object("slow-%", 256 * MIB)
        cold, cold_rate = peak_while_streaming(bench, row, server, url=server.url(f"/media/{cold_name}"), objects=100)
        row.data[name] = {"idle": idle, "warm": warm, "cold": cold, "warm_mib_per_second": warm_rate,
                          "cold_mib_per_second": cold_rate}
        row.add(name, f"{idle:.1f}", f"{warm:.1f} (at {warm_rate:.0f} MiB/s)", f"{cold:.1f} (at {cold_rate:.0f} MiB/s)")
        if name == "sluice":
            row.target("memory: idle, MiB", idle, 30)
            row.target("memory: 1,000 connections streaming, MiB", max(warm, cold), 100)
    return row
