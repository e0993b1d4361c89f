"""What rows give back, and how it is printed: Markdown tables, targets met and missed, JSON."""

import dataclasses
import os
import pathlib
import platform
import statistics
import subprocess


def median(values):
    return statistics.median(values) if values else float("nan")


def ratio(value, other):
    return value / other if other else float("nan")


@dataclasses.dataclass
class Target:
    """One number that the run is held to."""

    name: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def met(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self):
        sign = "≥" if self.at_least else "≤"
        return f"{'ok  ' if self.met else 'MISS'} {self.name}: {self.value:.3f} ({sign} {self.limit:g})"


@dataclasses.dataclass
class Row:
    """One row of the benchmark: a table, its targets, and everything that was measured."""

    title: str
    columns: list
    note: str = ""
    lines: list = dataclasses.field(default_factory=list)
    targets: list = dataclasses.field(default_factory=list)
    data: dict = dataclasses.field(default_factory=dict)
    errors: int = 0

    def add(self, *cells):
        self.lines.append([str(cell) for cell in cells])

    def count_errors(self, measured):
        self.errors += measured["errors"]["total"]
        return measured

    def target(self, name, value, limit, at_least=False):
        self.targets.append(Target(name, value, limit, at_least))

    def markdown(self):
        text = [f"### {self.title}", ""]
        if self.note:
            text += [self.note, ""]
        text += ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        text += ["| " + " | ".join(line) + " |" for line in self.lines]
        return "\n".join(text + [""])

    def json(self):
        return {"title": self.title, "columns": self.columns, "lines": self.lines, "errors": self.errors,
                "data": self.data, "targets": [dataclasses.asdict(each) | {"met": each.met} for each in self.targets]}


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout + done.stderr).strip().partition("\n")[0]


def read_value(path, key):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return ""


def machine():
    """Where the run took place, for the table's caption."""
    memory = int(read_value("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": read_value("/proc/cpuinfo", "model name"),
        "memory_gib": round(memory, 1),
        "kernel": platform.release(),
        "congestion_control": pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip(),
        "load_before": os.getloadavg()[0],
        "own_namespace": "BENCH_NETNS" in os.environ,
        "nginx": first_line(["nginx", "-v"]).rpartition("/")[2],
        "sluice": first_line([os.environ["SLUICE_BIN"], "--version"]),
    }


def caption(facts, command):
    return (f"{facts['cores']} cores ({facts['cpu']}), {facts['memory_gib']} GiB, Linux {facts['kernel']}, loopback with "
            f"{facts['congestion_control']}; client, origin and server share the cores, so only ratios count. "
            f"nginx {facts['nginx']} tuned, Sluice with access log and metrics. `{command}`")
