"""Keep the SQL of failing operations out of the log, because it holds customer data."""

import logging
import sys
import threading
from contextlib import contextmanager

import psycopg2

from ...engine.retry import TRANSIENT_CODES

_thread = threading.local()  # not Odoo's `mute_logger`, which silences other threads, too


@contextmanager
def quiet_queries():
    """Keep failing SQL out of the log for the time of a claim or a chunk, also batch_job's own SQL.

    The SQL may hold customer data. A conflict needs no log line, because the work is done again.
    The code that catches any other exception reports it.
    """
    before = getattr(_thread, "active", False)
    _thread.active = True
    try:
        yield
    finally:
        _thread.active = before


def forget_conflict():
    """Forget earlier conflicts of this thread."""
    _thread.saw_conflict = False


def saw_conflict() -> bool:
    """Whether a statement of this thread met a conflict since `forget_conflict`.

    The log filter notices the conflict, because an operation may swallow the error.
    """
    return getattr(_thread, "saw_conflict", False)


class _QuietOperations(logging.Filter):
    def filter(self, record):
        if isinstance(sys.exc_info()[1], psycopg2.InterfaceError):
            # the connection is lost; the logged statement may hold an operation's data
            record.args = ()
            record.msg = "a statement found its connection closed"
        if not getattr(_thread, "active", False):
            return True
        if getattr(sys.exc_info()[1], "pgcode", None) in TRANSIENT_CODES:
            _thread.saw_conflict = True
        return False


def _is_no_conflict_of_ours(_record):
    """A filter: Odoo logs the names of external ids that it could not write. They are data."""
    active = getattr(_thread, "active", False)
    return not (active and isinstance(sys.exc_info()[1], psycopg2.Error))


def _is_no_content_of_ours(_record):
    """A filter: Odoo logs a whole text that it cannot sanitise. The operation's failure is enough
    for its owner."""
    return not getattr(_thread, "active", False)


logging.getLogger("odoo.sql_db").addFilter(_QuietOperations())
logging.getLogger("odoo.addons.base.models.ir_model").addFilter(_is_no_conflict_of_ours)
logging.getLogger("odoo.tools.mail.html_sanitize").addFilter(_is_no_content_of_ours)
