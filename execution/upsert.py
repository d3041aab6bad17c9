"""Upsert: update the record that has the key, or create one; one look-up for a whole group."""

import dataclasses

import psycopg2.pool
from psycopg2 import errors as pg

from odoo.tools import SQL

from ..engine.coalesce import coalesce
from ..engine.operations import Operation
from ..engine.outcomes import Failure, Outcome
from . import crud
from .find_external_ids import ExternalIds
from .find_keys import Keys
from .snapshots import PATIENCE, oldest_unseen


def upsert(model, operations: list[Operation]) -> list[Outcome]:
    """Apply upserts that have the same key fields. Two with the same key are one record."""
    if len(operations) > 1 and any(_may_make_others(model, one) for one in operations):
        return [outcome for one in operations for outcome in upsert(model, [one])]
    finder = finder_of(model, operations)
    outcomes, keys = _failing_keys(finder, operations)
    operations = [operation for operation in operations if operation.position in keys]
    matches = finder.find(set(keys.values()))
    creators: dict[object, Operation] = {}
    updates: list[tuple[Operation, int | None]] = []
    for operation in operations:
        key = keys[operation.position]
        match = matches.get(key)
        if match and match.failure:
            outcomes.append(Outcome(operation.position, "failed", failure=match.failure))
        elif match:
            updates.append((operation, match.id))
        elif key in creators:
            updates.append((operation, None))
        elif failure := finder.refuse_new(key):
            outcomes.append(Outcome(operation.position, "failed", failure=failure))
        else:
            creators[key] = operation
    made = _create(model, finder, creators)
    ids = {key: made[operation.position].ids[0] for key, operation in creators.items()}
    written = [(o, one or ids[keys[o.position]]) for o, one in updates]
    return outcomes + list(made.values()) + _update(model, finder, written)


def finder_of(model, operations: list[Operation]):
    """What looks up the records of upserts that have the same key fields."""
    payload = operations[0].payload
    return ExternalIds(model) if payload.get("xml_id") else Keys(model, payload["key"])


def add_later_of_same_key(model, suspects: dict, operations: list[Operation]) -> dict:
    """What comes after a suspect with the same key must wait for it: the later one updates."""
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


def _may_make_others(model, operation):
    """Whether an x2many command gives another record of the model a key, which a later operation
    must find."""
    names = set(operation.payload.get("key") or ())
    return any(
        isinstance(command, list) and isinstance(command[-1], dict) and names & command[-1].keys()
        for name, value in operation.payload["values"].items()
        if isinstance(value, list) and model._fields.get(name) is not None
        if model._fields[name].comodel_name == model._name
        for command in value
        if command
    )


def _failing_keys(finder, operations):
    """Outcomes of the operations whose key is no good, and the keys of the others."""
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
    try:
        outcomes = crud.create(model, list(creators.values()))
        finder.created({key: made.ids[0] for key, made in zip(creators, outcomes, strict=True)})
    except pg.UniqueViolation as error:
        # somebody who takes none of our locks may have made one
        error.is_made_beside = lambda: _are_made_beside(model, finder, set(creators))
        raise
    return {o.position: dataclasses.replace(o, value="created") for o in outcomes}


def _are_made_beside(model, finder, keys) -> bool:
    """To be asked when the failed attempt is rolled back, and with it what that had deleted."""
    if finder.find(keys):
        return False
    oldest = oldest_unseen(model.env.cr)
    try:
        with model.env.registry.cursor() as cr:
            # the transaction itself may hold the whole table
            cr.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
            return finder.afresh(cr).finds_newer(keys, oldest)
    except (psycopg2.OperationalError, psycopg2.pool.PoolError):
        return True  # nobody knows: it is done again, and fails as a conflict if that lasts


def _update(model, finder, updates):
    """Write in order; the writes of one record stay apart, those of others are merged."""
    writes = [
        dataclasses.replace(
            operation,
            op="write",
            payload={"ids": [record_id], "values": finder.values_to_write(operation)},
        )
        for operation, record_id in updates
    ]
    for group in coalesce([one for one in writes if one.payload["values"]]):
        crud.write(model, group.operations)
    return [Outcome(o.position, "done", ids=o.payload["ids"], value="updated") for o in writes]
