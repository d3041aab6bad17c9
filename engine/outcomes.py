"""The outcomes of operations, their counts, and return values as plain JSON."""

import dataclasses
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from .examples import after_loss, joined, with_examples, without_examples
from .messages import _lt
from .states import COUNTED_AS
from .storable import dump, holds_nul

VALUE_LIMIT = 64 * 1024  # characters of JSON
MESSAGE_LIMIT = 2_000  # characters
MOST_CAUSES = 100  # causes with a count of their own; a job may fail in a million ways

ERROR_TYPES = {
    "required": "Required value missing",
    "unknown_field": "Unknown field",
    "bad_value": "Wrong value",
    "missing": "Record does not exist",
    "unique": "Exists already",
    "foreign_key": "Refers to a missing or used record",
    "constraint": "Rule of the model",
    "access": "No access right",
    "user_error": "Refused by the application",
    "needs_person": "Needs a person",
    "not_offered": "Not offered for this record",
    "ambiguous_key": "Key fits several records",
    "reference": "Reference not resolved",
    "worker_lost": "Ended its worker",
    "time_limit": "Time limit",
    "conflict": "Conflict with other transactions",
    "error": "Other error",
}


CAUSE_KEYS = ("type", "model", "field", "constraint")
OTHER_CAUSES = {
    "type": "other",
    "model": None,
    "field": None,
    "constraint": None,
    "message": "Other causes",
}


@dataclass(frozen=True)
class Failure:
    """Why an operation failed; (type, model, field, constraint) is its cause.

    `value` is the value at fault, where it is known: see `as_example`. Two failures that differ in
    nothing else are equal.
    """

    type: str
    message: str
    model: str | None = None
    field: str | None = None
    constraint: str | None = None
    value: str | None = dataclasses.field(default=None, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "message", _storable(self.message))
        if self.value is not None:
            object.__setattr__(self, "value", _storable(self.value))


def _storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()[:MESSAGE_LIMIT]


@dataclass
class Outcome:
    """What became of an operation. Nobody changes it; for why it is not frozen see `Operation`."""

    position: int
    state: str
    ids: list[int] | None = None
    value: Any = None
    note: str | None = None
    failure: Failure | None = None


@dataclass
class Tally:
    """Counts of a set of outcomes, and its failures by cause."""

    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    causes: list[dict] = dataclasses.field(default_factory=list)


def count(outcomes: list[Outcome]) -> Tally:
    """Count succeeded, failed and skipped operations, and the failures by cause."""
    tally = Tally(causes=count_causes([o.failure for o in outcomes if o.state == "failed"]))
    for outcome in outcomes:
        counter = COUNTED_AS.get(outcome.state)
        if counter:
            setattr(tally, counter, getattr(tally, counter) + 1)
    return tally


def count_causes(failures: list[Failure]) -> list[dict]:
    """Count failures by cause, most frequent first.

    A cause has its first failure's message, and `varied` if others have other messages.
    """
    counts: Counter = Counter()
    messages: dict[tuple, dict] = {}
    values: dict[tuple, list] = defaultdict(list)
    for failure in failures:
        cause = (failure.type, failure.model, failure.field, failure.constraint)
        counts[cause] += 1
        first = messages.setdefault(cause, {"message": failure.message})
        if first["message"] != failure.message:
            first["varied"] = True
        values[cause].append(failure.value)
    return _with_rest_as_one(
        [
            {
                **dict(zip(CAUSE_KEYS, cause, strict=True)),
                **messages[cause],
                "count": count,
                **with_examples(values[cause]),
            }
            for cause, count in counts.most_common()
        ]
    )


def merge_causes(*lists: list[dict]) -> list[dict]:
    """Add up the counts of equal causes, most frequent first."""
    merged: dict[tuple, dict] = {}
    for entry in (entry for causes in lists for entry in causes or ()):
        key = (entry["type"], entry["model"], entry["field"], entry["constraint"])
        known = merged.get(key)
        merged[key] = _both(known, entry) if known else entry
    return _with_rest_as_one(sorted(merged.values(), key=lambda entry: -entry["count"]))


def _both(one: dict, other: dict) -> dict:
    both = {**without_examples(one), "count": one["count"] + other["count"], **joined(one, other)}
    if "varied" in other or one["message"] != other["message"]:
        both["varied"] = True
    return both


def _with_rest_as_one(causes: list[dict]) -> list[dict]:
    """The most frequent causes, and a last entry for all other causes together."""
    apart = [entry for entry in causes if entry["type"] != OTHER_CAUSES["type"]]
    count = sum(entry["count"] for entry in causes)
    count -= sum(entry["count"] for entry in apart[:MOST_CAUSES])
    return apart[:MOST_CAUSES] + ([{**OTHER_CAUSES, "count": count}] if count else [])


def without_cause(causes: list[dict], cause: dict, count: int = 1) -> list[dict]:
    """The causes after failures of `cause` (type, model, field, constraint) were taken away.

    What the entry of the cause does not hold is one of the other causes, which have one entry
    together.
    """
    left, other = count, OTHER_CAUSES["type"]
    fewer = []
    # the entry of the other causes is the last one
    for entry in causes or ():
        is_it = all(entry[key] == cause[key] for key in cause) or entry["type"] == other
        taken = min(left, entry["count"]) if is_it else 0
        left -= taken
        if not taken:
            fewer.append(entry)
        elif taken < entry["count"]:
            rest = {**without_examples(entry), "count": entry["count"] - taken}
            fewer.append(rest | after_loss(entry))
    return fewer


def plain_value(value: Any, default=None) -> tuple[Any, str | None]:
    """A return value as JSON of limited size, and a note if part of the value was lost.

    :param default: turns a value that JSON does not know into one that JSON knows, or raises
        TypeError
    :returns: (value, note): note is None if nothing was lost

    >>> plain_value({"a": 1})
    ({'a': 1}, None)
    >>> plain_value(object())
    (None, 'The return value, an object, is not plain JSON and was not kept.')
    """
    try:
        text = dump(value, default)
    except Exception:  # a lazy value may raise anything
        kind = type(value).__name__
        if kind[:1].lower() in "aeiou":
            note = _lt(
                "The return value, an %(kind)s, is not plain JSON and was not kept.", kind=kind
            )
        else:
            note = _lt(
                "The return value, a %(kind)s, is not plain JSON and was not kept.", kind=kind
            )
        return None, note
    if holds_nul(text):
        return None, _lt("The return value has a NUL character and was not kept.")
    if len(text) <= VALUE_LIMIT:
        return json.loads(text), None
    return _cut(json.loads(text), len(text))


def _cut(value: Any, size: int) -> tuple[Any, str]:
    if isinstance(value, str):
        note = _lt("The return value was cut: it had %(size)s characters of JSON.", size=size)
        return value[:VALUE_LIMIT], note
    if isinstance(value, list):
        kept, room = [], VALUE_LIMIT
        for item in value:
            room -= len(json.dumps(item, ensure_ascii=False)) + 2
            if room < 0:
                break
            kept.append(item)
        numbers = {"kept": len(kept), "all": len(value)}
        return kept, _lt("The return value was cut: %(kept)s of %(all)s items are kept.", **numbers)
    return None, _lt(
        "The return value was not kept: it had %(size)s characters of JSON.", size=size
    )
