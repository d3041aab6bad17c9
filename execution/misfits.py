"""Misfits that are tried: whether a model has made something of them, or Odoo has stored them as
something else than they say."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from odoo.models import BaseModel

from ..engine.errors import OperationFailed
from ..engine.misfits import is_misfit
from ..engine.outcomes import Failure

_local = threading.local()


@dataclass(frozen=True)
class Misfit:
    """A value that its field cannot hold, or the id of a record that does not exist.

    `place` is that of its record among those of the operation; None: of a line of an x2many.
    """

    model: str
    field: str
    value: Any
    failure: Failure
    place: int | None = None


class Watch:
    """Sees which misfits of an operation arrive at Odoo's own `create` and `write`. An override
    that understands such a value passes on another one."""

    def __init__(self, misfits: list[Misfit]):
        self._misfits = misfits
        self._arrived: list[tuple[Misfit, BaseModel, str]] = []

    def note(self, records: BaseModel, vals: dict):
        """Odoo has just put these values into the records, as it understands them."""
        for misfit in self._misfits:
            # other values are the model's own; `repr` tells 1, 1.0 and true apart
            if records._name == misfit.model and misfit.field in vals:
                if repr(vals[misfit.field]) == repr(misfit.value):
                    for record in _as_stored(records, misfit):
                        self._arrived.append((misfit, record, _shown(record, misfit)))

    def refuse_stored(self, model: BaseModel, ids: list[int], one_each: bool):
        """To be asked when the operation was applied, before its savepoint is released.

        :param ids: the records of the operation
        :param one_each: its values are those of one record each
        :raises OperationFailed: a field holds what Odoo made of a misfit, or nothing
        """
        for misfit, record, at_first in self._arrived:
            if any(_is_wrong(one, misfit, at_first) for one in _as_stored(record, misfit)):
                raise OperationFailed(misfit.failure)
        for misfit in self._misfits:
            if misfit.place is not None:
                records = _as_stored(
                    model.browse(ids[misfit.place : misfit.place + 1] if one_each else ids), misfit
                )
                if any(_is_empty(one, misfit) for one in records):
                    raise OperationFailed(misfit.failure)


def watching() -> Watch | None:
    """The watch of this thread, if an operation with misfits is being tried."""
    return getattr(_local, "watch", None)


@contextmanager
def watch(misfits: list[Misfit]):
    """For the time of trying an operation."""
    before = watching()
    _local.watch = Watch(misfits)
    try:
        yield _local.watch
    finally:
        _local.watch = before


def _is_wrong(record, misfit, at_first) -> bool:
    """Whether the model has put nothing right since."""
    is_as_made = _shown(record, misfit) == at_first
    kind = record._fields[misfit.field].type
    return _is_empty(record, misfit) or is_misfit(kind, misfit.value) and is_as_made


def _is_empty(record, misfit) -> bool:
    """Whether a field for one record holds none, or one that does not exist."""
    if record._fields[misfit.field].type not in ("many2one", "reference"):
        return False
    held = record[misfit.field]
    return not held or not held.exists()


def _shown(record, misfit) -> str:
    return repr(record[misfit.field])


def _as_stored(records, misfit):
    records = records.sudo().exists()
    records.flush_recordset([misfit.field])
    records.invalidate_recordset([misfit.field], flush=False)
    return records
