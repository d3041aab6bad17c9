"""Find out what became of a misfit: a model's override understood it, or Odoo stored it with
another meaning."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from odoo.models import BaseModel

from ...engine.errors import OperationFailed
from ...engine.misfits import is_misfit
from ...engine.outcomes import Failure

_local = threading.local()


@dataclass(frozen=True)
class Misfit:
    """A value that its field cannot hold, or the id of a record that does not exist.

    `place` is the place of the value's record among the records of the operation. None: the value
    belongs to an x2many line.
    """

    model: str
    field: str
    value: Any
    failure: Failure
    place: int | None = None


class Watch:
    """Sees which misfits of an operation arrive at Odoo's own `create` and `write`. An override
    that understands a misfit passes another value to Odoo."""

    def __init__(self, misfits: list[Misfit]):
        self._misfits = misfits
        self._arrived: list[tuple[Misfit, BaseModel, str]] = []

    def note(self, records: BaseModel, vals: dict):
        """Note the misfits among the values that Odoo has just put into the records."""
        for misfit in self._misfits:
            # another value comes from the model; `repr` tells 1, 1.0 and true apart
            if records._name == misfit.model and misfit.field in vals:
                if repr(vals[misfit.field]) == repr(misfit.value):
                    for record in _as_stored(records, misfit):
                        self._arrived.append((misfit, record, _shown(record, misfit)))

    def refuse_stored(self, model: BaseModel, ids: list[int], one_each: bool):
        """Refuse an operation if Odoo has stored one of its misfits. Call this after the operation
        was applied and before its savepoint is released.

        :param ids: the records of the operation
        :param one_each: the operation has values for each record
        :raises OperationFailed: a field holds what Odoo made of a misfit, or is empty
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
    """The watch of this thread, while the thread tries a suspect; otherwise None."""
    return getattr(_local, "watch", None)


@contextmanager
def watch(misfits: list[Misfit]):
    """Watch these misfits while the block applies an operation."""
    before = watching()
    _local.watch = Watch(misfits)
    try:
        yield _local.watch
    finally:
        _local.watch = before


def _is_wrong(record, misfit, at_first) -> bool:
    """Whether the field is empty, or still holds what Odoo made of the misfit."""
    is_as_made = _shown(record, misfit) == at_first
    kind = record._fields[misfit.field].type
    return _is_empty(record, misfit) or is_misfit(kind, misfit.value) and is_as_made


def _is_empty(record, misfit) -> bool:
    """Whether a many2one or reference field holds no record, or a record that does not exist."""
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
