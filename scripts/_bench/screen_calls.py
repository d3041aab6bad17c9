"""The calls that screens make of the server. A screen of yours is one entry of `CALLS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

PAGE = 80  # rows of a list
FAILED = ("failed", "skipped", "rolled_back")


@dataclass(frozen=True)
class Call:
    """:param make: gets an environment and the job; gives what is to be measured"""

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


def open_form(env, job):
    asked = fields_of(env["batch.job"], "form")
    return lambda: job.web_read(asked)


def refresh_form(env, job):
    return job.status


def open_list(env, job):
    asked = fields_of(env["batch.job"], "list")
    domain = [("user_id", "=", env.uid)]
    return lambda: env["batch.job"].web_search_read(domain, asked, limit=PAGE, count_limit=10_001)


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


def rows(*domain):
    """The list of a job's rows that meet a domain."""

    def make(env, job):
        operations = env["batch.job.operation"].with_context(of_one_job=True)
        asked = fields_of(operations, "list")
        whole = [("job_id", "=", job.id), *domain]
        return lambda: operations.web_search_read(whole, asked, limit=PAGE, count_limit=10_001)

    return make


def one_row(env, job):
    operations = env["batch.job.operation"]
    asked = fields_of(operations, "form")
    row = operations.search([("job_id", "=", job.id), ("index", "=", job.total // 2)])
    return lambda: row.web_read(asked)


def overview(env, job):
    return env["batch.job"].overview


CALLS = (
    Call("form", open_form),
    Call("form, of a manager", open_form, is_managers=True),
    Call("status, while it is watched", refresh_form),
    Call("list", open_list),
    Call("board", open_board),
    Call("all rows", rows()),
    Call("a row", one_row),
    Call("overview", overview, is_managers=True),
)
