"""Whether an unlink of several records deletes them as one unlink each would."""

import threading
from contextlib import contextmanager

from ..engine.errors import MergedWrongly

_watched = threading.local()


def note_unlink(records):
    """Called for each unlink, after all overrides and before the deletion."""
    if watch := getattr(_watched, "watch", None):
        name, seen = watch
        if records._name == name:
            seen.extend(records._ids)


@contextmanager
def watching_unlink(records):
    """For the time of a merged unlink.

    An override may delete other records too, or leave some. Of one by one the second operation on
    such a record would have found nothing.

    :raises MergedWrongly: the records were not deleted once each, in their order
    """
    seen: list[int] = []
    before = getattr(_watched, "watch", None)
    _watched.watch = (records._name, seen)
    try:
        yield
    finally:
        _watched.watch = before
    ids = set(records._ids)
    if [one for one in seen if one in ids] != list(records._ids):
        raise MergedWrongly("unlink", records._name)
