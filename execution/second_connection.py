"""A second connection for a call that has one already: there may be none left."""

import functools
import threading
import time

import psycopg2.pool
from werkzeug.exceptions import TooManyRequests

from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import config

# one in so many of the server's connections may be a second one: requests need the others
SHARE = 4
PATIENCE = 3.0  # seconds until a call that gets none gives back the one that it has
LOOK_AGAIN = 0.05  # seconds; Odoo's pool tells nobody of a connection that comes back
RETRY_AFTER = 1  # seconds


class NoConnection(Exception):
    """All are in use, and stay so."""


class TooBusy(UserError):
    """Nothing was done; the same call may succeed in a moment."""

    http_status = 429


@functools.cache
def _places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(max(1, config["db_maxconn"] // SHARE))


class SecondCursor:
    """A cursor beside the caller's, waited for.

    :raises NoConnection: there is none
    """

    def __init__(self, registry):
        give_up = time.monotonic() + PATIENCE
        if not _places().acquire(timeout=PATIENCE):
            raise NoConnection
        self._has_place = True
        try:
            self.cr = self._open(registry, give_up)
        except BaseException:
            self.free_place()
            raise

    def free_place(self):
        """Let others have one: this one is closed."""
        if self._has_place:
            self._has_place = False
            _places().release()

    @staticmethod
    def _open(registry, give_up):
        while True:
            try:
                return registry.cursor()
            except (psycopg2.pool.PoolError, psycopg2.OperationalError):
                if time.monotonic() >= give_up:
                    raise NoConnection from None
            time.sleep(LOOK_AGAIN)


def too_busy(text: str) -> Exception:
    """429; a JSON-2 answer says when to come again."""
    if request and request.dispatcher.routing_type == "json2":
        return TooManyRequests(text, retry_after=RETRY_AFTER)
    return TooBusy(text)
