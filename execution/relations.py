"""What the decisions of the engine must know of a model: where its fields lead to."""

from odoo.tools import SQL

from ..engine.commands import RelationOf


def relations(env) -> RelationOf:
    """See `engine/commands.py`."""

    def relation_of(model, name):
        field = env.registry[model]._fields.get(name) if model in env.registry else None
        if field is None:
            return None
        if field.relational:
            return field.type, field.comodel_name
        # such a field may lead to any model
        return (field.type, "") if field.type in ("reference", "many2one_reference") else None

    return relation_of


def references_among(model, ids: list[int]) -> list[tuple[int, int]]:
    """Which of some records refer to another one of them; one query a field."""
    pairs: list[tuple[int, int]] = []
    for field in model._fields.values():
        own = field.type == "many2one" and field.comodel_name == model._name
        if own and field.store and not field.company_dependent:
            name = SQL.identifier(field.name)
            query = SQL(
                "SELECT id, %s FROM %s WHERE id = ANY(%s) AND %s = ANY(%s)",
                *(name, SQL.identifier(model._table), ids, name, ids),
            )
            pairs += [(one, other) for one, other in model.env.execute_query(query) if one != other]
    return pairs
