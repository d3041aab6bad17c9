"""References between the operations of a job: `{"$ref": "acme"}` means the ids of the operation
whose `ref` is "acme"."""

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

    >>> resolve({"ids": [{"$ref": "a"}, 7], "parent_id": {"$ref": "b"}}, {"a": [1, 2], "b": [3]}.get)
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
                    index, f"op {operation['op']} makes nothing to refer to; ref goes with {allowed}."
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
