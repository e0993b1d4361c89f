"""What signing a URL costs, on one core and without a network: bench_sign (sign.cpp) measures."""

import json
import os
import subprocess

from report import Row, median
from servers import BenchError


def sign(_bench):
    row = Row("Signing one S3 URL", ["", "µs, median of 5"])
    done = subprocess.run([os.environ["BENCH_SIGN"], "5"], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise BenchError(f"bench_sign ended with {done.returncode}: {done.stderr.strip()[:300]}")
    row.data = json.loads(done.stdout)
    for name, label in (("new_url", "a new URL, the day's signing key warm"), ("kept_url", "a kept one")):
        row.add(label, f"{median(row.data[name]) / 1000:.2f}")
    row.target("sign: a new URL, µs", median(row.data["new_url"]) / 1000, 5)
    return row
