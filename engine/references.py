"""References between the operations of a job: `{"$ref": "acme"}` means the ids of the operation
whose `ref` is "acme"."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any

from .errors import BadOperation

REF_KEY = "$ref"
REFERABLE_OPS = ("create", "upsert", "call")


def references_in(value: Any) -> Iterator[str]:
    """The names that a payload refers to, in order, with repetitions.

    >>> list(references_in({"values": {"parent_id": {"$ref": "acme"}, "name": "Jo"}}))
    ['acme']
    """
    if isinstance(value, dict):
        if REF_KEY in value:
            yield value[REF_KEY]
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from references_in(item)


def resolve(value: Any, ids_of: Callable[[str], list[int]]) -> Any:
    """A payload with each reference replaced: in a list by all ids it stands for, else by one.

    :raises ValueError: a single id is needed and there are several

    >>> ids_of = {"a": [1, 2], "b": [3]}.get
    >>> resolve({"ids": [{"$ref": "a"}, 7], "parent_id": {"$ref": "b"}}, ids_of)
    {'ids': [1, 2, 7], 'parent_id': 3}
    """
    if isinstance(value, dict):
        if REF_KEY not in value:
            return {key: resolve(item, ids_of) for key, item in value.items()}
        ids = ids_of(value[REF_KEY])
        if len(ids) != 1:
            raise ValueError(
                f"Reference {value[REF_KEY]!r} stands for {len(ids)} records where one is needed."
            )
        return ids[0]
    if isinstance(value, list | tuple):
        return [one for item in value for one in _resolve_item(item, ids_of)]
    return value


def _resolve_item(item: Any, ids_of: Callable[[str], list[int]]) -> list:
    if isinstance(item, dict) and REF_KEY in item:
        return list(ids_of(item[REF_KEY]))
    return [resolve(item, ids_of)]


def is_follower(operation: dict, previous: dict | None, is_one2many: list[bool]) -> bool:
    """Whether a load row continues the record of the operation before it: it has values for
    one2many columns only. This is how Odoo's `load()` sees it.

    :param is_one2many: for each of the row's columns
    """
    if previous is None or previous["op"] != "load" or previous["model"] != operation["model"]:
        return False
    if any(previous.get(name) != operation.get(name) for name in ("fields", "context")):
        return False
    cells = list(zip(operation["row"], is_one2many, strict=True))
    return any(cell for cell, many in cells if many) and not any(
        cell for cell, many in cells if not many
    )


def mark(operations: list[dict], first_index: int, waves: "Waves", follows: Callable) -> list[dict]:
    """The operations with their private marks: `$wave`, `$follows` and `$makes` (external id).

    :param follows: (operation, previous or None) -> whether it continues the record before it
    :raises BadOperation: see `Waves.place`
    """
    marked: list[dict] = []
    previous = None
    for index, operation in enumerate(operations, first_index):
        wave, continues = waves.place(operation, index), follows(operation, previous)
        made = external_ids_made(operation)
        marks = {"$wave": wave, "$follows": continues or None, "$makes": made[0] if made else None}
        marked.append({**operation, **{key: value for key, value in marks.items() if value}})
        if continues:
            _lift_record(marked, wave)
        previous = operation
    return marked


def _lift_record(marked: list[dict], wave: int) -> None:
    """All rows of a record are in one wave, the latest of theirs."""
    start = len(marked) - 1
    while start and marked[start].get("$follows"):
        start -= 1
    latest = max(wave, *(one.get("$wave", 0) for one in marked[start:]))
    for one in marked[start:] if latest else ():
        one["$wave"] = latest


def wave_at(position: int, wave_ends: list[int] | None) -> int:
    """The wave of a position.

    :param wave_ends: the last position of each wave; None: there is one wave only

    >>> [wave_at(position, [9, 14]) for position in (0, 9, 10, 14)]
    [0, 0, 1, 1]
    """
    return bisect_left(wave_ends, position) if wave_ends else 0


class Waves:
    """Checks references as operations come in, and gives each operation its wave.

    An operation's wave comes after that of what it refers to. `known` has the waves of the refs of
    earlier parts of the job; `known_ids` those of external ids.
    """

    def __init__(self, known: dict[str, int], known_ids: dict[str, int]):
        self._waves = dict(known)
        self._id_waves = dict(known_ids)

    def place(self, operation: dict, index: int) -> int:
        """
        :raises BadOperation: a reference to nothing that came before, or a ref that is taken
        """
        wave = 0
        for name in references_in([operation.get(key) for key in _SEARCHED]):
            wave = max(wave, self._wave_of(name, index, operation) + 1)
        for external_id in external_ids_used(operation):
            if external_id in self._id_waves:
                wave = max(wave, self._id_waves[external_id] + 1)
        self._define(operation, index, wave)
        return wave

    def _wave_of(self, name: Any, index: int, operation: dict) -> int:
        if not isinstance(name, str):
            raise BadOperation(index, f"{REF_KEY} names a ref, a text; it is {name!r}.")
        if name == operation.get("ref"):
            raise BadOperation(index, f"it refers to itself ({name!r}).")
        if name not in self._waves:
            raise BadOperation(
                index,
                f"it refers to {name!r}, but no operation before it has that ref. "
                "Put what is referred to first.",
            )
        return self._waves[name]

    def _define(self, operation: dict, index: int, wave: int) -> None:
        name = operation.get("ref")
        if name:
            if name in self._waves:
                raise BadOperation(index, f"ref {name!r} is used by an earlier operation.")
            if operation["op"] not in REFERABLE_OPS:
                allowed = ", ".join(REFERABLE_OPS)
                raise BadOperation(
                    index,
                    f"op {operation['op']} makes nothing to refer to; ref goes with {allowed}.",
                )
            self._waves[name] = wave
        for external_id in external_ids_made(operation):
            self._id_waves[external_id] = max(wave, self._id_waves.get(external_id, 0))


_SEARCHED = ("values", "ids", "args", "kwargs")


def external_ids_made(operation: dict) -> list[str]:
    """External ids, qualified, of the records that a load or an upsert by external id writes."""
    if operation["op"] == "upsert" and operation.get("xml_id"):
        return [qualified(operation["xml_id"])]
    if operation["op"] == "load":
        pairs = zip(operation["fields"], operation["row"], strict=True)
        return [qualified(str(cell)) for name, cell in pairs if name == "id" and cell]
    return []


def external_ids_used(operation: dict) -> list[str]:
    """External ids that the cells of a load row refer to."""
    if operation["op"] != "load":
        return []
    return [
        qualified(one.strip())
        for name, cell in zip(operation["fields"], operation["row"], strict=True)
        if cell and (name.endswith("/id") or name.endswith(":id"))
        for one in str(cell).split(",")
    ]


def qualified(external_id: str) -> str:
    """
    >>> qualified("acme"), qualified("my.acme")
    ('__import__.acme', 'my.acme')
    """
    return external_id if "." in external_id else f"__import__.{external_id}"
