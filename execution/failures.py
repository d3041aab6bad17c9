"""Turn an operation's exception into a failure: a type, a cause, and a sentence for people."""

import re
import traceback

import psycopg2
from psycopg2 import errors as pg

from odoo.exceptions import AccessError, MissingError, RedirectWarning, UserError, ValidationError
from odoo.fields import Field

from ..engine.errors import ForbiddenEffect
from ..engine.examples import as_example
from ..engine.messages import message_of
from ..engine.outcomes import Failure
from .in_words import in_words
from .transaction.transient import TransientError

_INVALID_FIELD = re.compile(
    r"Invalid field '?(?P<field>[\w.]+)'? (?:on model|on|in) '?(?P<model>[\w.]+)?"
)
_WRONG_VALUE = re.compile(
    r"Wrong value for (?P<model>[\w.]+)\.(?P<field>\w+)(?:: '(?P<value>.*)'$)?"
)
_OTHER_TYPE = re.compile(r'column "(?P<column>\w+)" is of type')
_TAKEN_KEY = re.compile(r"Key \((?P<columns>.+?)\)=\((?P<values>.*)\) already exists")
_ABSENT_KEY = re.compile(r"Key \((?P<column>\w+)\)=\((?P<value>.*?)\) is not present")


class NeedsPerson(UserError):
    """A button, or a server action, would open something for a person to go on with."""


class NotOffered(UserError):
    """A view does not show the button for the record, or makes a field read-only for it."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


# methods of fields that get an operation's value as an argument
_CONVERSIONS = {
    "convert_to_cache", "convert_to_column", "convert_to_column_insert", "write", "write_batch",
}  # fmt: skip


def describe(error: BaseException, model) -> Failure:
    """Say why an operation on `model` (an empty recordset in the owner's environment) failed.

    Call `describe` after the rollback to the savepoint: it needs a usable transaction. It never
    raises, because an odd error of one operation must not harm the operation's mates.
    """
    for lang in (model.env.context.get("lang"), None):
        try:
            return _describe(error, model.with_context(lang=lang))
        except Exception:  # an unknown language, or an error whose text raises an error
            continue
    return Failure("error", type(error).__name__, model._name)


def _describe(error, model):
    if isinstance(error, psycopg2.Error):
        return _describe_sql(error, model)
    for kind, error_type in _KINDS:
        if isinstance(error, kind):
            field = error.field if isinstance(error, NotOffered) else None
            return Failure(error_type, _text(error, model.env), model._name, field)
    return _describe_value(error, model)


_KINDS = (
    (AccessError, "access"),
    (MissingError, "missing"),
    (ValidationError, "constraint"),
    (NeedsPerson, "needs_person"),
    (NotOffered, "not_offered"),
    (UserError, "user_error"),
    (RedirectWarning, "user_error"),
    (TransientError, "conflict"),
    (ForbiddenEffect, "error"),
)


def _describe_value(error, model):
    text = _text(error, model.env)
    if match := _INVALID_FIELD.search(text):
        # the field may be one of an x2many line's model
        name = match["model"]
        return unknown_field(model.env[name] if name in model.env else model, match["field"])
    match = _WRONG_VALUE.search(text)
    # the text may quote data that only looks like a model
    if match and match["model"] in model.env:
        value = match["value"] and as_example(match["field"], match["value"])
        return Failure("bad_value", text, match["model"], match["field"], value=value)
    if field := _converting_field(error):
        return unfit_value(model, field)
    return Failure("error", f"{type(error).__name__}: {text}", model._name)


def _converting_field(error):
    """The field that was converting a value when the error was raised, or None."""
    if not isinstance(error, ValueError | TypeError | LookupError | AttributeError):
        return None
    frames = (frame for frame, _line in traceback.walk_tb(error.__traceback__))
    at_work = (
        frame.f_locals.get("self") for frame in frames if frame.f_code.co_name in _CONVERSIONS
    )
    return next((field for field in at_work if isinstance(field, Field)), None)


def unfit_value(model, field) -> Failure:
    text = model.env._(
        "%(field)s (%(label)s) of %(model)s: the value that was given is not a valid %(type)s.",
        field=field.name,
        label=field._description_string(model.env),
        model=field.model_name,
        type=field.type,
    )
    return Failure("bad_value", text, field.model_name, field.name)


def unknown_field(model, name) -> Failure:
    text = model.env._(
        "%(model)s has no field %(field)r. Correct the name or leave it out.",
        model=model._name,
        field=name,
    )
    return Failure("unknown_field", text, model._name, name)


def _describe_sql(error, model):
    diagnostics = error.diag
    failing = model_of_table(model.env, diagnostics.table_name)
    if failing is None:  # not `or`: an empty recordset is false
        failing = model
    names = {"model": failing._name, "constraint": diagnostics.constraint_name}
    match error:
        case pg.NotNullViolation():
            return _required(failing, diagnostics.column_name)
        case pg.ForeignKeyViolation() | pg.RestrictViolation():
            return _foreign_key(error, failing, names)
        case pg.UniqueViolation():
            text = failing._sql_error_to_message(error)
            return Failure("unique", text, **names, value=_taken_key(error))
        case pg.IntegrityError():
            return Failure("constraint", _broken_rule(error, failing), **names)
        case pg.DataError():
            return Failure("bad_value", _unfit_for_column(error, failing), **names)
        case pg.DatatypeMismatch() if match := _OTHER_TYPE.search(str(error)):
            if field := failing._fields.get(match["column"]):
                return unfit_value(failing, field)
            return Failure("bad_value", _unfit_for_column(error, failing), **names)
        case _:
            return Failure("error", diagnostics.message_primary or str(error).strip(), **names)


def _unfit_for_column(error, model) -> str:
    """A sentence about a value without its column, which PostgreSQL does not name."""
    match error:
        case pg.NumericValueOutOfRange():
            return model.env._("A number is too large for its field.")
        case pg.StringDataRightTruncation():
            return model.env._("A text is too long for its field.")
        case pg.DatetimeFieldOverflow() | pg.InvalidDatetimeFormat():
            return model.env._("A date or time is not valid.")
        case pg.InvalidTextRepresentation() | pg.DatatypeMismatch():
            return model.env._(
                "A value is of another type than its field, such as a text in the place of an id."
            )
    return error.diag.message_primary or str(error).strip()


def _required(model, column):
    field = model._fields.get(column)
    label = field._description_string(model.env) if field else column
    text = model.env._(
        "%(label)s (%(field)s) is required on %(model)s, and no value was given.",
        label=label,
        field=column,
        model=model._name,
    )
    return Failure("required", text, model._name, column)


def _foreign_key(error, model, names):
    match = _ABSENT_KEY.search(error.diag.message_detail or "")
    if not match:
        return Failure("foreign_key", _still_used(model), **names)
    field = model._fields.get(match["column"])
    comodel = field.comodel_name if field and field.relational else None
    text = absent_reference(model, match["column"], comodel, match["value"])
    value = as_example(match["column"], match["value"])
    return Failure("foreign_key", text, field=match["column"], **names, value=value)


def _taken_key(error) -> str | None:
    match = _TAKEN_KEY.search(error.diag.message_detail or "")
    return match and as_example(match["columns"], match["values"])


def is_still_used(error) -> bool:
    """Whether a foreign key was violated by a deletion, and not by a reference to nothing."""
    return not _ABSENT_KEY.search(error.diag.message_detail or "")


def _still_used(by_model) -> str:
    return by_model.env._(
        "A record of %(description)s (%(model)s) still refers to it: change or delete that one "
        "first, or archive this one.",
        description=by_model._description,
        model=by_model._name,
    )


def _broken_rule(error, model) -> str:
    """The message of the rule. If the rule has none, PostgreSQL's message without the row."""
    text = model._sql_error_to_message(error)
    return (error.diag.message_primary or text) if "DETAIL:" in text else text


def absent_reference(model, field, comodel, value) -> str:
    return model.env._(
        "%(field)s: there is no %(comodel)s with id %(id)s.",
        field=field,
        comodel=comodel or model.env._("record"),
        id=value,
    )


def model_of_table(env, table):
    """The model stored in a table, as an empty recordset, or None."""
    for name, model_class in env.registry.items():
        if table and model_class._table == table and not model_class._abstract:
            return env[name]
    return None


def _text(error, env) -> str:
    if isinstance(error, RedirectWarning):
        return str(error.args[0]).strip()
    return in_words(env, message_of(error)).strip()
