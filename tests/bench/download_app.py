"""An app as many are: it downloads a media object whole to its disk before it answers the first range of it.

    download_app.py PORT ORIGIN_URL DIRECTORY
"""

import http.server
import pathlib
import re
import shutil
import sys
import threading
import urllib.request

ORIGIN, DIRECTORY = sys.argv[2], pathlib.Path(sys.argv[3])
LOCK = threading.Lock()


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.rpartition("/")[2]
        local = DIRECTORY / f"downloaded-{name}"
        with LOCK:
            if not local.exists():
                part = local.with_suffix(".part")
                with urllib.request.urlopen(ORIGIN + name) as answer, open(part, "wb") as file:
                    shutil.copyfileobj(answer, file, 1 << 20)
                part.rename(local)
        size = local.stat().st_size
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
        self.send_response(206)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        with open(local, "rb") as file:
            self.wfile.flush()
            self.connection.sendfile(file, first, last - first + 1)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
