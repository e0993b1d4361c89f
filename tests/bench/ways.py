"""One thing done on each way to an object: to the origin directly, through nginx (or an older Sluice), through Sluice."""

import dataclasses

from reader import Reader, at_once
from report import median, ratio
from servers import settled

KIB, MIB = 1024, 1024 * 1024
EXACT = "exact"


@dataclasses.dataclass
class Way:
    """Where requests of one way go."""

    name: str  # EXACT, or the server's
    port: int
    prefix: str

    def get(self, name, byte_range, **how):
        """One GET on a connection of its own."""
        reader = Reader(self.port)
        answer = reader.get(self.prefix + name, byte_range, **how)
        reader.close()
        return answer


def all_ways(bench, servers=None, exact=True):
    """`servers`: others than those of the run, by the same names."""
    direct = [Way(EXACT, bench.origin.port, "/bench/")] if exact else []
    return direct + [Way(name, it.port, "/media/") for name, it in (servers or bench.servers).items()]


def check(bench, row, name, byte_range, answer):
    """Counts an answer as an error unless it has the object's bytes; the app has every object too, without a wait."""
    reader = Reader(bench.app.port)
    right = answer.whole and answer.body == reader.get(f"/bench/{name}", byte_range).body
    reader.close()
    row.errors += not right
    return right


def measure(bench, play, ways, trials, together=False):
    """`play(way)`, alternating over the ways: what it returned, by way. `together`: all of it at once, for what waits
    rather than works. A result that names its `object` gets the bytes that the origin sent of it (`fetched`)."""
    order = [way for _ in range(trials) for way in ways]
    jobs = [lambda way=way: play(way) for way in order]
    results = at_once(jobs) if together else [job() for job in jobs]
    if any("object" in result for result in results):
        counted = settled(bench.origin)["object_bytes"]
        for result in results:
            result["fetched"] = counted.get(result["object"], 0)
    runs = {}
    for way, result in zip(order, results):
        runs.setdefault(way.name, []).append(result)
    return runs


def columns(bench, what):
    return [what, "exact", bench.baseline, "Sluice", "Sluice against exact", f"Sluice against {bench.baseline}"]


@dataclasses.dataclass
class Held:
    """How a number of `measure` is shown, and what it is held to."""

    key: str
    label: str
    limit: float = None  # of the ratio to the exact request; of the number itself with `absolute`
    absolute: bool = False
    at_least: bool = False  # more is better
    form: str = "{:,.0f}"
    compared: bool = True  # with before; not where the number jumps of itself: by a window of read-ahead, a jittered wait
    grain: float = 2  # differences below that say nothing: numbers are compared with before as if at least so large


def add(bench, row, runs, held):
    """A line of the table, and its targets."""
    middle = {name: median([result[held.key] for result in results]) for name, results in runs.items()}
    ours, exact = middle.get("sluice"), middle.get(EXACT)
    pairs = list(zip(runs.get("sluice", []), runs.get(bench.baseline, [])))
    paired = median([ratio(max(mine[held.key], held.grain), max(theirs[held.key], held.grain)) for mine, theirs in pairs])
    cells = [held.form.format(middle[name]) if name in middle else "" for name in (EXACT, bench.baseline, "sluice")]
    row.add(held.label, *cells, f"**{ratio(ours, exact):.2f}**" if ours is not None and exact else "",
            f"{paired:.2f}" if pairs else "")
    if ours is not None and held.limit is not None:
        against = "" if held.absolute else " against one exact request"
        row.target(held.label + against, ours if held.absolute else ratio(ours, exact), held.limit, held.at_least)
    if bench.before and pairs and held.compared:
        row.target(f"{held.label} against before", paired, 0.95 if held.at_least else 1 / 0.95, held.at_least)
