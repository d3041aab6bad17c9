"""What the values of an operation do to records that exist: x2many commands, and names of others.

Knowledge of fields is asked for: `relation_of("res.partner", "child_ids")` gives the type of a
relational field and the model that it leads to, `("one2many", "res.partner")`; None for others.
"""

from collections.abc import Callable, Collection, Container, Iterator
from enum import IntEnum
from typing import Any

Relation = tuple[str, str]  # type of the field, model that it leads to
RelationOf = Callable[[str, str], Relation | None]

CREATE, UPDATE, DELETE, UNLINK, LINK, CLEAR, SET = range(7)


class Effect(IntEnum):
    """What commands do, the worst of them."""

    LINKS = 0  # they touch nothing but the links of the record itself
    CREATES = 1  # and make new records
    CHANGES = 2  # and update, delete or take over records that exist


def effect(model: str, values: dict, relation_of: RelationOf, is_new: bool) -> Effect:
    """The worst that the commands in some values do.

    :param is_new: they are those of a new record, which has no links yet
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
        return Effect.CHANGES  # nobody knows what a model makes of it
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
    """Whether some values may name a record of their own model, at any depth.

    :param kin: models whose records are part of the model's, as a partner is of a user
    """
    return _names({model, *kin}, model, values, relation_of)


def with_defaults(values: dict, context: dict) -> dict:
    """Some values, with those that `default_…` in the context gives to a new record.

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
        if isinstance(value, list | tuple):
            relation = relation_of(model, name)
            if relation and relation[0] in ("one2many", "many2many"):
                yield relation, value
