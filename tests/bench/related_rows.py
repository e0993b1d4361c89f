"""Rows of requests that have to do with each other: overlaps (at the same time), sequences (one after the other)."""

import random
import time

from reader import Background, Reader, at_once
from report import Row, median
from ways import EXACT, KIB, MIB, Held, add, all_ways, check, columns, measure

PAGE = 64 * KIB
FILM = 512 * MIB
DELAY_MS, RATE = 50, 40_000_000
SLOW_RATE, SEEK_RATE = 1_000_000, 10_000_000
SEEK_AFTER_S = (0.5, 0.9, 1.3, 1.7, 2.1, 2.5)  # so that some meet a read-ahead that is under way
NEIGHBOUR = 10_000_000  # bytes: 250 ms of one connection of the origin
PLAYED_S = 0.2          # from a segment's last byte to the request for the next one


def span(first, length):
    return f"{first}-{first + length - 1}"


def pages(ranges):
    """The bytes of all pages that these (first, length) touch."""
    return PAGE * len({page for first, length in ranges for page in range(first // PAGE, (first + length - 1) // PAGE + 1)})


def behind_a_slow_fill(bench, row):
    """A reads 10 MB at 1 MB/s; B asks for the 100 KB behind them."""
    def play(way):
        name = bench.new_object("behind", FILM)
        slow = Background(way.port, way.prefix + name, span(0, NEIGHBOUR), keep=False)
        row.errors += not slow.wait_for(1)
        wanted = span(NEIGHBOUR, 100_000)
        answer = way.get(name, wanted)
        slow.stop()
        check(bench, row, name, wanted, answer)
        return {"first": answer.first_ms}
    return play


def neighbours(bench, row, count):
    """So many readers, 5 ms apart, of an object that is known but not cached; each reads what is behind the one before."""
    def play(way):
        name = bench.new_object("neighbours", FILM)
        way.get(name, "0-0")
        wanted = [span(MIB + 12345 + i * NEIGHBOUR, NEIGHBOUR) for i in range(count)]

        def late(i):
            time.sleep(i * 0.005)
            return way.get(name, wanted[i])

        answers = at_once([lambda i=i: late(i) for i in range(count)])
        for each, answer in zip(wanted, answers):
            check(bench, row, name, each, answer)
        return {"first": max(answer.first_ms for answer in answers), "total": max(answer.total_ms for answer in answers)}
    return play


def seeks_ahead(bench, row):
    """Viewers at 8 MB/s, each of a film of his own; after this or that time a seek, 14 MiB ahead of where he is."""
    def one(way, after):
        name = bench.new_object("viewer", FILM)
        viewer = Background(way.port, way.prefix + name, "0-", keep=False, rate=8_000_000)
        row.errors += not viewer.wait_for(1)
        time.sleep(after)
        wanted = span((viewer.reader.received + 14 * MIB) | 1, PAGE)
        answer = way.get(name, wanted)
        viewer.stop()
        check(bench, row, name, wanted, answer)
        return answer.first_ms

    def play(way):
        first = at_once([lambda after=after: one(way, after) for after in SEEK_AFTER_S])
        return {"first": median(first), "worst": max(first)}
    return play


def unknown_object(bench, row):
    """Eight ranges at once of an object that nobody has asked for."""
    draw = random.Random(19)

    def play(way):
        name = bench.new_object("unknown", FILM)
        wanted = [span(draw.randrange(FILM - PAGE) | 1, PAGE) for _ in range(8)]
        answers = at_once([lambda each=each: way.get(name, each) for each in wanted])
        for each, answer in zip(wanted, answers):
            check(bench, row, name, each, answer)
        first = [answer.first_ms for answer in answers]
        return {"first": median(first), "worst": max(first)}
    return play


def many_parts(bench, row):
    """Twelve ranges in one request; directly, twelve requests at once."""
    draw = random.Random(23)

    def play(way):
        name = bench.new_object("parts", 25 * MIB)  # no more: nginx reads all of it for several ranges
        wanted = [span(MIB + i * 2 * MIB + draw.randrange(MIB), 100_000) for i in range(12)]
        if way.name == EXACT:
            answers = at_once([lambda each=each: way.get(name, each) for each in wanted])
            for each, answer in zip(wanted, answers):
                check(bench, row, name, each, answer)
            return {"total": max(answer.total_ms for answer in answers)}
        answer = way.get(name, ",".join(wanted))
        reader = Reader(bench.app.port)
        places = [answer.body.find(reader.get(f"/bench/{name}", each).body) for each in wanted]
        reader.close()
        row.errors += not answer.whole or -1 in places or places != sorted(places)
        return {"total": answer.total_ms}
    return play


def overlaps(bench):
    row = Row(f"Ranges of one object while others are under way, ms: origin with {DELAY_MS} ms a request and "
              f"{RATE // 10**6} MB/s a connection", columns(bench, "request"),
              note="Exact: the same requests to the origin directly.")
    ways, trials = all_ways(bench), 2 if bench.quick else 3
    bench.origin.set(DELAY_MS, SLOW_RATE)
    runs = row.data["behind"] = measure(bench, behind_a_slow_fill(bench, row), ways, 3, together=True)
    add(bench, row, runs, Held("first", "the 100 KB behind 10 MB that come at 1 MB/s: first byte", 1.1))
    bench.origin.set(DELAY_MS, RATE)
    for count, words in ((2, "two"), (8, "eight")):
        runs = row.data[words] = measure(bench, neighbours(bench, row, count), ways, trials)
        add(bench, row, runs, Held("first", f"{words} neighbouring 10 MB at once: the last first byte", 1.1))
        add(bench, row, runs, Held("total", f"{words} neighbouring 10 MB at once: until all are complete", 1.1))
    runs = row.data["unknown"] = measure(bench, unknown_object(bench, row), ways, 9)
    add(bench, row, runs, Held("first", "eight ranges at once of an unknown object: median first byte", 1.1))
    add(bench, row, runs, Held("worst", "eight ranges at once of an unknown object: worst first byte", 1.1))
    runs = row.data["parts"] = measure(bench, many_parts(bench, row), ways, trials)
    add(bench, row, runs, Held("total", "twelve ranges of 100 KB in one request (exact: twelve at once): total", 1.3))
    bench.origin.set(DELAY_MS, SEEK_RATE)
    runs = row.data["seeks"] = {}
    for _ in range(trials):
        for name, results in measure(bench, seeks_ahead(bench, row), ways, 1, together=True).items():
            runs.setdefault(name, []).extend(results)
    label = f"seek 14 MiB ahead of a viewer at 8 MB/s (origin {SEEK_RATE // 10**6} MB/s), {len(SEEK_AFTER_S)} moments"
    add(bench, row, runs, Held("first", f"{label}: median first byte", 1.1, compared=False))
    # The worst of a few is noise in itself, up to 1.5 where both sides are the origin.
    add(bench, row, runs, Held("worst", f"{label}: worst first byte", 2, compared=False))
    return row


def in_turn(bench, row, kind, size, ranges, pause=0):
    """These (first, length), one after the other on one connection, `pause` seconds between them."""
    def play(way):
        name = bench.new_object(kind, size)
        reader = Reader(way.port)
        answers, begin = [], time.perf_counter()
        for first, length in ranges:
            answers.append(reader.get(way.prefix + name, span(first, length)))
            time.sleep(pause)
        total = (time.perf_counter() - begin) * 1000
        reader.close()
        for (first, length), answer in zip(ranges, answers):
            check(bench, row, name, span(first, length), answer)
        later = [answer.total_ms for answer in answers[2:]]  # the first byte alone may be of the segment before's last page
        return {"object": name, "total": total, "later": median(later), "worst": max(later),
                "sent": sum(answer.received for answer in answers)}
    return play


def pdf_chunks(chunks):
    """As PDF.js asks for 64 KiB chunks: the first, the last, then mostly forward, now and then for one elsewhere (a font,
    an image that pages share) and back."""
    draw = random.Random(29)
    order, at = [0, chunks - 1], 1
    while len(order) < 60:
        order.append(at)
        at += draw.choice((1, 1, 1, 1, 2))
        if draw.random() < 0.12:
            order.append(draw.randrange(chunks // 2, chunks - 1))
    return [(chunk * PAGE, PAGE) for chunk in dict.fromkeys(order)]


def segment_ranges(count):
    """Byte ranges of a player's segments, of 1 to 2 MiB each, one behind the other."""
    draw, ranges, at = random.Random(31), [], 1234
    for _ in range(count):
        ranges.append((at, draw.randrange(MIB, 2 * MIB)))
        at += ranges[-1][1]
    return ranges


def relative(runs, key, base):
    """Adds to each result how many times `base` the origin sent."""
    for results in runs.values():
        for result in results:
            result[key] = result["fetched"] / (base or result["sent"])
    return runs


def sequences(bench):
    row = Row(f"Ranges of one object, one after the other: origin with {DELAY_MS} ms a request and {RATE // 10**6} MB/s a "
              "connection", columns(bench, "requests"), note="Exact: the same requests to the origin directly.")
    bench.origin.set(DELAY_MS, RATE)
    ways, trials = all_ways(bench), 2 if bench.quick else 3

    def run(label, size, ranges, pause=0):
        runs = row.data[label] = measure(bench, in_turn(bench, row, "turn", size, ranges, pause), ways, trials, together=True)
        return relative(runs, "overhead", None)

    runs = run("sequential", 64 * MIB, [(i * PAGE, PAGE) for i in range(64)])
    add(bench, row, runs, Held("total", "64 KiB ranges over 4 MiB: total, ms", 0.5))
    add(bench, row, runs, Held("overhead", "64 KiB ranges over 4 MiB of 64: bytes from the origin, × those sent",
                               form="{:.2f}", grain=0.1))
    runs = run("pdf", 24 * MIB, pdf_chunks(24 * MIB // PAGE))
    add(bench, row, runs, Held("total", "a PDF as PDF.js asks for it (60 chunks): total, ms", 1.0))
    add(bench, row, runs, Held("overhead", "the PDF: bytes from the origin, × those sent", 1.3, absolute=True,
                               form="{:.2f}", grain=0.1))
    draw = random.Random(37)
    ranges = [(draw.randrange(FILM - 10_000), 10_000) for _ in range(30)]
    runs = relative(run("random", FILM, ranges), "pages", pages(ranges))
    add(bench, row, runs, Held("pages", "30 random 10 KB ranges: bytes from the origin, × their pages", 1.3, absolute=True,
                               form="{:.2f}", grain=0.1))
    ranges = segment_ranges(8)
    runs = run("segments", sum(ranges[-1]), ranges, PLAYED_S)
    add(bench, row, runs, Held("later", "segments of 1 to 2 MiB, from the third on: median until complete, ms", 0.3,
                               form="{:.1f}"))
    add(bench, row, runs, Held("worst", "segments, from the third on: worst until complete, ms", 1.0, form="{:.1f}"))
    add(bench, row, runs, Held("overhead", "segments: bytes from the origin, × those sent", 1.1, absolute=True,
                               form="{:.2f}", grain=0.1))
    return row
