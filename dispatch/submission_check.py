import inspect
import logging

from odoo.api import Environment
from odoo.exceptions import AccessError, UserError
from odoo.models import fix_import_export_id_paths
from odoo.service.model import get_public_method

from ..engine.errors import BadRequest
from ..engine.messages import message_of
from ..engine.passwords import is_secret_name, name_secret_arguments
from ..execution.checks.access import access_problem
from ..execution.in_words import in_words
from .key_check import KeyCheck

REFUSED_MODELS = {
    "base.import.module",
    "base.module.uninstall",
    "base.module.update",
    "base.module.upgrade",
    "ir.cron",
    "ir.cron.progress",
    "ir.cron.trigger",
    "ir.model",
    "ir.model.constraint",
    "ir.model.fields",
    "ir.model.fields.selection",
    "ir.model.inherit",
    "ir.model.relation",
    "ir.module.module",
    "ir.module.module.dependency",
    "ir.module.module.exclusion",
}
# the method checks a password; in a job nothing slows down an attacker who tries many
REFUSED_METHODS = {("res.users", "authenticate")}


class SubmissionCheck(KeyCheck):
    """Checks models, methods and fields that operations name, and whether the user may use them."""

    def _check_models(self, operations, first_index, indexes=None):
        """Check each distinct (op, model, names, key of columns) once.

        Names are a method, the fields of a key, or columns.

        :param indexes: the index of each operation, where they are not neighbours
        """
        seen = set()
        for place, operation in enumerate(operations):
            index = indexes[place] if indexes else first_index + place
            names, key = operation.get("method") or operation.get("fields"), operation.get("key")
            if operation["op"] == "upsert":
                names, key = key, None
            names = (names,) if isinstance(names, str) else tuple(names or ())
            kind = (operation["op"], operation["model"], names, tuple(key or ()))
            if kind not in seen:
                seen.add(kind)
                self._check_model(index, *kind)

    def _check_model(self, index, op, name, names, key):
        problem, kind = self._model_problem(op, name, names, key)
        if problem:
            text = self.env._("Operation %(index)s: %(problem)s", index=index, problem=problem)
            raise refusal(kind, text, [index])

    def _check_on_end(self, on_end):
        """Refuse an `on_end` where an operation `call` would be refused."""
        problem, kind = self._model_problem("call", on_end["model"], (on_end["method"],), None)
        if problem:
            raise refusal(kind, self.env._("on_end: %s", problem), [])

    def _model_problem(self, op, name, names, key):
        """(why the model cannot be used so, exception class); the first is None if it can."""
        if name not in self.env:
            text = self.env._("model %s does not exist; check its spelling and its app.", name)
            return text, UserError
        if is_refused(name):
            return self.env._("model %s cannot be changed by a batch job.", name), UserError
        model = self.env[name]
        if model._abstract and op != "call":
            return self.env._("model %s is abstract and has no records.", name), UserError
        if op == "call" and (name, *names) in REFUSED_METHODS:
            text = self.env._("%s cannot be called by a batch job.", ".".join((name, *names)))
            return text, UserError
        try:
            if op == "call":
                get_public_method(model, *names)
        except AttributeError as error:
            return str(error), UserError
        except AccessError as error:
            return str(error), AccessError
        if denied := access_problem(model, op):
            return denied, AccessError
        try:
            return self._names_problem(model, op, names, key), UserError
        except AccessError as error:
            return str(error), AccessError

    def _names_problem(self, model, op, names, key):
        if op == "upsert":
            return self._key_problem(model, names)
        problem = self._column_problem(model, names) if op == "load" else None
        return problem or (self._row_key_problem(model, names, key) if key else None)

    def _column_problem(self, model, names):
        for column in names:
            place, field = model, None
            for step in fix_import_export_id_paths(column):
                name = step.partition(".")[0]
                if place is None and field.type != "properties":
                    # Odoo would put the cell into the field itself
                    return self.env._(
                        "column %(column)s: %(name)s is no relation and has no fields.",
                        column=column,
                        name=field.name,
                    )
                if place is None or not name or name == "id":
                    break
                if name not in place._fields:
                    return self.env._(
                        "column %(column)s: %(model)s has no field %(name)s.",
                        column=column,
                        model=place._name,
                        name=name,
                    )
                field = place._fields[name]
                place = self.env[field.comodel_name] if field.comodel_name else None
        return None

    def _name_secrets(self, operations):
        """Give the arguments of a call by name if a parameter is a password.

        Passwords are found, and blanked, only by their names.
        """
        calls = [one for one in operations if one["op"] == "call" and one.get("args")]
        parameters = {
            kind: names
            for kind in {(one["model"], one["method"]) for one in calls}
            if any(map(is_secret_name, names := self._parameters(*kind)))
        }
        if not parameters:
            return operations
        return [
            name_secret_arguments(one, parameters.get((one["model"], one.get("method")), []))
            for one in operations
        ]

    def _parameters(self, model, method) -> list[str]:
        """Names of a method's parameters that may be given by position."""
        signature = inspect.signature(get_public_method(self.env[model], method))
        by_name_too = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = [one.name for one in signature.parameters.values() if one.kind == by_name_too]
        return names[1:]  # without self


def is_refused(model: str) -> bool:
    """Whether no operation may name the model."""
    return model in REFUSED_MODELS or model == "batch.job" or model.startswith("batch.job.")


def may_run_on(env: Environment, model: str) -> bool:
    """Whether the user may run jobs on records chosen in a list of the model."""
    if model not in env or is_refused(model):
        return False
    kind = env[model]
    is_table = kind._auto and not kind._abstract and not kind._transient
    return is_table and env.user.has_group("batch_job.group_user")


def refused(env: Environment, error: BadRequest) -> UserError:
    """The error for RPC, for what the engine refuses, in the language of the call."""
    text = in_words(env, message_of(error))
    return refusal(UserError, text, getattr(error, "indexes", []))


def refusal(kind, text, indexes):
    """An exception that gives an RPC client the indexes of the operations besides the text."""
    error = kind(text)
    if indexes:
        error.context = {"index": indexes[0], "indexes": indexes}
    if kind is UserError:
        # Odoo would log the text as a warning, and the text quotes the operation
        error.loglevel = logging.DEBUG
    return error
