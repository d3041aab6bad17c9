"""Odoo's bus as a browser uses it: a session, a websocket, channels asked for by name."""

import json

import httpx
from database import administration
from waiting import PATIENCE, wait_until
from websocket import WebSocketException, create_connection

OPEN_CHANNEL = "open to all"  # any text is a channel that anybody may listen to
MARK = "test/mark"


class Listener:
    """A websocket of one session.

    :param session: the cookie; None for somebody who has not logged in
    """

    def __init__(self, server, session=None):
        self._url = server.websocket_url
        self._cookie = f"session_id={session}" if session else None
        self._socket = wait_until("the websocket is served", self._connect)

    def _connect(self):
        try:
            return create_connection(self._url, cookie=self._cookie, timeout=PATIENCE)
        except (OSError, WebSocketException):
            return None  # its process starts after the HTTP workers

    def subscribe(self, channels):
        """Ask for channels, and for what was sent to them lately."""
        data = {"channels": [*channels, OPEN_CHANNEL], "last": 0}
        self._socket.send(json.dumps({"event_name": "subscribe", "data": data}))

    def until_mark(self):
        """(type, payload) of everything that came before the next mark."""
        found = []
        while True:
            for notification in json.loads(self._socket.recv()):
                message = notification["message"]
                if message["type"] == MARK:
                    return found
                found.append((message["type"], message["payload"]))

    def close(self):
        self._socket.close()


def log_in(server, database, login, password):
    """The cookie of a session."""
    params = {"db": database.name, "login": login, "password": password}
    with httpx.Client(base_url=server.url, timeout=PATIENCE) as http:
        reply = http.post("/web/session/authenticate", json={"params": params})
        assert reply.json()["result"]["uid"], reply.text
        return http.cookies["session_id"]


def send_mark(database):
    """Tell everybody who listens that what was sent before has been sent."""
    channel = json.dumps([database.name, OPEN_CHANNEL], separators=(",", ":"))
    database.rows(
        "INSERT INTO bus_bus (channel, message, create_date)"
        " VALUES (%s, %s, clock_timestamp() AT TIME ZONE 'UTC')",
        channel,
        json.dumps({"type": MARK, "payload": {}}),
    )
    with administration() as cursor:
        cursor.execute("SELECT pg_notify('imbus', %s)", [f"[{channel}]"])
