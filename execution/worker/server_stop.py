"""The stop of a server: the chunks of its runners land, or are put back.

A prefork worker finishes its pass over all scheduled actions before it ends. That may take longer
than the service manager waits before it kills the server. A threaded server does not wait for the
threads of scheduled actions at all. Without this module, a chunk that the stop cuts off would count
as the chunk of a dead worker.
"""

import signal
import threading
import time
from contextlib import contextmanager

from odoo.service import server

LANDS_WITHIN = 5.0  # seconds for a running chunk; Docker kills a server ten seconds after the stop
GOES_BACK_WITHIN = 2.0  # seconds to put a chunk back

_runners = {}  # runners at work: id of the thread -> cursor
_operating = set()  # ids of those threads that execute operations
_changed = threading.Condition()
_stopped_at = None


@contextmanager
def runner_at_work(cr):
    """Register the thread for a runner's turn: a threaded server waits for the turn to end."""
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
    """Register the thread while it executes operations. A stop may cut off only their SQL."""
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


def is_operating() -> bool:
    """Whether this thread executes operations: what it calls is part of a chunk, or of a call."""
    return threading.get_ident() in _operating


def is_stopping() -> bool:
    """Whether this process is about to end, so that no new chunk may begin."""
    global _stopped_at
    if _stopped_at is None and (_is_server_told_to_end() or _is_worker_told_to_end()):
        _stopped_at = time.monotonic()
    return _stopped_at is not None


def is_cut_off() -> bool:
    """Whether this thread is a runner's, and its chunk has used up the time to land."""
    if threading.get_ident() not in _runners or not is_stopping():
        return False
    return time.monotonic() - _stopped_at > LANDS_WITHIN


def _is_server_told_to_end() -> bool:
    return getattr(server.server, "quit_signals_received", 0) > 0  # of a threaded server


def _is_worker_told_to_end() -> bool:
    """Whether a prefork worker was told to end. Only its signal handler leads to the object with
    this flag."""
    worker = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    return isinstance(worker, server.Worker) and not worker.alive


def _wait_for_runners():
    """Wait until runners have landed their chunks or put them back. A threaded server calls this
    before it closes the connections of its threads."""
    global _stopped_at
    _stopped_at = time.monotonic()  # the time to land begins here
    with _changed:
        if _changed.wait_for(lambda: not _runners, LANDS_WITHIN):
            return
    # `is_cut_off` is true from now on; a thread notices only when its current statement ends
    end = time.monotonic() + GOES_BACK_WITHIN
    with _changed:
        for thread in _operating.intersection(_runners):
            _runners[thread].connection.cancel()
        _changed.wait_for(lambda: not _runners, end - time.monotonic())


server.CommonServer.on_stop(_wait_for_runners)
