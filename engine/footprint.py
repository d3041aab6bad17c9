"""Which records the operations of a chunk target, and which they name.

A record is targeted by ids, key, external id or `$ref`, and by a command that changes it. It is
named by a relational value. Of two chunks that run side by side, neither may target a record that
the other targets or names. Values that both chunks only name, such as a country, do not count.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

from .external_ids import qualified
from .operations import Operation
from .references import REF_KEY, references_in
from .row_keys import Level, levels_of
from .waves import key_name

X2MANY = ("one2many", "many2many")


class Relation(NamedTuple):
    """A relational field: its type, and the model that it leads to."""

    kind: str
    comodel: str


RelationsOf = Callable[[str], Mapping[str, Relation]]


@dataclass(frozen=True)
class Footprint:
    """Records as numbers. Two records may share a number: then a chunk waits without need."""

    targets: frozenset[int] = frozenset()
    names: frozenset[int] = frozenset()

    def meets(self, other: "Footprint") -> bool:
        """Whether one targets what the other targets or names."""
        return not (
            self.targets.isdisjoint(other.targets)
            and self.targets.isdisjoint(other.names)
            and self.names.isdisjoint(other.targets)
        )

    def packed(self) -> tuple[bytes, bytes]:
        """The same as bytes, to be stored."""
        return array("Q", self.targets).tobytes(), array("Q", self.names).tobytes()

    @classmethod
    def unpacked(cls, targets: bytes, names: bytes) -> "Footprint":
        """What `packed` gave."""
        return cls(frozenset(array("Q", targets)), frozenset(array("Q", names)))


class Unknowable(Exception):
    """What an operation targets cannot be told from what it says."""


def may_target(operation: dict) -> bool:
    """Whether a submitted operation may target a record. A create without `ref` and commands does
    not: it makes a record that nobody else of the job can name.

    >>> may_target({"op": "create", "values": {"name": "Acme", "country_id": 21}})
    False
    >>> may_target({"op": "create", "values": {"child_ids": [[4, 7, 0]]}})
    True
    """
    if operation["op"] != "create" or operation.get("ref"):
        return True
    values = operation["values"]
    for one in values if isinstance(values, list) else (values,):
        if any(isinstance(value, list) for value in one.values()):
            return True
    return False


def footprint_of(operations: Iterable[Operation], relations_of: RelationsOf) -> Footprint | None:
    """The footprint of a chunk; None if the operations do not tell what they target.

    :param relations_of: the relational fields of a model, by name
    """
    walk = _Walk(relations_of)
    try:
        for operation in operations:
            walk.add(operation)
    except Unknowable:
        return None
    return Footprint(frozenset(walk.targets), frozenset(walk.names))


def record_number(model: str, record_id: int) -> int:
    """The number of a record that is known by its id."""
    return _of_model(model) | record_id & 0xFFFFFFFF


class _Walk:
    """Collects what the operations of one chunk target and name."""

    def __init__(self, relations_of: RelationsOf):
        self._relations_of = cache(relations_of)
        self._level_of = cache(self._new_level)
        self._hidden: str | None = None  # model of which no record may be given by id
        self._has_key = False  # of a load
        self.targets: set[int] = set()
        self.names: set[int] = set()

    def add(self, operation: Operation) -> None:
        if operation.ref:
            self.targets.add(_number(REF_KEY, operation.ref))
        # the id of what an upsert or a load targets is not known: another row that gives the same
        # record by its id cannot be told from the others
        self._hidden = operation.model if operation.op in ("upsert", "load") else None
        getattr(self, f"_{operation.op}")(operation.model, operation.payload)

    def _create(self, model: str, payload: dict) -> None:
        values = payload["values"]
        for one in values if isinstance(values, list) else (values,):
            self._values(model, one)

    def _write(self, model: str, payload: dict) -> None:
        self._unlink(model, payload)
        self._values(model, payload["values"])

    def _unlink(self, model: str, payload: dict) -> None:
        self.targets.update(self._record(model, one) for one in payload["ids"])

    def _call(self, model: str, payload: dict) -> None:
        if not payload.get("ids"):
            raise Unknowable  # a method of the model itself may touch any record
        self._unlink(model, payload)
        said = [payload.get("args"), payload.get("kwargs")]
        self.names.update(_number(REF_KEY, str(name)) for name in references_in(said))
        for values in _objects(said):
            self._values(model, values)

    def _upsert(self, model: str, payload: dict) -> None:
        values = payload["values"]
        if payload.get("xml_id"):
            self.targets.add(_external(payload["xml_id"]))
        else:
            if any(references_in([values.get(name) for name in payload["key"]])):
                raise Unknowable  # another operation may spell the same key by id
            key = key_name({"op": "upsert", "model": model, **payload})
            self.targets.add(_number(model, str(key)))
        self._values(model, values)

    def _load(self, model: str, payload: dict) -> None:
        rows = (payload["row"], *payload.get("more_rows", ()))
        paths = _paths(payload["fields"])
        self._has_key = bool(payload.get("key"))
        if self._has_key:
            self._key_of_row(model, payload)
        for row in rows:
            for path, cell in zip(paths, row, strict=True):
                if cell:
                    self._cell(model, path, cell)

    def _key_of_row(self, model: str, payload: dict) -> None:
        level = self._level_of(model, tuple(payload["fields"]), tuple(payload["key"]))
        key = key_name({"op": "load", "model": model, **payload}, level)
        if not key:
            raise Unknowable  # all of the key is names of records, which have several spellings
        self.targets.add(_number(model, key))

    def _new_level(self, model: str, columns: tuple, key: tuple) -> Level:
        return levels_of(model, columns, _paths(columns), key, self._relation_of)

    def _relation_of(self, model: str, name: str) -> Relation | None:
        return self._relations_of(model).get(name)

    def _values(self, model: str, values: dict) -> None:
        relations = self._relations_of(model)
        for name, value in values.items():
            if value and name in relations:
                self._value(relations[name], value)

    def _value(self, relation: Relation, value: Any) -> None:
        if relation.kind in X2MANY:
            for one in value if isinstance(value, list) else ():
                self._command(relation, one if isinstance(one, list) else [6, 0, [one]])
        elif relation.kind == "reference":
            model, _comma, number = str(value).partition(",")
            self.names.add(self._record(model, int(number) if number.isdigit() else None))
        else:
            self.names.add(self._record(relation.comodel, value))

    def _command(self, relation: Relation, command: list) -> None:
        code, one, last = (*command, None, None, None)[:3]
        ids = last if code == 6 and isinstance(last, list) else [one]
        # a line belongs to one record: to link it is to change it
        changes = code in (1, 2) or relation.kind == "one2many"
        if code in (1, 2, 3, 4, 6):
            found = self.targets if changes else self.names
            found.update(self._record(relation.comodel, one) for one in ids)
        if code in (0, 1) and isinstance(last, dict):
            self._values(relation.comodel, last)

    def _cell(self, model: str, path: list[str], cell: Any) -> None:
        name, *rest = path
        relation = self._relation_of(model, name)
        if name == "id":
            self.targets.update(_externals(cell))
        elif name == ".id":
            raise Unknowable  # other rows may give the same record by its external id
        elif relation and relation.kind == "one2many" and rest:
            if self._has_key and relation.comodel == self._hidden and rest != ["id"]:
                raise Unknowable  # a line found by its key may be the record of another row
            self._cell(relation.comodel, rest, cell)
        elif relation and rest[:1] == ["id"]:
            self.names.update(_externals(cell))
        elif relation and relation.comodel == self._hidden:
            raise Unknowable  # by a name or an id, of which the other rows say nothing

    def _record(self, model: str, one: Any) -> int:
        """The number of a record that is given by id or by `$ref`; 0 for what is neither."""
        if isinstance(one, dict):
            return _number(REF_KEY, str(one.get(REF_KEY)))
        if model == self._hidden:
            raise Unknowable
        return record_number(model, one) if isinstance(one, int) else 0


def _paths(columns: Iterable[str]) -> list[list[str]]:
    return [name.replace(":id", "/id").split("/") for name in columns]


def _objects(value: Any) -> Iterator[dict]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _objects(one)


def _externals(cell: Any) -> list[int]:
    """The records of a cell, which may hold several external ids."""
    return [_external(name.strip()) for name in str(cell).split(",")]


def _external(name: str) -> int:
    return _number("external id", qualified(name))


def _number(kind: str, name: str) -> int:
    return _of_model(kind) | crc32(name.encode())


@cache
def _of_model(model: str) -> int:
    return crc32(model.encode()) << 32
