"""Upsert: update the record that has the key, or create it. A group needs one look-up."""

import dataclasses

from ...engine.coalesce import Unflushed, coalesce
from ...engine.operations import Operation
from ...engine.outcomes import Failure, Outcome
from ...engine.segments import Step, segments
from . import crud
from .find_external_ids import ExternalIds
from .find_keys import Keys
from .made_beside import noticing_others
from .relations import new_names_kin, relations


def upsert(model, operations: list[Operation]) -> list[Outcome]:
    """Apply upserts that have the same key fields. Two upserts with the same key are one record."""
    finder = finder_of(model, operations)
    outcomes, keys = _failing_keys(finder, operations)
    matches = finder.find(set(keys.values()))
    steps, new = [], set()
    for operation in operations:
        key = keys.get(operation.position)
        if key is None:
            continue
        match = matches.get(key)
        failure = match.failure if match else finder.refuse_new(key)
        if failure:
            outcomes.append(Outcome(operation.position, "failed", failure=failure))
        elif match or key in new:
            steps.append(Step(operation, creates=False))
        else:
            new.add(key)
            names = new_names_kin(model, operation.payload["values"])
            steps.append(Step(operation, creates=True, names_its_model=names))
    ids = {key: match.id for key, match in matches.items()}
    for part in segments(steps, creates_first=True):
        outcomes += _apply(model, finder, part, keys, ids)
    return outcomes


def _apply(model, finder, part: list[Step], keys, ids) -> list[Outcome]:
    """Create, then update. Add the ids of the new records to `ids`."""
    model.env.flush_all()
    creators = {keys[step.item.position]: step.item for step in part if step.creates}
    made = _create(model, finder, creators)
    ids |= {key: made[operation.position].ids[0] for key, operation in creators.items()}
    updates = [(s.item, ids[keys[s.item.position]]) for s in part if not s.creates]
    return [*made.values(), *_update(model, finder, updates)]


def finder_of(model, operations: list[Operation]):
    """The finder for the records of upserts that have the same key fields."""
    payload = operations[0].payload
    return ExternalIds(model) if payload.get("xml_id") else Keys(model, payload["key"])


def add_later_of_same_key(model, suspects: dict, operations: list[Operation]) -> dict:
    """Add the operations that come after a suspect with the same key: they must wait for the
    suspect, because they update the record that the suspect creates."""
    if not suspects:
        return suspects
    keys, finder = set(), finder_of(model, operations)
    for operation in operations:
        key = finder.key_of(operation)
        if operation.position in suspects:
            keys.add(key)
        elif key in keys:
            suspects[operation.position] = None
    return suspects


def _failing_keys(finder, operations):
    """The outcomes of operations with a bad key, and the keys of the other operations."""
    outcomes, keys = [], {}
    for operation in operations:
        key = finder.key_of(operation)
        if isinstance(key, Failure):
            outcomes.append(Outcome(operation.position, "failed", failure=key))
        else:
            keys[operation.position] = key
    return outcomes, keys


def _create(model, finder, creators):
    if not creators:
        return {}
    with noticing_others(model, finder, set(creators)):
        outcomes = crud.create(model, list(creators.values()))
        finder.created({key: made.ids[0] for key, made in zip(creators, outcomes, strict=True)})
    return {o.position: dataclasses.replace(o, value="created") for o in outcomes}


def _update(model, finder, updates):
    """Write in order. Writes of different records are merged; two writes of a record are not."""
    writes = [
        dataclasses.replace(
            operation,
            op="write",
            payload={"ids": [record_id], "values": finder.values_to_write(operation)},
        )
        for operation, record_id in updates
    ]
    unflushed = Unflushed()
    given = [one for one in writes if one.payload["values"]]
    for group in coalesce(given, relations(model.env)):
        if unflushed.must_go_before(group):
            crud.begin(model.env, group)
        crud.write(model, group.operations)
    return [Outcome(o.position, "done", ids=o.payload["ids"], value="updated") for o in writes]
