"""The end of a server: what its runners have in hand lands, or goes back to the queue.

Odoo lets a prefork worker finish its pass over all scheduled actions, which may take longer than
whoever stopped the server waits, and does not wait for the threads of scheduled actions at all.
Without this module, a chunk that is cut off would count as that of a dead worker.
"""

import signal
import threading
import time
from contextlib import contextmanager

from odoo.service import server

LANDS_WITHIN = 5.0  # seconds for a chunk at work; Docker kills ten seconds after it asked
GOES_BACK_WITHIN = 2.0  # seconds

_runners = {}  # those at work: id of the thread, cursor
_operating = set()  # those of them that execute operations
_changed = threading.Condition()
_stopped_at = None


@contextmanager
def runner_at_work(cr):
    """For the time of a runner's turn: a threaded server waits for it before it ends."""
    thread = threading.get_ident()
    with _changed:
        _runners[thread] = cr
    try:
        yield
    finally:
        with _changed:
            del _runners[thread]
            _changed.notify_all()


@contextmanager
def operations_at_work():
    """For the time of a chunk's operations: their statements may be cut off, no others."""
    thread = threading.get_ident()
    with _changed:
        is_outermost = thread not in _operating  # an operation may call `execute`
        _operating.add(thread)
    try:
        yield
    finally:
        if is_outermost:
            with _changed:
                _operating.discard(thread)


def is_stopping() -> bool:
    """Whether this process is about to end: nothing new shall begin."""
    global _stopped_at
    if _stopped_at is None and (_is_server_told_to_end() or _is_worker_told_to_end()):
        _stopped_at = time.monotonic()
    return _stopped_at is not None


def is_cut_off() -> bool:
    """Whether this thread is a runner's and its chunk has had the time to land."""
    if threading.get_ident() not in _runners or not is_stopping():
        return False
    return time.monotonic() - _stopped_at > LANDS_WITHIN


def _is_server_told_to_end() -> bool:
    return getattr(server.server, "quit_signals_received", 0) > 0  # only a threaded one counts


def _is_worker_told_to_end() -> bool:
    """A prefork worker notes it in an object that nothing but its signal handler leads to."""
    worker = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    return isinstance(worker, server.Worker) and not worker.alive


def _wait_for_runners():
    """What a threaded server does before it closes the connections of its threads."""
    global _stopped_at
    _stopped_at = time.monotonic()  # the time to land begins here
    with _changed:
        if _changed.wait_for(lambda: not _runners, LANDS_WITHIN):
            return
    # `is_cut_off` now holds; a statement that is under way would keep its thread from noticing
    end = time.monotonic() + GOES_BACK_WITHIN
    with _changed:
        for thread in _operating.intersection(_runners):
            _runners[thread].connection.cancel()
        _changed.wait_for(lambda: not _runners, end - time.monotonic())


server.CommonServer.on_stop(_wait_for_runners)
