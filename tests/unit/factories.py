"""Operations as the engine gets them, made in one line."""

from engine.operations import Operation


def create(position, **values):
    return _operation(position, "create", values=values)


def write(position, ids, **values):
    return _operation(position, "write", ids=ids, values=values)


def unlink(position, ids):
    return _operation(position, "unlink", ids=ids)


def call(position, ids, method, each=False, **kwargs):
    return _operation(position, "call", ids=ids, method=method, kwargs=kwargs, each=each)


def upsert(position, **values):
    return _operation(position, "upsert", key=["ref"], values=values)


def creates(count):
    return [create(position, name=f"n{position}") for position in range(count)]


_RELATIONS = {
    ("res.partner", "parent_id"): ("many2one", "res.partner"),
    ("res.partner", "country_id"): ("many2one", "res.country"),
    ("res.partner", "source"): ("reference", ""),
    ("res.partner", "child_ids"): ("one2many", "res.partner"),
    ("res.partner", "tag_ids"): ("many2many", "res.partner.category"),
    ("res.partner.category", "partner_ids"): ("many2many", "res.partner"),
}


def relation_of(model, name):
    return _RELATIONS.get((model, name))


def _operation(position, op, model="res.partner", **payload):
    return Operation(position, position, op, model, payload)
