"""Waves: which operations must wait for other operations, if a job's chunks run in parallel."""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any

from .canonical import canonical_json
from .errors import BadOperation
from .external_ids import external_ids_made, external_ids_used
from .messages import _lt
from .references import REF_KEY, SEARCHED, references_of
from .row_keys import Level, row_key_name


def is_follower(operation: dict, previous: dict | None, is_one2many: list[bool]) -> bool:
    """Whether a load row is a follower: a row with values in one2many columns only, which continues
    the record of the row before. Odoo's `load()` has the same rule.

    :param is_one2many: for each column of the row: the column leads through a one2many field
    """
    if previous is None or previous["op"] != "load" or previous["model"] != operation["model"]:
        return False
    if any(previous.get(name) != operation.get(name) for name in ("fields", "key", "context")):
        return False
    cells = list(zip(operation["row"], is_one2many, strict=True))
    return any(cell for cell, many in cells if many) and not any(
        cell for cell, many in cells if not many
    )


def mark(
    operations: list[dict],
    first_index: int,
    waves: "Waves",
    follows: Callable,
    wave_before: int = 0,
) -> list[dict]:
    """Add the private marks `$wave`, `$follows` and `$makes` to the operations.

    :param follows: (operation, previous operation or None) -> whether the operation is a follower
    :param wave_before: the wave of the last operation of the part before
    :raises BadOperation: see `Waves.place`
    """
    marked: list[dict] = []
    record = _Record(waves, wave_before)
    previous = None
    for index, operation in enumerate(operations, first_index):
        made = list(waves.makes(operation))
        wave, continues = waves.place(operation, index, made), follows(operation, previous)
        if continues and operation.get("ref"):
            text = _lt("it continues the record of the row before it: put ref on its first row.")
            raise BadOperation(index, text)
        marks = {"$wave": wave, "$follows": continues, "$makes": made and made[0]}
        marked.append({**operation, **{key: value for key, value in marks.items() if value}})
        record.add(marked[-1], index)
        previous = operation
    return marked


class _Record:
    """The rows of one loaded record. All rows share a wave: the latest wave of any row.

    :param wave_before: the wave of the last record of the part before; the first rows may continue
        that record
    """

    def __init__(self, waves: "Waves", wave_before: int):
        self._waves = waves
        self._wave = wave_before
        self._rows: list[dict] = []
        self._is_stored = True  # the record's first rows were stored with the part before

    def add(self, row: dict, index: int) -> None:
        """Take the next operation, which begins a new record or continues this record.

        :raises BadOperation: the record's first rows are already stored, in an earlier wave
        """
        wave = row.get("$wave", 0)
        if not row.get("$follows"):
            self._rows, self._wave, self._is_stored = [row], wave, False
            return
        self._rows.append(row)
        if wave > self._wave:
            if self._is_stored and self._waves.parallel:
                text = _lt(
                    "it continues a record of the part before, and refers to an operation that "
                    "must run before that record: send all rows of a record in one part, or use "
                    "max_parallel=1."
                )
                raise BadOperation(index, text)
            self._wave = wave
            self._lift(self._rows)
        elif self._wave:
            self._lift([row])

    def _lift(self, rows: list[dict]) -> None:
        for one in rows:
            one["$wave"] = self._wave
            self._waves.lift(one, self._wave)


def wave_at(position: int, wave_ends: list[int] | None) -> int:
    """The wave of a position.

    :param wave_ends: the last position of each wave; None: the job has one wave

    >>> [wave_at(position, [9, 14]) for position in (0, 9, 10, 14)]
    [0, 0, 1, 1]
    """
    return bisect_left(wave_ends, position) if wave_ends else 0


def key_name(operation: dict, level: Level | None = None) -> str | None:
    """A short name for the model and key of an upsert or a load: equal keys have equal names.

    :param level: of a load with a key, the level of its records
    """
    if operation["op"] == "load":
        values = level and row_key_name(level, operation)
    elif operation["op"] == "upsert" and operation.get("key"):
        names = sorted(operation["key"])
        values = [[name, _spelled(operation["values"].get(name))] for name in names]
    else:
        values = None
    if not values:
        return None
    digest = hashlib.sha256(canonical_json([operation["model"], values]).encode())
    return f"#{digest.hexdigest()[:24]}"  # no external id begins with #


def _spelled(value: Any) -> Any:
    """A value as text: 7, 7.0 and "7" may be the same key."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, dict) else str(value)


class Waves:
    """Checks references in order of submission, and gives each operation its wave.

    An operation comes in a later wave than the operations that it refers to, and than earlier
    operations that make or change the same record.

    :param parallel: the job's chunks may run in parallel; only then keys matter
    :param level_of: the level of the records of a load with a key
    """

    def __init__(self, parallel: bool, level_of: Callable[[dict], Level] | None = None):
        self._level_of = level_of
        self._waves: dict[str, int] = {}
        self._made_waves: dict[str, int] = {}
        self.parallel = parallel

    def know(self, refs: dict[str, int], made: dict[str, int]) -> None:
        """Take in earlier parts of the job: the waves of their refs, and of the names that
        `makes` gave."""
        self._waves.update(refs)
        self._made_waves.update(made)

    def makes(self, operation: dict) -> Iterator[str]:
        """Name the records that an operation makes or changes: by external id, or by key."""
        yield from external_ids_made(operation)
        if not self.parallel:
            return
        is_row = operation["op"] == "load" and operation.get("key") and self._level_of
        name = key_name(operation, self._level_of(operation) if is_row else None)
        if name:
            yield name

    def place(self, operation: dict, index: int, made: list[str]) -> int:
        """The wave of the next operation.

        :param made: the names that `makes` gives for the operation
        :raises BadOperation: no earlier operation has the ref that is named, or an earlier
            operation has the same ref
        """
        wave = 0
        names = list(references_of(operation))
        if names and _is_mixed([operation.get(key) for key in SEARCHED]):
            raise BadOperation(index, _lt('a reference is {"$ref": name} and nothing else.'))
        for name in names:
            wave = max(wave, self._wave_of(name, index, operation) + 1)
        for name in (*external_ids_used(operation), *made):
            wave = max(wave, self._made_waves.get(name, -1) + 1)
        self._define(operation.get("ref"), index, wave)
        self._made_waves.update(dict.fromkeys(made, wave))
        return wave

    def lift(self, operation: dict, wave: int) -> None:
        """Move an operation to a later wave. Operations that refer to it will come after that."""
        if operation.get("ref"):
            self._waves[operation["ref"]] = wave
        self._made_waves.update(dict.fromkeys(self.makes(operation), wave))

    def _wave_of(self, name: Any, index: int, operation: dict) -> int:
        if not isinstance(name, str):
            text = _lt("$ref names a ref, a text; it is %(value)s.", value=repr(name))
            raise BadOperation(index, text)
        if name == operation.get("ref"):
            raise BadOperation(index, _lt("it refers to itself (%(name)s).", name=repr(name)))
        if name not in self._waves:
            text = _lt(
                "it refers to %(name)s, but no operation before it has that ref. Put what is "
                "referred to first.",
                name=repr(name),
            )
            raise BadOperation(index, text)
        return self._waves[name]

    def _define(self, ref: str | None, index: int, wave: int) -> None:
        if ref in self._waves:
            text = _lt("ref %(name)s is used by an earlier operation.", name=repr(ref))
            raise BadOperation(index, text)
        if ref:
            self._waves[ref] = wave


def _is_mixed(value: Any) -> bool:
    """Whether some object holds `$ref` and other keys, too."""
    if isinstance(value, dict):
        if REF_KEY in value and len(value) > 1:
            return True
        value = list(value.values())
    return isinstance(value, list | tuple) and any(_is_mixed(item) for item in value)
