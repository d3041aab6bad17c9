"""What people do in Odoo's apps, through the screens' own methods: files and lists."""

import ast
import csv
import io

PATIENCE = 900  # seconds

# what the import dialog sends of a plain file
AS_CHOSEN = {
    **dict.fromkeys(("date_format", "datetime_format", "sheet"), ""),
    **dict.fromkeys(("import_skip_records", "import_set_empty_fields", "sheets"), []),
    **dict.fromkeys(("fallback_values", "name_create_enabled_fields"), {}),
    "encoding": "utf-8",
    "separator": ",",
    "quoting": '"',
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
    "has_headers": True,
    "tracking_disable": False,
    "skip": 0,
}


def import_rows(rpc, model, rows, **how):
    """Import a file in the background; the first row names fields. Gives the status at the end."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    file = {"res_model": model, "file": text.getvalue(), "file_name": "rows.csv"}
    (dialog,) = rpc.call(
        "base_import.import", "create", vals_list=[{**file, "file_type": "text/csv"}]
    )
    chosen = {"fields": rows[0], "columns": rows[0], "options": AS_CHOSEN}
    answer = rpc.call("base_import.import", "import_in_background", ids=[dialog], **chosen, **how)
    assert answer["messages"] == []
    return rpc.wait(answer["id"], patience=PATIENCE)


def run_in_batches(rpc, model, domain, **what):
    """Do something with all records that a filter finds. Gives the status at the end."""
    answer = rpc.call(
        "batch.job.selection",
        "run",
        **{"model_name": model, "domain": domain, "what": what, "label": "Records"},
    )
    return rpc.wait(answer["action"]["res_id"], patience=PATIENCE)


def press(rpc, model, domain, method):
    """Press a button that the form offers for all records that a filter finds."""
    offers = rpc.call("batch.job.selection", "offers", model_name=model)
    button = next(one for one in offers["buttons"] if one["method"] == method)
    named = {"kind": "button", "method": method, "context": button["context"], "view_id": 0}
    return run_in_batches(rpc, model, domain, **named)


def press_one(rpc, model, record, method):
    """Press the same button as the form does, without a job: what a job is compared with."""
    offers = rpc.call("batch.job.selection", "offers", model_name=model)
    button = next(one for one in offers["buttons"] if one["method"] == method)
    rpc.call(model, method, ids=[record], context=ast.literal_eval(button["context"]))


def failures(rpc, job):
    """The record of each operation that failed, and the type of its error."""
    failed = rpc.job("results", job, state="failed", limit=10_000)["results"]
    return sorted((one["ids"][0], one["error"]["type"]) for one in failed)


def messages(database, model, records):
    """What stands in the chatter of each record: how many messages of each kind, and of tracked
    changes. Gives the different answers, so one if all records are alike."""
    found = database.rows(
        """
        SELECT m.res_id, m.message_type, m.subtype_id, count(DISTINCT m.id), count(t.id)
          FROM mail_message m
          LEFT JOIN mail_tracking_value t ON t.mail_message_id = m.id
         WHERE m.model = %s AND m.res_id = ANY(%s)
         GROUP BY m.res_id, m.message_type, m.subtype_id
         ORDER BY m.res_id, m.message_type, m.subtype_id
        """,
        model,
        list(records),
    )
    chatter = {record: [] for record in records}
    for record, *kind in found:
        chatter[record].append(tuple(kind))
    return {tuple(kinds) for kinds in chatter.values()}
