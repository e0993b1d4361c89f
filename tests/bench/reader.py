"""A client that says when bytes came: one GET at a time, to its end, at a pace, or only so far; and many at once."""

import concurrent.futures
import dataclasses
import socket
import threading
import time

PIECE = 256 * 1024
SILENCE = 30  # seconds without a byte: given up


@dataclasses.dataclass
class Answer:
    """What came of one request. Times in milliseconds, from before the connect where there was one."""

    status: int = 0  # 0: no whole head
    length: int = 0  # that was promised
    received: int = 0
    first_ms: float = float("nan")  # to the body's first byte
    total_ms: float = float("nan")
    body: bytes = b""  # where it was to be kept

    @property
    def whole(self):
        return self.status in (200, 206) and self.received == self.length


class Reader:
    """One connection, made when it is first needed and kept; `close` from another thread ends a `get`."""

    def __init__(self, port, receive_buffer=0):
        self.port = port
        self.receive_buffer = receive_buffer  # bytes, 0 for the system's choice; what is small leaves the rest to the server
        self.socket = None
        self.received = 0  # so far, of the answer that is being read

    def get(self, path, byte_range, keep=True, rate=0, enough=None):
        """`byte_range`: what stands behind "bytes=", or nothing. `keep`: the body, else it is discarded in the kernel.
        `rate`: bytes a second, 0 for all that comes. `enough`: stops reading after so many bytes, with the connection
        open."""
        answer = Answer()
        begin = time.perf_counter()
        self.received = 0
        try:
            self._request(path, byte_range)
            rest = self._head(answer)
            body = bytearray(answer.length) if keep else None
            if rest:
                self._take(answer, body, rest, begin)
            self._body(answer, body, begin, rate, answer.length if enough is None else min(enough, answer.length))
            answer.body = body or b""
        except (OSError, ValueError, AttributeError):  # the last: `close` was called, and the socket is gone
            pass  # what is missing in the answer says so
        answer.total_ms = (time.perf_counter() - begin) * 1000
        if not answer.whole and enough is None:
            self.close()
        return answer

    def close(self):
        it, self.socket = self.socket, None  # two threads may come here at once
        if it:
            try:
                it.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in recv
            except OSError:
                pass
            it.close()

    def _request(self, path, byte_range):
        if self.socket is None:
            self.socket = socket.socket()
            self.socket.settimeout(SILENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.receive_buffer:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
            self.socket.connect(("127.0.0.1", self.port))
        field = f"Range: bytes={byte_range}\r\n" if byte_range else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{field}\r\n".encode())

    def _head(self, answer):
        """Reads status and length; what came behind the head."""
        got = b""
        while b"\r\n\r\n" not in got:
            piece = self.socket.recv(16384)
            if not piece:
                raise OSError("closed within the head")
            got += piece
        head, _, rest = got.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        answer.length = int(fields["content-length"]) if "content-length" in fields else 0
        answer.status = int(lines[0].split(" ")[1])
        return rest

    def _take(self, answer, body, piece, begin):
        if answer.received == 0:
            answer.first_ms = (time.perf_counter() - begin) * 1000
        if body is not None:
            body[answer.received:answer.received + len(piece)] = piece
        answer.received += len(piece)
        self.received = answer.received

    def _body(self, answer, body, begin, rate, wanted):
        view = memoryview(body if body is not None else bytearray(PIECE))
        paced_from = time.perf_counter()
        while answer.received < wanted:
            want = min(PIECE, wanted - answer.received)
            if rate:
                want = min(want, int(rate * (time.perf_counter() - paced_from)) + 4096 - answer.received)
                if want <= 0:
                    time.sleep(0.02)
                    continue
            at = answer.received if body is not None else 0
            got = self.socket.recv_into(view[at:at + want], want, 0 if body is not None else socket.MSG_TRUNC)
            if got == 0:
                raise OSError("closed within the body")
            if answer.received == 0:
                answer.first_ms = (time.perf_counter() - begin) * 1000
            answer.received += got
            self.received = answer.received


class Background:
    """A GET in a thread of its own, while other requests are measured."""

    def __init__(self, port, path, byte_range, receive_buffer=0, **how):
        self.reader = Reader(port, receive_buffer)
        self.answer = None
        self.thread = threading.Thread(target=self._run, args=(path, byte_range), kwargs=how, daemon=True)
        self.thread.start()

    def _run(self, path, byte_range, **how):
        self.answer = self.reader.get(path, byte_range, **how)

    def wait_for(self, received, seconds=SILENCE):
        """Until so many bytes are here; False where that took longer, or the answer ended before."""
        end = time.monotonic() + seconds
        while self.reader.received < received and time.monotonic() < end and self.thread.is_alive():
            time.sleep(0.002)
        return self.reader.received >= received

    def join(self):
        self.thread.join()
        return self.answer

    def stop(self):
        """Hangs up; what had come by then."""
        self.reader.close()
        return self.join()


def at_once(jobs):
    """Calls all at the same moment, each in a thread of its own; what they return, in their order."""
    start = threading.Barrier(len(jobs))

    def run(job):
        start.wait(SILENCE)
        return job()

    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))
