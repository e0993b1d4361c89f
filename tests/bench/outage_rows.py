"""Rows with an origin that fails for a while: outages, stale. Each has an origin of its own, for it is the origin's doing."""

import time

from reader import Background, at_once
from report import Row
from servers import Origin
from ways import EXACT, MIB, Held, Way, add, all_ways, check, columns
from window_rows import stop, variants

DELAY_MS, RATE = 50, 40_000_000
SIZE = 24 * MIB
OUTAGES = (0.3, 1, 3)
READERS = 2  # of each kind
FRESH_S = 2


def own_origin(bench, name):
    origin = bench.keep(Origin(name, bench.directory / f"{name}.log"))
    origin.set(DELAY_MS, RATE)
    return origin


def fallbacks(bench, server, requests):
    """Once so many requests are counted, which is a moment after their last byte."""
    def total(name):
        return sum(value for sample, value in bench.metrics(server).items() if sample.startswith(f"sluice_{name}_total"))

    end = time.monotonic() + 5
    while total("requests") < requests and time.monotonic() < end:
        time.sleep(0.05)
    return total("fallback")


def one_outage(bench, row, seconds, origin, servers):
    """All servers in front of one origin: readers within a transfer, and some who come while it fails."""
    ways = all_ways(bench, servers, exact=False)
    readers = {(way.name, kind): [] for way in ways for kind in ("within", "new")}

    def start(kind):
        for way in ways:
            for _ in range(READERS):
                name = bench.new_object("outage", SIZE)
                readers[way.name, kind].append((name, Background(way.port, way.prefix + name, "0-")))

    start("within")
    for name, reader in [each for group in list(readers.values()) for each in group]:
        row.errors += not reader.wait_for(SIZE // 4)
    origin.outage(seconds)
    time.sleep(0.05)
    start("new")
    data = {}
    for (way, kind), group in readers.items():
        cut = 0
        for name, reader in group:
            answer = reader.join()
            if not answer.whole:
                cut += 1
            else:
                check(bench, row, name, "0-", answer)
        data.setdefault(way, {})[f"cut, {kind}"] = cut
    for way in ways:
        if way.name != "nginx":
            data[way.name]["fallbacks"] = fallbacks(bench, servers[way.name], 2 * READERS)
    return data


def outages(bench):
    row = Row(f"The origin cuts what is under way and answers 503 for a while: of {READERS} readers of 24 MiB each",
              ["outage", "readers", f"cut: {bench.baseline}", "cut: Sluice", "fallbacks: Sluice"],
              note="Within: a quarter had come when it began. New: they ask 50 ms later.")
    jobs = []
    for seconds in OUTAGES:
        origin = own_origin(bench, f"origin-{seconds}")
        servers = variants(bench, f"outage-{seconds}", origin=origin)
        jobs.append((seconds, origin, servers))
    all_data = at_once([lambda job=job: one_outage(bench, row, *job) for job in jobs])
    for _, origin, servers in jobs:
        stop(bench, servers)
        bench.stop(origin)
    for seconds, data in zip(OUTAGES, all_data):
        row.data[str(seconds)] = data
        ours, theirs = data.get("sluice"), data.get(bench.baseline)
        for kind in ("within", "new"):
            row.add(f"{seconds:g} s", kind, *(str(it[f"cut, {kind}"]) if it else "" for it in (theirs, ours)),
                    f"{ours['fallbacks']:.0f}" if ours and kind == "new" else "")
            if ours:
                row.target(f"outage of {seconds:g} s: clients cut, {kind}", ours[f"cut, {kind}"], 0)
        if ours:
            row.target(f"outage of {seconds:g} s: fallbacks", ours["fallbacks"], 0)
    return row


def first_bytes(bench, row, ways, names):
    """Every object at once, on each way: the milliseconds to each first byte."""
    jobs = [(way, name) for way in ways for name in names[way.name]]
    answers = at_once([lambda way=way, name=name: way.get(name, "0-") for way, name in jobs])
    times = {}
    for (way, name), answer in zip(jobs, answers):
        check(bench, row, name, "0-", answer)
        times.setdefault(way.name, []).append({"first": answer.first_ms})
    return times


def one_stale(bench, row, kind, origin, servers):
    """Three objects on each way, and once more when they are stale and the origin is stalled, or down."""
    ways = [Way(name, it.port, "/stale/" if name == "nginx" else "/media/") for name, it in servers.items()]
    exact = [Way(EXACT, origin.port, "/bench/")]
    names = {way.name: [bench.new_object("stale", MIB) for _ in range(3)] for way in exact + ways}
    fresh = first_bytes(bench, row, exact + ways, names)
    time.sleep(FRESH_S + 0.3)
    if kind == "stalled":
        origin.set(600_000, RATE)
    else:
        bench.stop(origin)
    return first_bytes(bench, row, ways, names) | {EXACT: fresh[EXACT]}


def stale(bench):
    row = Row(f"Objects that were fresh for {FRESH_S} s, asked for a moment later, while the origin does not answer",
              columns(bench, "first byte, ms"),
              note="Exact: of the origin, while it answered. nginx with `proxy_cache_use_stale` and background update.")

    jobs = []
    for kind in ("stalled", "down"):
        origin = own_origin(bench, f"origin-{kind}")
        jobs.append((kind, origin, variants(bench, f"stale-{kind}", origin=origin, cache=[f"max_age: {FRESH_S}s"])))
    all_runs = at_once([lambda job=job: one_stale(bench, row, *job) for job in jobs])
    for (kind, origin, servers), runs in zip(jobs, all_runs):
        stop(bench, servers)
        if origin.alive():
            bench.stop(origin)
        row.data[kind] = runs
        add(bench, row, runs, Held("first", f"stale, the origin {kind}: first byte, ms", 10, absolute=True, compared=False,
                                   form="{:,.1f}"))
    return row
