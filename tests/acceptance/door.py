"""The one address of a prefork server, as a proxy in front of it gives: websockets go to their
own process. The door can be shut for them."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

BLOCK = 65_536  # bytes
WEBSOCKET = b"GET /websocket"


class Door:
    """:param server: the server behind it; it may be restarted meanwhile"""

    def __init__(self, server):
        self._ports = {"page": server.port, "socket": urlsplit(server.websocket_url).port}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._is_shut = False
        self._sockets = set()  # connections of websockets
        self._lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._listener.close()
        self.shut()

    def shut(self):
        """Break all websockets, and let none through any more."""
        with self._lock:
            self._is_shut = True
            broken, self._sockets = self._sockets, set()
        for connection in broken:
            _close(connection)

    def open(self):
        with self._lock:
            self._is_shut = False

    def websockets(self):
        """How many are open."""
        with self._lock:
            return len(self._sockets)

    def _accept(self):
        with suppress(OSError):  # it was closed
            while True:
                client, _address = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        """One connection of a browser. A websocket has a connection of its own from the start."""
        with suppress(OSError), client:
            first = client.recv(BLOCK)
            is_socket = first.startswith(WEBSOCKET)
            with self._lock:
                if is_socket and self._is_shut:
                    return
                if is_socket:
                    self._sockets.add(client)
            try:
                self._connect(client, first, "socket" if is_socket else "page")
            finally:
                with self._lock:
                    self._sockets.discard(client)

    def _connect(self, client, first, kind):
        with socket.create_connection(("127.0.0.1", self._ports[kind])) as server:
            server.sendall(first)
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            _pump(server, client)


def _pump(source, target):
    """Pass on what comes, until either side has gone."""
    with suppress(OSError):
        while block := source.recv(BLOCK):
            target.sendall(block)
    _close(source)
    _close(target)


def _close(connection):
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
