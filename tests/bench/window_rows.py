"""Rows of readers that take less, or more, than one connection of the origin gives: windows, fast_reader, unstorable."""

import time

from reader import Background, at_once
from report import Row
from servers import fill_template, free_port
from ways import EXACT, MIB, Held, Way, add, all_ways, check, columns, measure

FILM = 512 * MIB
DELAY_MS, RATE = 50, 40_000_000
FAST_RATE = 10_000_000
WAIT_S = 4
LARGE = ["read_ahead: 200MiB"]


def variants(bench, variant, origin=None, store=(), cache=()):
    """One more of each server, so configured."""
    return {name: bench.start(name, variant, origin, store, cache) for name in bench.servers}


def stop(bench, servers):
    for server in servers.values():
        bench.stop(server)


def nginx_in_front(bench, server, name, buffering="on"):
    """A bare `proxy_pass`, with the buffers that nginx has by default."""
    port, own = free_port(), bench.directory / f"front-{name}"
    own.mkdir(exist_ok=True)
    values = {"DIRECTORY": own, "PORT": port, "UPSTREAM_PORT": server.port, "BUFFERING": buffering}
    config = fill_template("nginx-bare.conf", values, own / "nginx.conf")
    command = ["nginx", "-e", str(own / "nginx-error.log"), "-c", str(config), "-p", str(own)]
    return bench.start_process(f"front-{name}", command, port)


def reading(row, way, name, byte_range, **how):
    """Reads in the background for some seconds; what came."""
    reading_it = Background(way.port, way.prefix + name, byte_range, keep=False, receive_buffer=64 * 1024, **how)
    row.errors += not reading_it.wait_for(1)
    time.sleep(WAIT_S)
    return reading_it.stop().received


def windows(bench):
    """What a reader who takes little costs at the origin. All at once: each waits, and has an object of its own."""
    row = Row(f"MiB from the origin beyond what a reader took, after {WAIT_S} s", columns(bench, "reader"),
              note="Exact: directly, where what is not taken waits in the sockets (behind nginx: in those of two hops).")
    bench.origin.set(DELAY_MS, RATE)
    large = variants(bench, "read-ahead", cache=LARGE)
    fronts = {name: nginx_in_front(bench, server, name) for name, server in bench.servers.items()}
    fronts[EXACT] = nginx_in_front(bench, bench.origin, EXACT, buffering="off")  # as `X-Accel-Buffering: no` does
    normal, far = all_ways(bench), all_ways(bench, large)
    fronted = [Way(name, it.port, "/bench/" if name == EXACT else "/media/") for name, it in fronts.items()]
    slow, early, late = {"rate": 10_000}, {"enough": 1_000_000}, {"enough": 40_000_000}
    cases = [("10 KB/s, `read_ahead` 16 MiB", normal, "0-", slow, 1.5), ("10 KB/s, `read_ahead` 200 MiB", far, "0-", slow, 1.5),
             ("10 KB/s, a named range of 64 MiB", normal, f"0-{64 * MIB - 1}", slow, 1.5),
             ("stopped after 1 MB, `read_ahead` 16 MiB", normal, "0-", early, 4),
             ("stopped after 1 MB, `read_ahead` 200 MiB", far, "0-", early, 4),
             ("stopped after 40 MB, `read_ahead` 16 MiB", normal, "0-", late, 16),
             ("stopped after 40 MB, `read_ahead` 200 MiB", far, "0-", late, 24),
             ("stopped after 50 KB, behind a bare nginx `proxy_pass`", fronted, "", {"enough": 50_000}, 24)]
    jobs = []
    for label, ways, byte_range, how, _ in cases:
        for way in ways:
            name = bench.new_object("window", 100 * MIB if ways is fronted else FILM)
            jobs.append((label, way, name, lambda way=way, name=name, byte_range=byte_range, how=how:
                         reading(row, way, name, byte_range, **how)))
    took = at_once([job for *_, job in jobs])
    sent = bench.origin.stats()["object_bytes"]
    for label, *_, limit in cases:
        runs = row.data[label] = {way.name: [{"ahead": (sent.get(name, 0) - received) / MIB, "took": received}]
                                  for (of, way, name, _), received in zip(jobs, took) if of == label}
        add(bench, row, runs, Held("ahead", label, limit, absolute=True, form="{:.2f}", compared=False))
    stop(bench, large)
    stop(bench, fronts)
    return row


def fast_reader(bench):
    row = Row(f"One fast reader of 24 MiB, MB/s: origin with {DELAY_MS} ms a request and {FAST_RATE // 10**6} MB/s a connection",
              columns(bench, "request"))
    bench.origin.set(DELAY_MS, FAST_RATE)
    parallel = ["parallel: 4"]
    known = {name: name != "nginx" and bench.accepts(name, store=parallel) for name in bench.servers}
    row.note = ", ".join(f"{name} {'with' if known[name] else 'does not know'} `parallel: 4`" for name in known
                         if name != "nginx") + "."
    servers = {name: bench.start(name, "parallel", store=parallel if known[name] else ()) for name in bench.servers}

    def play(byte_range, size):
        def run(way):
            name = bench.new_object("fast", size)
            answer = way.get(name, byte_range)
            check(bench, row, name, byte_range, answer)
            return {"rate": answer.received / 1000 / answer.total_ms}
        return run

    for label, byte_range, size in (("`bytes=0-`", "0-", 24 * MIB),
                                    ("a range named to the last byte", f"0-{24 * MIB - 1}", 24 * MIB),
                                    ("a named range", f"{MIB + 5}-{25 * MIB + 4}", FILM)):
        runs = row.data[label] = measure(bench, play(byte_range, size), all_ways(bench, servers), 2, together=True)
        add(bench, row, runs, Held("rate", f"one fast reader, {label}: MB/s", 3, at_least=True, form="{:.1f}", grain=0.1))
    stop(bench, servers)
    return row


def unstorable(bench):
    """No room in the cache: `min_free` is more than the disk has."""
    clients, size = 20, 8 * MIB
    row = Row(f"{clients} clients at once on one object of {size // MIB} MiB that cannot be stored (nginx stores it)",
              columns(bench, "what"))
    bench.origin.set(DELAY_MS, RATE)
    servers = variants(bench, "no-room", cache=["min_free: 1000TiB"])

    def play(way):
        name = bench.new_object("unstorable", size)
        answers = at_once([lambda: way.get(name, "0-") for _ in range(1 if way.name == EXACT else clients)])
        for answer in answers:
            check(bench, row, name, "0-", answer)
        return {"object": name, "total": max(answer.total_ms for answer in answers)}

    runs = row.data = measure(bench, play, all_ways(bench, servers), 2 if bench.quick else 3)
    for results in runs.values():
        for result in results:
            result["times"] = result["fetched"] / size
    add(bench, row, runs, Held("times", "unstorable: bytes from the origin, × the object", 1.01, absolute=True, form="{:.2f}",
                               grain=0.1))
    add(bench, row, runs, Held("total", "unstorable: until the last client has it (exact: one alone), ms"))
    stop(bench, servers)
    return row
