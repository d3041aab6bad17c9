"""A proxy that spoils answers: the client's network on its worst days."""

import http.client
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

FAULTS = ("drop", "reset", "bad_gateway", "hold_response", "hold_request")
LINGER_RESET = struct.pack("ii", 1, 0)  # close() sends RST instead of FIN
HANGS_UP_WITHIN = 30  # seconds
BAD_GATEWAY = 502, [("Content-Type", "text/html")], b"<html>Bad Gateway</html>"
KEPT = ("Content-Type", "Set-Cookie")


class Proxy:
    """Passes requests on to a server, and does to some of them what `fault` says.

    - `drop`: carried out, then the connection is closed without an answer
    - `reset`: carried out, then the connection is reset
    - `bad_gateway`: carried out, then 502
    - `hold_response`: carried out, the answer is kept until the client has given up
    - `hold_request`: kept until the client has given up, and carried out then

    :param url: of the server behind it
    """

    def __init__(self, url):
        target = urlsplit(url)
        self.target = target.hostname, target.port
        self.paths = []  # of all requests, in order
        self._spoilt = lambda path, number: None
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()

    def spoil(self, choose):
        """From now on `choose(path, number)` gives the fault of a request, or None.

        `number` counts the requests of that path, from 0.
        """
        with self._lock:
            self.paths = []
            self._spoilt = choose

    def fault_of(self, path):
        with self._lock:
            self.paths.append(path)
            return self._spoilt(path, self.paths.count(path) - 1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is what this is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.proxy.fault_of(self.path)
        if fault == "hold_request":
            self._wait_until_the_client_hangs_up()
        answer = self._pass_on(body)
        if fault == "hold_response":
            self._wait_until_the_client_hangs_up()
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        if fault == "bad_gateway":
            answer = BAD_GATEWAY
        if fault in (None, "bad_gateway"):
            self._answer(*answer)
        else:
            self.close_connection = True

    def _pass_on(self, body):
        connection = http.client.HTTPConnection(*self.server.proxy.target, timeout=60)
        try:
            headers = {k: v for k, v in self.headers.items() if k != "Connection"}
            connection.request("POST", self.path, body, headers)
            response = connection.getresponse()
            kept = [pair for pair in response.getheaders() if pair[0] in KEPT]
            return response.status, kept, response.read()
        except OSError:
            return BAD_GATEWAY
        finally:
            connection.close()

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _wait_until_the_client_hangs_up(self):
        self.connection.settimeout(HANGS_UP_WITHIN)
        assert self.connection.recv(1) == b"", "the client sent more instead of hanging up"

    def log_message(self, *_arguments):
        """The client's log says enough."""
