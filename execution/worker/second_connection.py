"""A second database connection for a call, with a limit: the pool may have none left."""

import functools
import threading
import time

import psycopg2.pool
from werkzeug.exceptions import TooManyRequests

from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import config

# a quarter of the server's connections may be second connections: requests need the others
SHARE = 4
PATIENCE = 3.0  # seconds; a call that waits longer for a second connection gives up its first
LOOK_AGAIN = 0.05  # seconds between looks; Odoo's pool does not signal a free connection
RETRY_AFTER = 1  # seconds


class NoConnection(Exception):
    """The call got no second connection in time: all are in use."""


class TooBusy(UserError):
    """The call did nothing. The same call may succeed in a moment."""

    http_status = 429


@functools.cache
def _places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(max(1, config["db_maxconn"] // SHARE))


class SecondCursor:
    """A second cursor for the caller, who waits until a connection is free.

    :raises NoConnection: no connection became free in time
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
        """Free the place for another call. The caller has closed this cursor before."""
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


def too_busy(text: str, retry_after: int = RETRY_AFTER, **context) -> Exception:
    """The error for HTTP status 429. A JSON-2 answer also says when to try again.

    :param retry_after: seconds
    :param context: what programs read from the error besides
    """
    if request and request.dispatcher.routing_type == "json2":
        error = TooManyRequests(text, retry_after=retry_after)
    else:
        error = TooBusy(text)
    error.context = {"retry_after": retry_after, **context}  # JSON-RPC has no headers
    return error
