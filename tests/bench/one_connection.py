"""A plain HTTP/1.1 client, where each answer's bytes are wanted: one kept connection, or many at once."""

import random
import socket
import threading


class Connection:
    """One connection, used again and again."""

    def __init__(self, port):
        self.host = f"127.0.0.1:{port}"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def get(self, path, fields):
        """Status and body; (0, b"") where the connection broke. Bodies have a length or are chunked."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        try:
            self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{lines}\r\n".encode())
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            known = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            if known.get("transfer-encoding") == "chunked":
                return int(head[0].split(" ")[1]), self._chunks()
            return int(head[0].split(" ")[1]), self._take(int(known.get("content-length", 0)))
        except (OSError, EOFError):
            return 0, b""

    def close(self):
        self.socket.close()

    def _more(self):
        piece = self.socket.recv(256 * 1024)
        if not piece:
            raise EOFError
        self.rest += piece

    def _until(self, end):
        while end not in self.rest:
            self._more()
        found, _, self.rest = self.rest.partition(end)
        return found

    def _take(self, size):
        while len(self.rest) < size:
            self._more()
        body, self.rest = self.rest[:size], self.rest[size:]
        return body

    def _chunks(self):
        body = b""
        while size := int(self._until(b"\r\n"), 16):
            body += self._take(size)
            self._take(2)
        self._until(b"\r\n")
        return body


def many(port, path, fields, clients, seeks, size, length=64 * 1024):
    """So many clients at once, each with seeks to random places of an object: [(status, body, (first, last))]."""
    answers = []
    start = threading.Barrier(clients)

    def run(seed):
        draw = random.Random(seed)
        connection = Connection(port)
        start.wait(60)
        for _ in range(seeks):
            first = draw.randrange(size - length)
            last = first + length - 1
            answers.append((*connection.get(path, fields | {"Range": f"bytes={first}-{last}"}), (first, last)))
        connection.close()

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
