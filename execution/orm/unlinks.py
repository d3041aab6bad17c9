"""Watch whether a merged unlink deletes the records as single unlinks would."""

import threading
from contextlib import contextmanager

from ...engine.errors import MergedWrongly

_watched = threading.local()


def note_unlink(records):
    """Note an unlink: models/base.py calls this after all overrides, before the deletion."""
    if watch := getattr(_watched, "watch", None):
        name, seen = watch
        if records._name == name:
            seen.extend(records._ids)


@contextmanager
def watching_unlink(records):
    """Watch the unlinks in the block, which makes a merged unlink.

    An override may delete further records, or spare some. Then single unlinks could end
    differently: a later operation could find its record deleted already.

    :raises MergedWrongly: Odoo did not delete each record once, in the order given
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
