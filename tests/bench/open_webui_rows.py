"""Sluice in front of Open WebUI's stand-in: what leave costs, a seek against the app alone, and a dead bucket."""

import json
import os
import shutil
import subprocess
import time
import urllib.request

from one_connection import Connection, many
from report import Row, median, ratio
from servers import HERE, fill_template, free_port

KIB, MIB, GIB = 1024, 1024 * 1024, 1024 * 1024 * 1024
DELAY_MS, RATE = 50, 40_000_000
KEPT, ASKED = "10s", "0s"  # ttl: the longest of the preset, and no decision kept at all
CLIENTS, CONCURRENCY = 200, 16


class Webui:
    """open_webui_app.mjs and its control port."""

    def __init__(self, bench):
        self.control = free_port()
        port = free_port()
        self.server = bench.start_process(
            "open-webui", ["node", str(HERE / "open_webui_app.mjs"), "--port", str(port), "--control",
                           str(self.control), "--origin", bench.origin.url("")], port,
            env=os.environ | {"TMPDIR": str(bench.directory)})
        self.fields = {"Authorization": f"Bearer {self.said()['token']}"}

    def said(self):
        return self._ask("/")

    def reset(self):
        self._ask("/reset", "POST")

    def add(self, key):
        """The paths of a new file of this object: what authorises it, and its bytes."""
        path = f"/api/v1/files/{self._ask(f'/add?key={key}', 'POST')['id']}"
        return path, path + "/content"

    def _ask(self, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.control}{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def start_sluice(bench, name, app_port, ttl, store_port=None):
    port, cache = free_port(), bench.directory / f"cache-{name}"
    cache.mkdir()
    config = fill_template("sluice-open-webui.yaml", {
        "WORKERS": bench.workers, "PORT": port, "ADMIN_PORT": free_port(), "APP_PORT": app_port,
        "CONCURRENCY": CONCURRENCY, "STORE_PORT": store_port or bench.origin.port, "CACHE": cache,
        "TTL": ttl}, bench.directory / f"{name}.yaml")
    return bench.start_process(name, [os.environ["SLUICE_BIN"], "serve", "--config", str(config)], port)


def bytes_of(bench, key, first, last):
    """The origin's own."""
    request = urllib.request.Request(bench.origin.url(f"/bench/{key}"), headers={"Range": f"bytes={first}-{last}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def time_requests(row, connection, path, fields, wanted, count):
    """Median milliseconds of so many requests, one after the other; `wanted`: status, and the body or None."""
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        status, body = connection.get(path, fields)
        times.append((time.perf_counter() - begin) * 1000)
        row.errors += status != wanted[0] or (wanted[1] is not None and body != wanted[1])
    return median(times)


def leave(bench, row, webui):
    """A hit with the decision kept, one without, and the app's own answer to the question, in alternation."""
    bench.origin.set(0, 0)
    key = bench.new_object("leave", MIB)
    question, content = webui.add(key)
    wanted = bytes_of(bench, key, 5, 1028)
    apps = {  # the app, where it is asked, the media path, its fields, how many requests it has had
        "the stand-in, preset": (webui.server.port, question, content, webui.fields,
                                 lambda: webui.said()["requests"], webui.reset),
        "a C++ app, plain gate": (bench.app.port, "/small", f"/gated/{key}", {},
                                  lambda: bench.app.stats()["requests"], bench.app.reset),
    }
    count = 100 if bench.quick else 400
    for label, (port, asked, path, fields, requests, reset) in apps.items():
        name = "kept-webui" if port == webui.server.port else "kept-gate"
        sluices = {ttl: start_sluice(bench, f"{name}-{ttl}", port, ttl) for ttl in (KEPT, ASKED)}
        ways = {"app": Connection(port), **{ttl: Connection(it.port) for ttl, it in sluices.items()}}
        ranged = fields | {"Range": "bytes=5-1028"}
        for ttl in (KEPT, ASKED):  # the bytes come into the cache
            time_requests(row, ways[ttl], path, ranged, (206, wanted), 20)
        runs = {way: [] for way in ways}
        extra = []
        for _ in range(5):
            runs["app"].append(time_requests(row, ways["app"], asked, fields, (200, None), count))
            reset()
            runs[ASKED].append(time_requests(row, ways[ASKED], path, ranged, (206, wanted), count))
            row.errors += requests() != count  # one question a hit: so the counter counts
            time_requests(row, ways[KEPT], path, ranged, (206, wanted), 1)  # a decision with its whole life before it
            reset()
            begin = time.monotonic()
            runs[KEPT].append(time_requests(row, ways[KEPT], path, ranged, (206, wanted), count))
            # Where the machine stood still for longer than a decision lives, it was asked for again, rightly.
            if time.monotonic() - begin < 8:
                extra.append(requests())
        for connection in ways.values():
            connection.close()
        for sluice in sluices.values():
            bench.stop(sluice)
        added = median([ours - own for ours, own in zip(runs[ASKED], runs["app"])])
        row.data[label] = {"ms": runs, "added_ms": added, "app_requests_with_decision_kept": extra, "hits_a_run": count}
        row.add(f"{label}: its answer to the subrequest, ms", f"{median(runs['app']):.3f}", "")
        row.add(f"{label}: a hit, `ttl: {ASKED}`, ms", "", f"{median(runs[ASKED]):.3f} (**{added:+.3f}**)")
        row.add(f"{label}: a hit, decision kept, ms; requests to the app in {count * len(extra)} hits", "",
                f"{median(runs[KEPT]):.3f}; **{sum(extra)}**")
        row.target(f"open_webui, {label}: ttl 0 adds to the app's own answer, ms", added, 1)
        row.target(f"open_webui, {label}: requests to the app with a kept decision", sum(extra) if extra else 1, 0)


def curl(port, path, fields, byte_range):
    """Milliseconds to the first byte of a request on a connection of its own."""
    headers = [text for name, value in fields.items() for text in ("-H", f"{name}: {value}")]
    done = subprocess.run(["curl", "-sS", "-o", os.devnull, *headers, "-r", byte_range, "-w",
                           "%{time_starttransfer} %{http_code} %{size_download}", f"http://127.0.0.1:{port}{path}"],
                          capture_output=True, text=True, check=True, timeout=180)
    first, code, size = done.stdout.split()
    return float(first) * 1000, code == "206" and int(size) == 64 * KIB


def seek(bench, row, webui):
    """The first byte of a seek into the middle of 1 GiB, cold, with no decision kept; against the app alone."""
    bench.origin.set(DELAY_MS, RATE)
    key = bench.new_object("film", GIB)
    _, content = webui.add(key)
    sluice = start_sluice(bench, "seek", webui.server.port, ASKED)
    runs = {"alone": [], "sluice": []}

    def one(way, port, i):
        first = GIB // 2 + i * 48 * MIB + 12345  # never near what was fetched before
        took, right = curl(port, content, webui.fields, f"{first}-{first + 64 * KIB - 1}")
        row.errors += not right
        runs[way].append(took)

    rounds_alone = 1 if bench.quick else 2  # each downloads 1 GiB: 27 s
    for i in range(5):
        one("sluice", sluice.port, i)
        if i < rounds_alone:
            one("alone", webui.server.port, i)
    bench.stop(sluice)
    times = ratio(median(runs["alone"]), median(runs["sluice"]))
    row.data["seek"] = runs
    row.add(f"first byte of a cold seek in 1 GiB at {RATE // 10**6} MB/s, ms "
            f"(median of {rounds_alone} alone, 5 through Sluice)", f"{median(runs['alone']):,.0f}",
            f"{median(runs['sluice']):.1f} (**{times:,.0f}×**)")
    row.target("open_webui: seek in 1 GiB, the app's first byte against Sluice's", times, 50, at_least=True)


def dead_bucket(bench, row, webui):
    """The bucket cannot be reached by Sluice, though by the app: 200 clients seek, three times each."""
    bench.origin.set(DELAY_MS, RATE)
    key = bench.new_object("fallback", 4 * MIB)
    _, content = webui.add(key)
    whole = bytes_of(bench, key, 0, 4 * MIB - 1)
    sluice = start_sluice(bench, "dead", webui.server.port, KEPT, store_port=free_port())
    runs = []
    for _ in range(3 if bench.quick else 5):
        webui.reset()
        answers = many(sluice.port, content, webui.fields, CLIENTS, 3, 4 * MIB)
        counts = {status: sum(answer[0] == status for answer in answers) for status in (206, 503)}
        wrong = sum(status == 206 and body != whole[first:last + 1] for status, body, (first, last) in answers)
        row.errors += wrong + len(answers) - sum(counts.values())
        said = webui.said()
        runs.append({"most": said["most"], "downloads": said["all"], "206": counts[206], "503": counts[503]})
    bench.stop(sluice)
    most = max(run["most"] for run in runs)
    row.data["dead bucket"] = runs
    answered = ", ".join(f"{sum(run[status] for run in runs)} × {status}" for status in ("206", "503"))
    row.add(f"bucket down, {CLIENTS} clients seeking: most downloads at once that the app saw "
            f"(`fallback.concurrency`: {CONCURRENCY})", "", f"**{most}** (answers: {answered})")
    row.target("open_webui: most downloads at once with the bucket down", most, CONCURRENCY)
    row.target("open_webui: downloads that the app was left with", min(run["downloads"] for run in runs), 1,
               at_least=True)


def open_webui(bench):
    row = Row("In front of Open WebUI (its stand-in)", ["", "the app alone", "through Sluice"],
              note="Medians of 5 alternating runs, one connection each; what `ttl: 0s` adds is the median of the runs' "
                   "differences.")
    if shutil.which("node") is None or bench.only == "nginx":
        row.note = "Not measured: it needs node, and Sluice."
        return row
    webui = Webui(bench)
    try:
        leave(bench, row, webui)
        seek(bench, row, webui)
        dead_bucket(bench, row, webui)
    finally:
        bench.stop(webui.server)
    return row
