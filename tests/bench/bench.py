"""The benchmark's run: parse, start, measure row by row, report. Called by run.sh, which sets the environment."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import cold_rows
import open_webui_rows
import outage_rows
import related_rows
import sign_rows
import warm_rows
import window_rows
from report import Row, caption, machine, median
from servers import HERE, Bench, BenchError

OUT = HERE / "out"
PLAYBACK = HERE.parent / "browser" / "playback.mjs"


def playback(bench):
    """tests/browser/playback.mjs measures itself; its last line is JSON with `start_ms`, one time a start."""
    row = Row("Playback start in Chromium", ["median of", "ms"])
    if not PLAYBACK.exists():
        row.note = "Not measured: tests/browser/playback.mjs is not there."
        return row
    done = subprocess.run(["node", str(PLAYBACK), "--rounds", "5"], capture_output=True, text=True, timeout=300,
                          check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        said = [line for line in done.stderr.splitlines() if "Error:" in line]
        row.note = f"Not measured: playback.mjs ended with {done.returncode}: {' '.join(said)[:300]}"
        row.errors += 1
        return row
    row.data = json.loads(lines[-1])
    times = row.data["start_ms"]
    row.add(len(times), f"{median(times):.0f}")
    row.target("playback: start, ms", median(times), 2000)
    return row


ROWS = {"hits": warm_rows.hits, "cold": cold_rows.cold, "collapse": cold_rows.collapse, "segments": cold_rows.segments,
        "relay": warm_rows.relay, "memory": warm_rows.memory, "sign": sign_rows.sign, "identity": sign_rows.identity,
        "open_webui": open_webui_rows.open_webui, "playback": playback, "overlaps": related_rows.overlaps,
        "sequences": related_rows.sequences, "windows": window_rows.windows, "fast_reader": window_rows.fast_reader,
        "unstorable": window_rows.unstorable, "outages": outage_rows.outages, "stale": outage_rows.stale}

# Several rows by one name.
GROUPS = {"related": ("overlaps", "sequences", "windows", "fast_reader", "unstorable", "outages", "stale")}

# What --before compares. A row fails where it misses a target in two runs: one alone is this machine's noise.
COMPARED = ("hits", "cold", "relay", *GROUPS["related"])


def parse():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description="Sluice beside nginx, measured.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"{', '.join([*ROWS, *GROUPS])}; all without a name")
    parser.add_argument("--rounds", type=int, help="alternating rounds (7; 3 with --quick)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--only", choices=["nginx", "sluice"], help="one server, no comparison")
    parser.add_argument("--before", metavar="BINARY", help="another sluice in nginx's place: what a change costs")
    parser.add_argument("--workers", type=int, default=min(2, len(os.sched_getaffinity(0))), help="of each server (2)")
    given = parser.parse_args()
    given.rows = [row for name in given.rows for row in GROUPS.get(name, (name,))]
    unknown = [row for row in given.rows if row not in ROWS]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}")
    if given.before:
        if given.only:
            parser.error("--before and --only are mutually exclusive")
        if not os.access(given.before, os.X_OK):
            parser.error(f"--before: {given.before} is no program")
        if any(row not in COMPARED for row in given.rows):
            parser.error(f"--before compares only: {', '.join(COMPARED)}")
        given.rows = given.rows or list(COMPARED)
    given.rows = given.rows or list(ROWS)
    given.rounds = given.rounds or (3 if given.quick else 7)
    return given


def make_directory():
    """Where the caches are: on a real disk, for tmpfs has neither cold pages nor RWF_NOWAIT."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=os.environ.get("BENCH_DIR", "/var/tmp")))
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(directory)], capture_output=True, text=True, check=False)
    if kind.stdout.strip() in ("tmpfs", "ramfs"):
        print(f"bench: {directory} is in memory: set BENCH_DIR to a directory on a disk", file=sys.stderr)
    return directory


def run_rows(bench, names):
    rows = {}
    for name in names:
        begin = time.monotonic()
        rows[name] = ROWS[name](bench)
        if bench.baseline == "before" and not all(target.met for target in rows[name].targets):
            print(f"{rows[name].markdown()}\nA target was missed: once more.\n", flush=True)
            first, rows[name] = rows[name], ROWS[name](bench)
            rows[name].errors += first.errors
        dead = [server.name for server in bench.servers.values() if not server.alive()]
        if dead:
            raise BenchError(f"{', '.join(dead)} died in the row {name}; see {bench.directory}")
        print(rows[name].markdown(), flush=True)
        for target in rows[name].targets:
            print(f"    {target}")
        print(f"    errors: {rows[name].errors}   ({time.monotonic() - begin:.0f} s)\n", flush=True)
    return rows


def report(rows, facts, command):
    OUT.mkdir(exist_ok=True)
    text = caption(facts, command) + "\n\n" + "\n".join(row.markdown() for row in rows.values())
    (OUT / "bench.md").write_text(text)
    whole = {"machine": facts, "command": command, "rows": {name: row.json() for name, row in rows.items()}}
    (OUT / "bench.json").write_text(json.dumps(whole, indent=1))
    missed = [str(target) for row in rows.values() for target in row.targets if not target.met]
    missed += [f"MISS {name}: {row.errors} errors" for name, row in rows.items() if row.errors]
    print(caption(facts, command))
    print(f"Written to {OUT}/bench.md and bench.json.")
    print("\n".join(missed) if missed else "All targets are met.")
    return 1 if missed else 0


def main():
    given = parse()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    facts = machine()
    if facts["load_before"] > 0.5:
        print(f"bench: the machine is busy (load {facts['load_before']:.1f}): ratios will be noisy", file=sys.stderr)
    directory = make_directory()
    bench = None
    keep = False
    try:
        bench = Bench(directory, given.rounds, given.quick, given.only, given.workers, given.before)
        rows = run_rows(bench, given.rows)
        return report(rows, facts, " ".join(["tests/bench/run.sh", *sys.argv[1:]]))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        keep = True
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if bench:
            bench.stop_all()
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
