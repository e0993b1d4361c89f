"""What signing and renewed credentials cost: bench_sign (sign.cpp) and identity.mjs measure."""

import json
import os
import subprocess

from report import Row, median
from servers import HERE, BenchError, settled

MIB = 1024 * 1024


def reason(stderr):
    """What a program died of: of a script of Node's the error, not where it was thrown."""
    lines = stderr.strip().splitlines()
    return " ".join([line for line in lines if "Error" in line] or lines)[:300]


def measured_by(command, seconds):
    """The JSON that a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command[:2])} ended with {done.returncode}: {reason(done.stderr)}")
    return json.loads(done.stdout)


def signed(bench):
    """Requests to stores that Sluice has signed: by a new URL or a kept one."""
    return sum(value for name, value in bench.metrics().items() if name.startswith("sluice_sign_total"))


def sign_hits(bench, row):
    """How many URLs are signed in a second of hits."""
    server = bench.servers["sluice"]
    bench.origin.set(0, 0)
    load = {"url": server.url(f"/media/{bench.new_object('signed', MIB)}"), "size": MIB, "length": 1024}
    before = signed(bench)
    row.count_errors(bench.load("range", **load | {"length": MIB}, connections=1, sequential=True, verify=True))
    settled(bench.origin)
    row.errors += signed(bench) == before  # so the counter counts
    counts, hits = [], 0
    for _ in range(5):
        before = signed(bench)
        hits += row.count_errors(bench.load("range", **load, connections=8, seconds=1))["requests"]
        counts.append(signed(bench) - before)
    row.data["signed_in_hits"] = counts
    row.add(f"a second of hits ({hits:,} in all): URLs signed", f"{median(counts):.0f}")
    row.target("sign: URLs signed for hits", sum(counts), 0)


def sign(bench):
    row = Row("Signing", ["", "median of 5"])
    row.data = measured_by([os.environ["BENCH_SIGN"], "5"], 120)
    for name, label in (("new_url", "a new S3 URL, the day's signing key warm, µs"), ("kept_url", "a kept one, µs")):
        row.add(label, f"{median(row.data[name]) / 1000:.2f}")
    row.target("sign: a new URL, µs", median(row.data["new_url"]) / 1000, 5)
    if "sluice" in bench.servers:
        sign_hits(bench, row)
    return row


def identity(bench):
    """In front of the tests' stand-ins for the clouds."""
    rounds = 2 if bench.quick else 5
    row = Row("Credentials", ["", f"median of {rounds}"])
    try:
        row.data = measured_by(["node", str(HERE / "identity.mjs"), "--rounds", str(rounds)], 300)
    except (BenchError, OSError) as error:
        row.note = f"Not measured: {error}"
        row.errors += 1
        return row
    signatures, worker = row.data["signatures"], row.data["worker_us"]
    row.add(f"GCS by key: RSA signatures in {row.data['requests']} requests for one object", f"{median(signatures):.0f}")
    row.target("identity: RSA signatures for an object", max(signatures), 1)
    rsa, hmac = median(worker["rsa"]), median(worker["hmac"])
    row.add("GCS: CPU of the worker a request for a new object, µs, by RSA key and by HMAC key", f"{rsa:.0f}, {hmac:.0f}")
    row.target("identity: what an RSA signature costs the worker, µs", rsa - hmac, 300)  # to make one takes twice that
    for store, times in row.data["renewal"].items():
        without, hanging = median(times["without"]), median(times["hanging"])
        row.add(f"{store}: the slowest request, ms, while no renewal runs and while one hangs for 5 s",
                f"{without:.0f}, {hanging:.0f}")
        row.target(f"identity: {store}: what a renewal that hangs for 5 s adds, ms", hanging - without, 250)
    return row
