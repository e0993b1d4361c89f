"""The processes of a run: started on ports of the system's choice, measured from /proc, ended by their ids."""

import ctypes
import itertools
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class BenchError(Exception):
    """The benchmark cannot run; the message says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fill_template(name, values, target):
    text = (HERE / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    target.write_text(text)
    return target


def wait_for_port(port, process, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise BenchError(f"{process.args[0]} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise BenchError(f"{process.args[0]} does not listen on port {port}")


def start_process(command, **arguments):
    """A child that ends with this program, however that ends."""
    return subprocess.Popen(command, preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM), **arguments)


class Server:
    """One server and its children."""

    def __init__(self, name, command, log, port, env=None):
        self.name = name
        self.port = port
        self.output = open(log, "ab")
        self.process = start_process(command, stdout=self.output, stderr=self.output, stdin=subprocess.DEVNULL,
                                     env=env)
        try:
            wait_for_port(port, self.process)
        except BenchError as error:
            self.stop()
            raise BenchError(f"{name}: {error}; its output is in {log}") from None

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def pids(self):
        """The process and its living children (nginx: master, workers, cache manager)."""
        own = self.process.pid
        children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own, *map(int, children)]

    def cpu_seconds(self):
        """User and system time of all threads of all its processes."""
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def rss_mib(self):
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total / 1024

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()


class Origin(Server):
    """bench_origin, and its controls."""

    def __init__(self, name, log):
        port = free_port()
        super().__init__(name, [os.environ["BENCH_ORIGIN"], "--port", str(port)], log, port)

    def set(self, delay_ms, rate):
        self._post(f"/_set?delay_ms={delay_ms}&rate={rate}")

    def reset(self):
        self._post("/_reset")

    def outage(self, seconds):
        """Cuts the answers under way, and answers 503 for so long."""
        self._post(f"/_outage?ms={seconds * 1000:.0f}")

    def stats(self):
        with urllib.request.urlopen(self.url("/_stats"), timeout=10) as answer:
            return json.load(answer)

    def _post(self, path):
        urllib.request.urlopen(urllib.request.Request(self.url(path), method="POST"), timeout=10).close()


def settled(origin, seconds=5):
    """The origin's counters once they have not moved for 150 ms: what is fetched behind a client's back counts too."""
    end = time.monotonic() + seconds
    before = origin.stats()
    while time.monotonic() < end:
        time.sleep(0.15)
        after = origin.stats()
        if after["body_bytes"] == before["body_bytes"] and after["requests"] == before["requests"]:
            return after
        before = after
    return before


class Bench:
    """Everything that a row needs: origin, app, the servers under test, and the load generator."""

    def __init__(self, directory, rounds, quick, only, workers, before=None):
        self.directory = directory
        self.rounds = rounds
        self.quick = quick
        self.only = only
        self.workers = workers
        self.running = []
        self.load_process = None
        self.object_numbers = itertools.count(1)  # a thread may take one too
        self.admin_port = free_port()
        self.before = before
        self.baseline = "before" if before else "nginx"  # what Sluice is compared with
        self.servers = {}
        try:
            self.origin = self.keep(Origin("origin", directory / "origin.log"))
            self.app = self.keep(Origin("app", directory / "app.log"))
            for name in (self.baseline, "sluice"):
                if only in (None, name):
                    self.servers[name] = self.start(name)
        except BaseException:
            self.stop_all()
            raise

    def keep(self, server):
        """Ends it with the run."""
        self.running.append(server)
        return server

    def start(self, name, variant="", origin=None, store=(), cache=()):
        """A server under test: nginx, before or sluice. `variant`: one more of the kind, in a directory of its own, with
        another origin, or with these lines in the `store` and the `cache` of its configuration (nginx has none)."""
        port, admin_port = free_port(), self.admin_port if name == "sluice" and not variant else free_port()
        own = self.directory / (f"{name}-{variant}" if variant else name)
        own.mkdir(exist_ok=True)
        values = {"WORKERS": self.workers, "DIRECTORY": own, "ORIGIN_PORT": (origin or self.origin).port,
                  "APP_PORT": self.app.port, "ADMIN_PORT": admin_port, "PORT": port,
                  "STORE": "".join(f"    {line}\n" for line in store), "CACHE": "".join(f"  {line}\n" for line in cache)}
        if name == "nginx":
            config = fill_template("nginx-tuned.conf", values, own / "nginx.conf")
            command = ["nginx", "-e", str(own / "nginx-error.log"), "-c", str(config), "-p", str(own)]
        else:
            (own / "sluice-cache").mkdir(exist_ok=True)
            config = fill_template("sluice-bench.yaml", values, own / "sluice.yaml")
            command = [self.binary(name), "serve", "--config", str(config)]
        server = self.keep(Server(name, command, self.directory / f"{own.name}.log", port))
        server.admin_port = admin_port
        return server

    def binary(self, name):
        return self.before if name == "before" else os.environ["SLUICE_BIN"]

    def accepts(self, name, store=(), cache=()):
        """Whether this Sluice knows these lines of configuration."""
        config = fill_template("sluice-bench.yaml", {
            "WORKERS": 1, "DIRECTORY": self.directory, "ORIGIN_PORT": 1, "APP_PORT": 2, "ADMIN_PORT": 3, "PORT": 4,
            "STORE": "".join(f"    {line}\n" for line in store), "CACHE": "".join(f"  {line}\n" for line in cache)},
            self.directory / "check.yaml")
        done = subprocess.run([self.binary(name), "check", "--config", str(config)], capture_output=True, check=False,
                              timeout=30)
        return done.returncode == 0

    def start_process(self, name, command, port, env=None):
        """Another server of a row's own; `env`: its environment, where it is not ours."""
        return self.keep(Server(name, command, self.directory / f"{name}.log", port, env))

    def stop(self, server):
        server.stop()
        self.running.remove(server)

    def restart(self, name):
        """A fresh process of a server under test, with its cache as it is."""
        self.stop(self.servers[name])
        self.admin_port = free_port() if name == "sluice" else self.admin_port
        self.servers[name] = self.start(name)
        return self.servers[name]

    def stop_all(self):
        if self.load_process and self.load_process.poll() is None:
            self.load_process.kill()
            self.load_process.wait()
        for server in reversed(self.running):
            server.stop()
        self.running.clear()

    def new_object(self, kind, size):
        """The name of an object that nobody has asked for yet."""
        return f"{kind}-{next(self.object_numbers)}.{size}"

    def load_command(self, mode, arguments):
        command = [os.environ["BENCH_LOAD"], mode]
        for key, value in arguments.items():
            command += [f"--{key.replace('_', '-')}"] + ([] if value is True else [str(value)])
        return command

    def load(self, mode, **arguments):
        """Runs the load generator and gives its JSON; errors are in it, not raised."""
        self.load_process = start_process(self.load_command(mode, arguments), stdout=subprocess.PIPE, text=True)
        output, _ = self.load_process.communicate(timeout=600)
        if not output.strip():
            raise BenchError(f"bench_load {mode} {arguments} ended with {self.load_process.returncode} and said nothing")
        return json.loads(output.splitlines()[-1])

    def start_load(self, mode, **arguments):
        """The load generator in the background; its first line (`streaming`) or None after 20 s."""
        self.load_process = start_process(self.load_command(mode, arguments), stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.load_process.stdout], [], [], 20)
        return self.load_process.stdout.readline().strip() if ready else None

    def end_load(self):
        output, _ = self.load_process.communicate(timeout=600)
        return json.loads(output.splitlines()[-1])

    def metrics(self, server=None):
        """The /metrics of a Sluice (of the one under test) as a dict of sample to value; empty where there is none."""
        server = server or self.servers.get("sluice")
        if server is None or server.name == "nginx":
            return {}
        with urllib.request.urlopen(f"http://127.0.0.1:{server.admin_port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}
