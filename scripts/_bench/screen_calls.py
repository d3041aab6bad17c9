"""The calls that screens make of the server. A screen of yours is an entry of `CALLS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lxml import etree

PAGE = 80  # rows of a list
COUNTED = 10_001  # of a list: then it says 10,000+
NOT_DONE = ("failed", "skipped", "rolled_back", "cancelled")  # as in the search view


@dataclass(frozen=True)
class Call:
    """:param make: gets an environment and the job; gives what is to be measured"""

    screen: str
    name: str
    make: Callable
    is_managers: bool = False


def fields_of(model, kind: str) -> dict:
    """What the web client asks for the fields of a view."""
    view = model.get_views([(False, kind)])["views"][kind]
    return _fields_in(etree.fromstring(view["arch"]), model)


def _fields_in(arch, model) -> dict:
    wanted = {}
    for node in arch.xpath(".//field[@name]"):
        within = next((one for one in node.iterancestors() if one.tag == "field"), None)
        field = model._fields.get(node.get("name"))
        if within is not None and within in arch.iterdescendants() or field is None:
            continue  # of a list within the form
        wanted[field.name] = _fields_behind(node, field, model)
    return wanted


def _fields_behind(node, field, model) -> dict:
    if field.type == "many2one":
        return {"fields": {"display_name": {}}}
    if field.type in ("one2many", "many2many"):
        other = model.env[field.comodel_name]
        views = [one for one in node if one.tag in ("list", "kanban")]
        inside = _fields_in(views[0], other) if views else fields_of(other, "list")
        return {"fields": inside, "limit": 40}
    return {}


# The form of a job


def open_form(env, job):
    asked = fields_of(env["batch.job"], "form")
    return lambda: job.web_read(asked)


def part_of_form(name):
    """One field of the form alone."""

    def make(env, job):
        asked = fields_of(env["batch.job"], "form")
        return lambda: job.web_read({name: asked[name]})

    return make


def press(name, *arguments):
    """A method of the job, such as one of its buttons."""
    return lambda env, job: partial(getattr(job, name), *arguments)


def correct(env, job):
    """The dialog that takes a file of corrected rows."""
    action = job.action_correct()
    dialog = env[action["res_model"]].with_context(**action["context"])
    asked = fields_of(dialog, "form")
    return lambda: (job.action_correct(), dialog.onchange({}, [], asked))


# All jobs


def open_list(env, job):
    asked = fields_of(env["batch.job"], "list")
    domain = [("user_id", "=", env.uid)]
    return lambda: env["batch.job"].web_search_read(domain, asked, limit=PAGE, count_limit=COUNTED)


def at_work(env, job):
    """What a list and a board ask every five seconds."""
    domain = [("user_id", "=", env.uid), ("needs_runner", "=", True)]
    return lambda: env["batch.job"].search(domain, limit=100)


def open_board(env, job):
    asked = fields_of(env["batch.job"], "kanban")
    return lambda: env["batch.job"].web_read_group(
        [],
        ["state"],
        ["__count"],
        auto_unfold=True,
        unfold_read_specification=asked,
        unfold_read_default_limit=40,
    )


def open_graph(env, job):
    groups = ["create_date:day", "state"]
    return lambda: env["batch.job"].formatted_read_group([], groups, ["__count", "total:sum"])


def open_pivot(env, job):
    groups = [[], ["user_id"], ["state"], ["user_id", "state"]]
    measures = ["__count", "total:sum", "failed:sum", "work_seconds:sum"]
    return lambda: env["batch.job"].formatted_read_grouping_sets([], groups, measures)


# The rows of a job


def opened_by(name, *arguments, kind="list"):
    """The list that a button opens: what the button does, and what the list asks then."""

    def make(env, job):
        button = getattr(job, name)
        action = button(*_values(arguments, job))
        context, domain = action.get("context", {}), list(action["domain"])
        if context.get("search_default_not_done"):
            domain.append(("state", "in", NOT_DONE))
        records = env[action["res_model"]].with_context(**context)
        read = partial(records.web_search_read, domain, fields_of(records, kind))
        return lambda: (
            button(*_values(arguments, job)),
            read(limit=PAGE, count_limit=COUNTED),
        )

    return make


def _values(arguments, job) -> list:
    return [one(job) if callable(one) else one for one in arguments]


def first_cause(job) -> dict:
    return {name: job.causes[0][name] for name in ("type", "model", "field", "constraint")}


def open_row(env, job):
    row = _failed_row(env, job)
    asked = fields_of(row, "form")
    return lambda: row.web_read(asked)


def edit_row(env, job):
    """The dialog with the cells of a row; pressing the button stores them."""
    row = _failed_row(env, job)
    asked = fields_of(env["batch.job.row.edit"], "form")
    return lambda: env["batch.job.row.edit"].browse(row.action_edit()["res_id"]).web_read(asked)


def _failed_row(env, job):
    """One in the second half of the job."""
    rows, half = env["batch.job.operation"], job.total // 2
    near = [("job_id", "=", job.id), ("index", ">=", half), ("index", "<", half + 1_000)]
    return rows.search([*near, ("state", "=", "failed")], limit=1)


# The doors


def choose(env, job):
    """Run in Batches of the contacts, all of them selected."""
    selection = env["batch.job.selection"]
    return lambda: (selection.offers("res.partner"), selection.count("res.partner", []))


def import_file(env, job):
    """Odoo's dialog, from which a file is imported in the background."""
    dialog = env["base_import.import"]
    return lambda: (
        dialog.create({"res_model": "res.partner"}),
        env["res.partner"].get_import_templates(),
    )


CALLS = (
    Call("form", "open", open_form),
    Call("form", "open, by a manager", open_form, is_managers=True),
    Call("form", "status, while it is watched", press("status")),
    Call("form", "causes", part_of_form("causes")),
    Call("form", "rows not done", part_of_form("problem_ids")),
    Call("form", "rows done", part_of_form("done_ids")),
    Call("form", "runs", part_of_form("event_ids")),
    Call("form", "throughput", press("throughput")),
    Call("form", "Records", press("action_open_records")),
    Call("form", "Download, before the file", press("rows_address", "xlsx")),
    Call("form", "Correct", correct),
    Call("list", "open", open_list),
    Call("list", "what is at work", at_work),
    Call("board", "open", open_board),
    Call("graph", "open", open_graph),
    Call("pivot", "open", open_pivot),
    Call("overview", "open", press("overview"), is_managers=True),
    Call("rows", "all", opened_by("action_open_operations")),
    Call("rows", "all, as cards", opened_by("action_open_operations", kind="kanban")),
    Call("rows", "all, by a manager", opened_by("action_open_operations"), is_managers=True),
    Call("rows", "of a cause", opened_by("action_open_cause", first_cause)),
    Call("rows", "failed", opened_by("action_open_failed")),
    Call("rows", "failed, by a manager", opened_by("action_open_failed"), is_managers=True),
    Call("rows", "not done", opened_by("action_open_not_done")),
    Call("row", "open", open_row),
    Call("row", "Edit and Retry", edit_row),
    Call("chunks", "open", opened_by("action_open_chunks")),
    Call("Run in Batches", "open", choose),
    Call("Import", "open", import_file),
)
