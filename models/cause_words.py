"""Causes of failures in the words of people: field labels in the reader's language."""

from odoo.tools.misc import formatLang

from ..engine.examples import MANY, MOST_COUNTED
from ..engine.outcomes import OTHER_CAUSES
from .operation_words import model_in_words

# of these the words below say all; of the others the message of a failure says more
TOLD = ("required", "unknown_field", "missing", "foreign_key", "unique", "ambiguous_key")
_NAMES_RECORDS = ("many2one", "many2many", "reference")


def cause_in_words(env, cause: dict, message: str | None = None, varied: bool = False) -> str:
    """What went wrong, in one line.

    :param cause: with `values` and `distinct` if the reader may see them
    :param message: of a failure, if the reader may see it
    :param varied: other failures of the cause have other messages
    """
    if cause["type"] == OTHER_CAUSES["type"]:
        return env._("Other causes")
    values = cause.get("values")
    words = _without_values(env, cause)
    if cause["type"] not in TOLD and message and not (cause["type"] == "bad_value" and values):
        text = " ".join(message.split())
        return env._("e.g. %s", text) if varied else text
    return _with_values(env, words, values, cause.get("distinct")) if values else words


def _without_values(env, cause) -> str:
    model = cause["model"] and model_in_words(env, cause["model"])
    label, is_record = _field_in_words(env, cause["model"], cause["field"])
    kinds = dict(env["batch.job.operation"]._fields["error_type"]._description_selection(env))
    kind = kinds.get(cause["type"], cause["type"])
    what = label or model
    match cause["type"]:
        case _ if not what:
            return kind
        case "required" if label:
            return env._("%(field)s is missing", field=label)
        case "unknown_field" if label:
            return env._("%(model)s has no field “%(name)s”", model=model, name=cause["field"])
        case "foreign_key" if not label:
            return env._("Still used by a record of %(model)s", model=model)
        case "missing" | "foreign_key":
            return env._("%(what)s: no such record", what=what)
        case "bad_value" if is_record:
            return env._("%(what)s: no such record", what=what)
        case "bad_value":
            return env._("%(what)s: wrong value", what=what)
        case "unique":
            return env._("%(what)s: exists already", what=what)
    return env._("%(what)s: %(kind)s", what=what, kind=kind)


def _with_values(env, words, values, distinct) -> str:
    parts = {"reason": words, "value": values[0]}
    if distinct == 1:
        return env._("%(reason)s: %(value)s", **parts)
    if distinct is None:
        return env._("%(reason)s, e.g. %(value)s", **parts)
    if distinct == MANY:
        most = formatLang(env, MOST_COUNTED, digits=0)
        return env._("%(reason)s, e.g. %(value)s (more than %(most)s values)", **parts, most=most)
    return env._("%(reason)s, e.g. %(value)s (%(count)s values)", **parts, count=distinct)


def _field_in_words(env, model: str | None, path: str | None) -> tuple[str | None, bool]:
    """The label of a field, or of a column to import such as `child_ids/country_id/code`; and
    whether its value names a record. What has no label is its own name."""
    if not path:
        return None, False
    if path in ("id", ".id"):
        return env._("External ID") if path == "id" else env._("Database ID"), False
    labels: list[str] = []
    for name in path.split("/"):
        if labels and name in ("id", ".id"):
            return " / ".join(labels), True
        found = _described(env, model, name)
        labels.append(found.get("string") or name)
        if found.get("type") in _NAMES_RECORDS:
            return " / ".join(labels), True
        model = found.get("relation")
    return " / ".join(labels), False


def _described(env, model, name) -> dict:
    if not model or model not in env:
        return {}
    # sudo: a label is no content, whoever may read the field
    attributes = ["string", "type", "relation"]
    return env[model].sudo().fields_get([name], attributes).get(name, {})
