"""Keeps the SQL of failing operations, which holds customer data, out of the log."""

import logging
import sys
import threading
from contextlib import contextmanager

import psycopg2

from ...engine.retry import TRANSIENT_CODES

_thread = threading.local()  # `mute_logger` of Odoo silences the other threads as well


@contextmanager
def quiet_queries():
    """For the time of a claim or a chunk: failing SQL, also the engine's own, stays out of the log.

    The SQL may hold customer data, and a conflict is no error: the work is done again. Whoever
    catches another exception reports it.
    """
    before = getattr(_thread, "active", False)
    _thread.active = True
    try:
        yield
    finally:
        _thread.active = before


def forget_conflict():
    """Begin to look for a conflict anew."""
    _thread.saw_conflict = False


def saw_conflict() -> bool:
    """Whether a statement of this thread met a conflict since `forget_conflict`.

    An operation may swallow that error; the log is where the error is noticed all the same.
    """
    return getattr(_thread, "saw_conflict", False)


class _QuietOperations(logging.Filter):
    def filter(self, record):
        if isinstance(sys.exc_info()[1], psycopg2.InterfaceError):
            # the connection is lost: Odoo logs the statement before, perhaps an operation's
            record.args = ()
            record.msg = "a statement found its connection closed"
        if not getattr(_thread, "active", False):
            return True
        if getattr(sys.exc_info()[1], "pgcode", None) in TRANSIENT_CODES:
            _thread.saw_conflict = True
        return False


def _is_no_conflict_of_ours(_record):
    """Odoo logs external ids that it could not write, with all their names."""
    active = getattr(_thread, "active", False)
    return not (active and isinstance(sys.exc_info()[1], psycopg2.Error))


def _is_no_content_of_ours(_record):
    """Odoo logs a text that it cannot sanitise, whole; the operation's failure tells its owner."""
    return not getattr(_thread, "active", False)


logging.getLogger("odoo.sql_db").addFilter(_QuietOperations())
logging.getLogger("odoo.addons.base.models.ir_model").addFilter(_is_no_conflict_of_ours)
logging.getLogger("odoo.tools.mail.html_sanitize").addFilter(_is_no_content_of_ours)
