"""What an operation's values do to existing records: x2many commands, and ids of other records.

This module knows no fields. Callers pass `relation_of`: for a relational field it returns the type
and the model that the field leads to, such as `("one2many", "res.partner")` for
`relation_of("res.partner", "child_ids")`. For any other field it returns None.
"""

from collections.abc import Callable, Collection, Container, Iterator
from enum import IntEnum
from typing import Any

Relation = tuple[str, str]  # type of the field, model that the field leads to
RelationOf = Callable[[str, str], Relation | None]

CREATE, UPDATE, DELETE, UNLINK, LINK, CLEAR, SET = range(7)


class Effect(IntEnum):
    """What commands may do to records, from harmless to worst."""

    LINKS = 0  # change only the links of the record itself
    CREATES = 1  # create new records, too
    CHANGES = 2  # update, delete or take over existing records, too


def effect(model: str, values: dict, relation_of: RelationOf, is_new: bool) -> Effect:
    """The worst effect of the x2many commands in these values.

    :param is_new: the values are for a new record, which has no links yet
    """
    found = Effect.LINKS
    for relation, commands in _commands(model, values, relation_of):
        for command in commands:
            found = max(found, _effect_of(relation, command, relation_of, is_new))
            if found is Effect.CHANGES:
                return found
    return found


def _effect_of(relation: Relation, command: Any, relation_of: RelationOf, is_new: bool) -> Effect:
    kind, comodel = relation
    if not isinstance(command, list | tuple) or not command:
        return Effect.CHANGES  # no command: the model's own code decides what this means
    if command[0] == CREATE and len(command) == 3 and isinstance(command[2], dict):
        return max(Effect.CREATES, effect(comodel, command[2], relation_of, is_new=True))
    if is_new and command[0] == CLEAR:
        return Effect.LINKS
    if kind == "many2many" and command[0] in (UNLINK, LINK, CLEAR, SET):
        return Effect.LINKS
    return Effect.CHANGES


def names_its_model(
    model: str, values: dict, relation_of: RelationOf, kin: Collection[str] = ()
) -> bool:
    """Whether these values may name a record of their own model, at any depth.

    :param kin: models whose records are part of the model's records, as a partner is of a user
    """
    return _names({model, *kin}, model, values, relation_of)


def with_defaults(values: dict, context: dict) -> dict:
    """The values of a new record, completed with the `default_…` values of the context.

    >>> with_defaults({"name": "Jo"}, {"default_parent_id": 7, "lang": "en_US"})
    {'parent_id': 7, 'name': 'Jo'}
    """
    prefix = "default_"
    defaults = {
        key.removeprefix(prefix): value for key, value in context.items() if key.startswith(prefix)
    }
    return defaults | values


def _names(wanted: Container[str], model: str, values: dict, relation_of: RelationOf) -> bool:
    for name, value in values.items():
        relation = relation_of(model, name) if value else None
        if relation is None:
            continue
        kind, comodel = relation
        if not comodel or comodel in wanted:
            return True
        if kind in ("one2many", "many2many") and any(
            _names(wanted, comodel, nested, relation_of) for nested in _nested(value)
        ):
            return True
    return False


def _nested(commands: Any) -> Iterator[dict]:
    for command in commands if isinstance(commands, list | tuple) else ():
        if isinstance(command, list | tuple) and command and isinstance(command[-1], dict):
            yield command[-1]


def _commands(model, values, relation_of) -> Iterator[tuple[Relation, list]]:
    for name, value in values.items():
        if isinstance(value, (list, tuple)):  # a union takes twice as long
            relation = relation_of(model, name)
            if relation and relation[0] in ("one2many", "many2many"):
                yield relation, value
