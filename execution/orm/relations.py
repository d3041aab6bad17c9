"""Where the fields of a model lead to, for the decisions of the engine."""

from collections import defaultdict
from itertools import combinations

from odoo.tools import SQL

from ...engine.commands import RelationOf, names_its_model, with_defaults


def relations(env) -> RelationOf:
    """The `relation_of` of `engine/commands.py`, for the models of this database."""

    def relation_of(model, name):
        field = env.registry[model]._fields.get(name) if model in env.registry else None
        if field is None:
            return None
        if field.relational:
            return field.type, field.comodel_name
        # a reference may lead to any model
        return (field.type, "") if field.type in ("reference", "many2one_reference") else None

    return relation_of


def new_names_kin(model, values: dict) -> bool:
    """Whether a new record may name a record of its own model, or of a model that is part of it."""
    given = with_defaults(values, model.env.context)
    return names_its_model(model._name, given, relations(model.env), kin_of(model))


def kin_of(model) -> set[str]:
    """The models that a model's records delegate to, at any depth."""
    found = set(model._inherits)
    return found.union(*(kin_of(model.env[name]) for name in found))


def tied_by_references(model, ids: list[int]) -> list[tuple[int, int]]:
    """Pairs of tied records: one unlink of both may end differently than two unlinks.

    Two records are tied if one refers to the other, or if the deletion of one deletes the other by
    cascade. They are also tied if a third record of the model refers to both: that record may be
    deleted with the first and block the deletion of the second. This makes one query for each field
    and each step of a cascade.
    """
    reached = {one: {one} for one in ids}  # record -> the records of `ids` that delete it, too
    named: dict[int, set[int]] = defaultdict(set)  # record -> the records of `ids` it depends on
    last = set(ids)
    while last:
        step: set[int] = set()
        for field in _fields_to_itself(model):
            for referrer, one in _referrers(model, field, list(last)):
                named[referrer] |= reached[one]
                if field.ondelete == "cascade":
                    known = reached.setdefault(referrer, set())
                    if not known >= reached[one]:
                        known |= reached[one]
                        step.add(referrer)
        last = step
    asked = set(ids)
    return [
        pair
        for referrer, others in named.items()
        for pair in combinations(sorted(others | asked.intersection([referrer])), 2)
    ]


def _fields_to_itself(model):
    return [
        field
        for field in model._fields.values()
        if field.type == "many2one" and field.comodel_name == model._name
        if field.store and not field.company_dependent
    ]


def _referrers(model, field, ids):
    name, table = SQL.identifier(field.name), SQL.identifier(model._table)
    # a record that refers to itself is tied to no other one: most partners do
    query = SQL(
        "SELECT id, %s FROM %s WHERE %s = ANY(%s) AND %s != id", name, table, name, ids, name
    )
    return model.env.execute_query(query)
