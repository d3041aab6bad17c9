"""The fake server behind a real port, for the command line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from fake_odoo import FakeOdoo


class _QuietServer(ThreadingHTTPServer):
    """Prints no traceback when a client hangs up: it would be taken for the command's output."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def served(odoo: FakeOdoo) -> Iterator[str]:
    """Serve it on a port of this machine and give its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = odoo.handle(httpx.Request("POST", self.path, content=body))
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = _QuietServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
