import json
import re

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from .operation_words import model_in_words, op_in_words

SHOWN = 20  # operations on the form
_RELATIVE = re.compile(r"[\"'](today|now|[+=-]\d+[dwmyHMS])|context_today|relativedelta")


class BatchJobScheduleScreen(models.AbstractModel):
    """Texts of the views of a schedule."""

    _name = "batch.job.schedule.screen"
    _description = "Batch Job Schedule Screen"
    _inherit = ["batch.job.rights"]

    what = fields.Char(compute="_compute_what", exportable=False)
    domain = fields.Char(
        "Records",
        compute="_compute_content",
        readonly=False,
        help="Looked for anew at each run. Dates may be relative: “today -1y” is a year ago. Shown "
        "to the owner of the schedule.",
    )
    has_relative_dates = fields.Boolean(
        compute="_compute_has_relative_dates",
        exportable=False,
        help="Odoo's editor of filters would show them as invalid",
    )
    content = fields.Text(
        compute="_compute_content", help="What is written. Shown to the owner of the schedule."
    )
    paused_badge = fields.Char(compute="_compute_paused_badge", exportable=False)
    is_own = fields.Boolean(compute="_compute_is_own", exportable=False)
    may_edit = fields.Boolean(compute="_compute_is_own", exportable=False)
    job_count = fields.Integer("Number of Jobs", compute="_compute_jobs", exportable=False)
    last_job_id = fields.Many2one("batch.job", "Latest Job", compute="_compute_jobs")

    @api.depends("user_id")
    @api.depends_context("uid")
    def _compute_is_own(self):
        owners = self._rows_of("user_id")
        for schedule in self:
            schedule.is_own = owners.get(schedule._origin.id) == self.env.uid
            schedule.may_edit = schedule.is_own or self._is_administrator()

    @api.depends("active")
    @api.depends_context("lang")
    def _compute_paused_badge(self):
        for schedule in self:
            schedule.paused_badge = not schedule.active and self.env._("Paused")

    @api.depends("model", "action", "options")
    @api.depends_context("lang")
    def _compute_what(self):
        """What a run does, in words, without what is written."""
        for schedule in self:
            row = schedule.sudo()
            if row.model:
                schedule.what = self.env._(
                    "%(what)s: %(records)s",
                    what=self._action_in_words(row),
                    records=model_in_words(self.env, row.model),
                )
            else:
                kinds = (row.options or {}).get("outline") or ()
                schedule.what = ", ".join(map(self._kind_in_words, kinds))

    def _action_in_words(self, row) -> str:
        action = row.action or {}
        words = {
            "archive": self.env._("Archive"),
            "unarchive": self.env._("Unarchive"),
            "delete": self.env._("Delete"),
            "button": action.get("method"),
        }
        if action.get("kind") == "update":
            known = self.env[row.model]._fields if row.model in self.env else {}
            labels = [
                known[name]._description_string(self.env) if name in known else name
                for name in action["values"]
            ]
            return self.env._("Update %s", ", ".join(labels))
        if action.get("kind") == "action":
            server_action = self.env["ir.actions.server"].sudo().browse(action["action_id"])
            return server_action.exists().name or self.env._("A deleted action")
        return words.get(action.get("kind")) or ""

    def _kind_in_words(self, kind) -> str:
        return self.env._(
            "%(verb)s: %(count)s × %(model)s",
            verb=op_in_words(self.env, kind["op"], kind.get("method")),
            count=formatLang(self.env, kind["count"], digits=0),
            model=model_in_words(self.env, kind["model"]),
        )

    @api.depends("domain_text", "action")
    @api.depends_context("uid")
    def _compute_content(self):
        visible = self._visible_rows()
        for schedule in self:
            domain_text, action = visible.get(schedule._origin.id, (False, None))
            schedule.domain = domain_text
            if action:
                schedule.content = _lines([action["values"]] if "values" in action else [])
            else:
                copied = schedule._origin.id in visible and not domain_text
                schedule.content = copied and _lines(schedule._copied_operations())

    @api.depends("domain")
    def _compute_has_relative_dates(self):
        for schedule in self:
            schedule.has_relative_dates = bool(_RELATIVE.search(schedule.domain or ""))

    def _visible_rows(self) -> dict:
        """Id -> (domain, action), of the schedules whose content the user may see."""
        self._origin.flush_recordset(["user_id", "domain_text", "action"])
        self.env.cr.execute(
            SQL(
                """
                SELECT id, domain_text, action
                  FROM (SELECT id, user_id AS owner_id, domain_text, action
                          FROM batch_job_schedule
                         WHERE id = ANY(%s)) s
                 WHERE %s
                """,
                self._origin._filtered_access("read").ids,
                self._content_is_visible(),
            )
        )
        return {row[0]: row[1:] for row in self.env.cr.fetchall()}

    def _copied_operations(self) -> list[dict]:
        found = self._first_operations(SHOWN)
        return [{"op": op, "model": model, **payload} for op, model, payload in found]

    def _rows_of(self, column) -> dict:
        """Id -> a column, read from the database: see `batch.job.rights`."""
        self._origin.flush_recordset([column])
        self.env.cr.execute(
            SQL(
                "SELECT id, %s FROM batch_job_schedule WHERE id = ANY(%s)",
                SQL.identifier(column),
                self._origin.ids,
            )
        )
        return dict(self.env.cr.fetchall())

    @api.depends("job_ids")
    def _compute_jobs(self):
        jobs = self.env["batch.job"]
        for schedule in self:
            of_schedule = [("schedule_id", "=", schedule._origin.id)]
            schedule.job_count = jobs.search_count(of_schedule)
            schedule.last_job_id = jobs.search(of_schedule, order="id desc", limit=1)


def _lines(values) -> str | bool:
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in values) or False
