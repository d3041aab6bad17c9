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


def creates(count):
    return [create(position, name=f"n{position}") for position in range(count)]


def _operation(position, op, model="res.partner", **payload):
    return Operation(position, position, op, model, payload)
