"""Rows with an origin that takes its time: cold, collapse, segments."""

import os
import random
import subprocess
import sys

from report import Row, median, ratio
from servers import HERE, free_port, settled

KIB, MIB = 1024, 1024 * 1024
PAGE = 64 * KIB
FILM = 512 * MIB
DELAY_MS, RATE = 50, 40_000_000


def curl_exact(bench, name, byte_range):
    """One exact request to the origin by curl: milliseconds to the first byte and in all."""
    done = subprocess.run(
        ["curl", "-sS", "-o", os.devnull, "-r", byte_range, "-w", "%{time_starttransfer} %{time_total} %{http_code}",
         bench.origin.url(f"/bench/{name}")], capture_output=True, text=True, check=True, timeout=60)
    first, total, code = done.stdout.split()
    assert code == "206", done.stdout
    return float(first) * 1000, float(total) * 1000


class ColdCase:
    """One kind of request, always for an object that nobody has asked for yet."""

    def __init__(self, label, size, make_range, exact=None, **arguments):
        self.label = label
        self.size = size
        self.make_range = make_range  # random.Random -> what stands behind "bytes="
        self.exact = exact            # the same for curl, where it is another range
        self.arguments = arguments

    def measure(self, bench, row, trials):
        data = {"exact": [], **{name: [] for name in bench.servers}}
        draw = random.Random(11)
        for trial in range(trials + 1):
            byte_range = self.make_range(draw)
            for server, url in (("exact", None), *((name, it.url("/media/")) for name, it in bench.servers.items())):
                name = bench.new_object("cold", self.size)
                bench.origin.reset()
                if url is None:
                    first, total = curl_exact(bench, name, self.exact or byte_range)
                else:
                    measured = row.count_errors(bench.load(
                        "once", url=url + name, range=f"bytes={byte_range}", **self.arguments,
                        **({"verify": True} if trial == 0 else {})))
                    first, total = measured["first_byte_ms"]["p50"], measured["latency_ms"]["p50"]
                stats = settled(bench.origin)
                if trial > 0:  # the first one checks the bytes, and connects
                    data[server].append({"first": first, "total": total, "origin_bytes": stats["body_bytes"],
                                         "requests": stats["requests"], "log": stats["log"][:20]})
        return data


def seek(length):
    def make(draw):
        first = draw.randrange(MIB, FILM - length) | 1
        return f"{first}-{first + length - 1}"
    return make


COLD_CASES = [
    ColdCase("seek, 2 MiB", FILM, seek(2 * MIB), length=2 * MIB),
    ColdCase("seek, 64 KiB", FILM, seek(64 * KIB), length=64 * KIB),
    ColdCase("suffix, 512 KiB", FILM, lambda _: f"-{512 * KIB}", length=512 * KIB),
    ColdCase("`bytes=0-` of 8 MiB", 8 * MIB, lambda _: "0-", length=8 * MIB),
    ColdCase("`bytes=0-`, 1 MiB read, abort", FILM, lambda _: "0-", exact=f"0-{MIB - 1}", abort_after=MIB),
]


def compared(bench, data):
    """Sluice's times against those of what it is compared with: medians of the trials' ratios; {} where it is alone."""
    if len(bench.servers) < 2:
        return {}
    pairs = list(zip(data["sluice"], data[bench.baseline]))
    return {key: median([ratio(ours[key], theirs[key]) for ours, theirs in pairs]) for key in ("first", "total")}


def cold(bench):
    row = Row(f"Cold: origin with {DELAY_MS} ms a request and {RATE // 10**6} MB/s a connection",
              ["request", "exact (curl) ms: first byte / total", f"{bench.baseline} ms", "Sluice ms", "Sluice against exact",
               f"Sluice against {bench.baseline}", f"from the origin, KiB: {bench.baseline} / Sluice"])
    bench.origin.set(DELAY_MS, RATE)
    for case in COLD_CASES:
        data = row.data[case.label] = case.measure(bench, row, 5 if bench.quick else 9)
        middle = {server: {key: median([each[key] for each in runs]) for key in ("first", "total", "origin_bytes")}
                  for server, runs in data.items()}
        exact, ours = middle["exact"], middle.get("sluice")
        cells = {server: f"{it['first']:.1f} / {it['total']:.1f}" for server, it in middle.items()}
        fetched = " / ".join(f"{middle[server]['origin_bytes'] / KIB:,.0f}" for server in bench.servers)
        against = {key: ratio(ours[key], exact[key]) for key in ("first", "total")} if ours else {}
        paired = compared(bench, data)
        row.add(case.label, cells["exact"], cells.get(bench.baseline, ""), cells.get("sluice", ""),
                f"**{against['first']:.2f} / {against['total']:.2f}**" if ours else "",
                f"{paired['first']:.2f} / {paired['total']:.2f}" if paired else "", fetched)
        for key, label in (("first", "first body byte"), ("total", "total")):
            if ours:
                row.target(f"cold {case.label}: {label} against one exact request", against[key], 1.15)
            if bench.before:
                row.target(f"cold {case.label}: {label} against before", paired[key], 1 / 0.95)
        if ours and case.label == "seek, 64 KiB":
            row.target("cold seek, 64 KiB: most KiB from the origin",
                       max(each["origin_bytes"] for each in data["sluice"]) / KIB, 256)
    return row


def collapse(bench):
    """One cold 8 MiB range, by one client and by 50 at once."""
    row = Row("50 clients on one cold 8 MiB range",
              ["server", "most origin MiB (× the range)", "first byte, one client ms", "first byte, median of 50 ms", "ratio",
               "last of 50 ms", "total, median of 50 ms"],
              note="The origin's bytes are compared with the range rounded out to pages of 64 KiB.")
    bench.origin.set(DELAY_MS, RATE)
    ways = {"nginx": ("nginx", "/media/"), "nginx, proxy_cache_lock": ("nginx", "/locked/"), "sluice": ("sluice", "/media/")}
    ways = {way: where for way, where in ways.items() if where[0] in bench.servers}
    data = row.data = {way: {"single": [], "many": []} for way in ways}
    draw = random.Random(13)
    for trial in range(bench.rounds + 1):
        first = draw.randrange(MIB, FILM - 8 * MIB) | 1
        last = first + 8 * MIB - 1
        pages = (last // PAGE - first // PAGE + 1) * PAGE
        for way, (server, path) in ways.items():
            for kind, clients in (("single", 1), ("many", 50)):
                url = bench.servers[server].url(path + bench.new_object("joined", FILM))
                bench.origin.reset()
                measured = row.count_errors(bench.load("once", url=url, range=f"bytes={first}-{last}", clients=clients,
                                                       length=8 * MIB, **({"verify": True} if trial == 0 else {})))
                stats = settled(bench.origin)
                if trial > 0:
                    data[way][kind].append(measured | {"origin_bytes": stats["body_bytes"], "pages": pages,
                                                       "log": stats["log"][:60]})
    for way, runs in data.items():
        single = median([each["first_byte_ms"]["p50"] for each in runs["single"]])
        many = median([each["first_byte_ms"]["p50"] for each in runs["many"]])
        most = median([each["first_byte_ms"]["max"] for each in runs["many"]])
        total = median([each["latency_ms"]["p50"] for each in runs["many"]])
        fetched = max(each["origin_bytes"] / each["pages"] for each in runs["many"])  # a rule, not a speed: the worst
        row.add(way, f"{max(each['origin_bytes'] for each in runs['many']) / MIB:.2f} ({fetched:.2f}×)",
                f"{single:.1f}", f"{many:.1f}", f"**{ratio(many, single):.2f}**", f"{most:.1f}", f"{total:.0f}")
        if way == "sluice":
            row.target("collapse: origin bytes × the range", fetched, 1.004)
            row.target("collapse: the median client's first byte against one client's", ratio(many, single), 1.3)
    return row


def segments(bench):
    """Eight 2 MiB segments from the middle of a 200 MiB object, one after the other, at 8 MB/s."""
    row = Row("Eight 2 MiB segments of a 200 MiB object, origin with 50 ms a request and 8 MB/s a connection",
              ["way", "first segment's first byte, ms", "all eight, ms"])
    bench.origin.set(DELAY_MS, 8_000_000)
    size = 200 * MIB

    def play(url, verify=False):
        measured = row.count_errors(bench.load("range", url=url, size=size, length=2 * MIB, connections=1, count=8,
                                               sequential=True, start=100 * MIB + 12345,
                                               **({"verify": True} if verify else {})))
        return {"first": measured["first_request"]["first_byte_ms"], "total": measured["seconds"] * 1000}

    data = row.data = {"origin directly": []}
    for _ in range(3):
        data["origin directly"].append(play(bench.origin.url(f"/bench/{bench.new_object('parts', size)}")))
        for name, server in bench.servers.items():
            url = server.url(f"/media/{bench.new_object('parts', size)}")
            data.setdefault(f"{name}, cold", []).append(play(url))
            data.setdefault(f"{name}, warm", []).append(play(url))
            play(url, verify=True)
    if not bench.quick:
        port = free_port()
        app = bench.start_process("download-app", [sys.executable, str(HERE / "download_app.py"), str(port),
                                                   bench.origin.url("/bench/"), str(bench.directory)], port)
        url = app.url(f"/media/{bench.new_object('parts', size)}")
        data["app that downloads the object first, cold"] = [play(url)]
        data["app that downloads the object first, warm"] = [play(url)]
        play(url, verify=True)
        bench.stop(app)
    for way, runs in data.items():
        row.add(way, f"{median([each['first'] for each in runs]):,.1f}", f"{median([each['total'] for each in runs]):,.0f}")
    return row
