"""That the clients see what is wrong: each fault of a server is an error of its kind, and a right answer none.

    ctest --preset release -R tools_bench
"""

import http.server
import json
import os
import struct
import subprocess
import threading
import types
import unittest

from reader import Reader, at_once
from report import Row
from ways import Held, add, check

SIZE, NAME = 1 << 20, f"film.{1 << 20}"
MASK = (1 << 64) - 1


def splitmix64(state):
    state = (state + 0x9E3779B97F4A7C15) & MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def content(name, first, last):
    """The content rule once more, written apart from content.hpp."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & MASK
    words = b"".join(struct.pack("<Q", splitmix64((seed + i) & MASK)) for i in range(first // 8, last // 8 + 1))
    return words[first % 8:][:last - first + 1]


class Faulty(http.server.BaseHTTPRequestHandler):
    """The fault is the path's first segment."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        fault = self.path.split("/")[1]
        first, last = map(int, self.headers["Range"][6:].split("-"))
        body = bytearray(content("other" if fault == "object" else NAME, first, last))
        if fault == "byte":
            body[-1] ^= 1
        self.send_response(500 if fault == "status" else 206)
        self.send_header("Content-Length", str(len(body) + (1 if fault == "length" else 0)))
        self.send_header("Content-Range", f"bytes {first + (1 if fault == 'range' else 0)}-{last}/{SIZE}")
        self.end_headers()
        self.wfile.write(body[:10] if fault == "cut" else body)
        if fault == "cut":
            self.close_connection = True

    def log_message(self, *_):
        pass


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """The client hangs up on a wrong answer: as it should."""


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = QuietServer(("127.0.0.1", 0), Faulty)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()


class Load(Served):
    def run_load(self, fault, *arguments):
        url = f"http://127.0.0.1:{self.server.server_port}/{fault}/{NAME}"
        done = subprocess.run(
            [os.environ["BENCH_LOAD"], "range", "--url", url, "--size", str(SIZE), "--length", "4099", "--connections",
             "2", "--count", "6", *arguments], capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, json.loads(done.stdout)

    def test_right_answers(self):
        for arguments in ([], ["--verify"]):
            status, measured = self.run_load("none", *arguments)
            self.assertEqual((status, measured["requests"], measured["bytes"], measured["errors"]["total"]),
                             (0, 6, 6 * 4099, 0))

    def test_faults(self):
        for fault, kind in {"status": "status", "length": "length", "range": "range", "byte": "content",
                            "object": "content", "cut": "lost"}.items():
            with self.subTest(fault):
                status, measured = self.run_load(fault, "--verify")
                self.assertEqual(status, 1)
                self.assertEqual(measured["errors"][kind], measured["errors"]["total"])
                self.assertGreater(measured["errors"][kind], 0)


class Related(Served):
    """reader.py and ways.py; the server stands for the app too, whose bytes are the right ones."""

    def run_get(self, fault, last=4099, **how):
        reader = Reader(self.server.server_port)
        answer = reader.get(f"/{fault}/{NAME}", f"5-{last}", **how)
        reader.close()
        return answer

    def test_right_answers(self):
        answer = self.run_get("bench")
        self.assertTrue(answer.whole)
        self.assertEqual(answer.body, content(NAME, 5, 4099))
        self.assertLessEqual(answer.first_ms, answer.total_ms)
        self.assertEqual(self.run_get("bench", keep=False).received, 4095)
        self.assertTrue(all(each.whole for each in at_once([lambda: self.run_get("bench")] * 8)))
        self.assertLess(self.run_get("bench", last=60_004, enough=1000).received, 60_000)  # a head is read with 16 KiB

    def test_faults(self):
        bench = types.SimpleNamespace(app=types.SimpleNamespace(port=self.server.server_port))
        for fault in ("bench", "status", "byte", "object", "cut"):
            with self.subTest(fault):
                row = Row("", [])
                answer = self.run_get(fault)
                check(bench, row, NAME, "5-4099", answer)
                self.assertEqual(row.errors, int(fault != "bench"))

    def test_targets(self):
        def met(ours, exact, before=None, **held):
            row = Row("", [])
            runs = {"exact": [{"n": exact}], "sluice": [{"n": ours}]} | ({"before": [{"n": before}]} if before else {})
            add(types.SimpleNamespace(before=before, baseline="before" if before else "nginx"), row, runs,
                Held("n", "a number", **held))
            return [target.met for target in row.targets]

        self.assertEqual(met(109, 100, limit=1.1), [True])
        self.assertEqual(met(111, 100, limit=1.1), [False])
        self.assertEqual(met(3, 1, limit=3, at_least=True), [True])
        self.assertEqual(met(2.9, 1, limit=3, at_least=True), [False])
        self.assertEqual(met(5, 1, limit=4, absolute=True), [False])
        self.assertEqual(met(106, 100, 100, limit=1.1), [True, False])  # slower than before by more than 1 / 0.95
        self.assertEqual(met(1.9, 100, 0.1, limit=1.1), [True, True])   # below what is worth comparing
        self.assertEqual(met(90, 100, 100, at_least=True), [False])


if __name__ == "__main__":
    unittest.main()
