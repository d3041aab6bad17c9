"""Whether a thread works on a dry run, which is always rolled back."""

import threading
from contextlib import contextmanager

_thread = threading.local()


def is_dry_run() -> bool:
    """Whether this thread works on a dry run."""
    return getattr(_thread, "dry_run", False)


@contextmanager
def dry_run(is_one: bool):
    """Mark the thread for the time of a dry run: a mail, or anything that cannot be rolled back,
    must not leave the server.

    :param is_one: the run in the block is a dry run
    """
    _thread.dry_run = is_one
    try:
        yield
    finally:
        _thread.dry_run = False
