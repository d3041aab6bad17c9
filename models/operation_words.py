"""Operations in the words of people: what is done, and to what."""

from odoo.models import fix_import_export_id_paths
from odoo.tools.misc import formatLang

from ..engine.progress import split_duration
from ..engine.selection import METHODS


def op_in_words(env, op, method=None) -> str:
    """The verb of an operation.

    :param method: of a call; some have a verb of their own
    """
    of_methods = {
        "action_archive": env._("Archive"),
        "action_unarchive": env._("Unarchive"),
        METHODS["archive"]: env._("Archive"),
        METHODS["unarchive"]: env._("Unarchive"),
        METHODS["update"]: env._("Change"),
        METHODS["button"]: env._("Press a button"),
        METHODS["action"]: env._("Run an action"),
    }
    if op == "call" and method in of_methods:
        return of_methods[method]
    words = {
        "create": env._("Create"),
        "write": env._("Change"),
        "upsert": env._("Create or change"),
        "load": env._("Import"),
        "unlink": env._("Delete"),
        "call": env._("Call"),
    }
    return words.get(op, op)


def model_in_words(env, model) -> str:
    """The name of a model, or its technical name if its app is gone."""
    return env["ir.model"].sudo()._get(model).name or model


def field_in_words(env, model, column) -> str:
    """The label of a field, or of a column such as country_id/code; what is no field stays."""
    labels = []
    for step in fix_import_export_id_paths(column):
        field = env[model]._fields.get(step) if model in env else None
        if step in ("id", ".id"):
            labels.append(env._("External ID") if step == "id" else env._("Database ID"))
        else:
            labels.append(field._description_string(env) if field else step)
        model = field.comodel_name if field and field.relational else None
    return " / ".join(labels)


def kind_in_words(env, error_type) -> str:
    """The kind of an error, as the screens call it."""
    kinds = env["batch.job.operation"]._fields["error_type"]._description_selection(env)
    return dict(kinds).get(error_type, error_type)


def error_in_short(env, error_type, model, field) -> str:
    """An error without the values that its message may quote: the kind, and the field."""
    kind = kind_in_words(env, error_type)
    if not field:
        return kind
    return env._("%(kind)s: %(field)s", kind=kind, field=field_in_words(env, model, field))


def counted(env, count, one, several) -> str:
    """A sentence about so many rows: a translation knows no plural.

    :param one: the sentence for one row
    :param several: the sentence for another number, which stands for its `%s`
    """
    if count == 1:
        return env._(one)
    text = env._(several)
    return text % formatLang(env, count, digits=0)


def quoted(env, text) -> str:
    """A name in the quotation marks of the language."""
    # with a name: Odoo exports no term of one letter
    return env._("“%(name)s”", name=text)


def names_of(records) -> dict[int, str]:
    """Id -> name, of those records that exist and that the user may read."""
    if not records.browse().has_access("read"):
        return {}
    readable = records.exists()._filtered_access("read")
    return {record.id: record.display_name for record in readable}


def counts_in_words(env, succeeded, failed, skipped) -> str:
    """Such as "17,000 done, 3,000 failed"; what is zero is left out."""

    def number(count) -> str:
        return formatLang(env, count, digits=0)

    parts = (
        succeeded and env._("%s done", number(succeeded)),
        failed and env._("%s failed", number(failed)),
        skipped and env._("%s not run", number(skipped)),
    )
    return ", ".join(filter(None, parts))


def seconds_in_words(env, seconds) -> str:
    hours, minutes, rest = split_duration(seconds)
    if hours:
        return env._("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    if minutes:
        return env._("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    return env._("%s s", rest) if rest else env._("less than a second")
