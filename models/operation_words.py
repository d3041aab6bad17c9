"""Operations in the words of people: what is done, and to what."""

from odoo.tools.misc import formatLang

from ..engine.progress import split_duration

# fields that tell records apart where a name is missing, as in a row that failed for that
_TELLING = ("ref", "code", "default_code", "barcode", "login", "email")


def op_in_words(env, op) -> str:
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


def name_in(payload, model) -> str | None:
    """What an operation calls the record that it makes: its name, else its external id or key."""
    if "row" in payload:
        values = dict(zip(payload.get("fields", ()), payload["row"], strict=False))
        names = (model._rec_name, "id", *payload.get("key", ()), *_TELLING)
    elif payload.get("method") or "ids" in payload:
        return None
    else:
        values = payload.get("values")
        values = {**values, "xml_id": payload.get("xml_id")} if isinstance(values, dict) else {}
        names = (model._rec_name, "xml_id", *payload.get("key", ()), *_TELLING)
    found = (values.get(name) for name in names if name)
    return next((one for one in found if isinstance(one, str) and one), None)


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
