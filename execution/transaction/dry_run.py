"""Whether what a thread does will be rolled back, whatever becomes of it."""

import threading
from contextlib import contextmanager

_thread = threading.local()


def is_dry_run() -> bool:
    """Whether this thread is at work on a dry run."""
    return getattr(_thread, "dry_run", False)


@contextmanager
def dry_run(is_one: bool):
    """For the time of a dry run: what would leave at once, such as a mail, must not leave."""
    _thread.dry_run = is_one
    try:
        yield
    finally:
        _thread.dry_run = False
