from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import clean_context

from ..dispatch.schedules import RESULTS, Schedules
from ..dispatch.submission import Submission
from ..engine.schedule import WEEKDAYS

RHYTHM = {"interval_number", "interval_type", "tz", "next_run", *WEEKDAYS}
PLAIN = {"name", "active", *RHYTHM}  # stored as they are given
WRITTEN = PLAIN | {"domain"}
GIVEN = WRITTEN | {"model", "action", "copied_from_id"}


class BatchJobSchedule(models.Model):
    """Jobs that are submitted again and again, with the rights of the user who edited it last.

    Their records are looked for at each run, or their operations are a copy of a job's.
    """

    _name = "batch.job.schedule"
    _description = "Batch Job Schedule"
    _inherit = [
        "batch.job.schedule.rhythm",
        "batch.job.schedule.content",
        "batch.job.schedule.verbs",
        "batch.job.schedule.screen",
    ]
    _order = "name, id"

    name = fields.Char(required=True)
    user_id = fields.Many2one("res.users", "Runs as", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    run_context = fields.Json("Context", readonly=True, groups=fields.NO_ACCESS)
    active = fields.Boolean(default=True)

    model = fields.Char(readonly=True, help="Whose records are looked for; empty: a job's copy")
    domain_text = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    action = fields.Json(
        readonly=True, groups=fields.NO_ACCESS, help="As engine/selection.py describes it"
    )
    copied_from_id = fields.Many2one("batch.job", "Copy of Job", readonly=True)
    options = fields.Json(readonly=True, groups=fields.NO_ACCESS, help="Columns of its jobs")
    job_ids = fields.One2many("batch.job", "schedule_id", "Jobs", readonly=True)

    last_result = fields.Selection(list(RESULTS.items()), "Latest Run", readonly=True)
    note = fields.Text("What Happened", readonly=True)
    last_at = fields.Datetime("Latest Try", readonly=True)
    last_planned = fields.Datetime(readonly=True, exportable=False, help="When it was to be run")
    not_before = fields.Datetime(readonly=True, exportable=False, help="When it is tried again")
    tries = fields.Integer(readonly=True, exportable=False, aggregator=None)

    _due = models.Index("(next_run) WHERE active")

    @api.model_create_multi
    def create(self, vals_list):
        """Make schedules.

        `name`; then either `model`, `domain` (a text, whose dates may be relative) and `action`, or
        `copied_from_id`, a job of yours; `interval_number`, `interval_type`, `mon` to `sun`,
        `next_run` (UTC; the next 2 o'clock at night unless given), `tz`. As superuser `user_id`
        too: whom it runs as.
        """
        made = self.browse()
        for vals in vals_list:
            author = self._author(vals)
            row = author._checked({name: vals[name] for name in vals if name != "user_id"})
            # defaults in the context would be written without being asked for
            env = author.env(su=True, context=clean_context(author.env.context))
            schedule = super(BatchJobSchedule, author.with_env(env)).create([row])
            schedule._store_operations()
            schedule._plan_from(schedule.first_run - timedelta(seconds=1))
            made |= self.browse(schedule.id)
        Schedules(self.env).wake()
        return made

    def write(self, vals):
        if not self.env.su:
            self._check_keys(vals, WRITTEN)
            self.check_access("write")
        for schedule in self:
            row = schedule._changed(vals)
            super(BatchJobSchedule, schedule.sudo()).write(row)
            if RHYTHM & vals.keys() or vals.get("active"):
                first, now = schedule.sudo().first_run, fields.Datetime.now()
                after = first - timedelta(seconds=1) if "next_run" in vals else now
                schedule.sudo()._plan_from(after)
        Schedules(self.env).wake()
        return True

    @api.model
    def _run_due(self):
        """Called by the scheduled action."""
        Schedules(self.env).run()

    def _author(self, vals):
        """This model in the environment of the user as whom a new schedule is to run."""
        if not self.env.su:
            self._check_keys(vals, GIVEN)
            return self
        user_id = vals.get("user_id") or self.env.uid
        if user_id == SUPERUSER_ID:
            raise UserError(
                self.env._(
                    "A schedule runs with the rights of a user, so the superuser cannot have one. "
                    "Make it as a user: env['batch.job.schedule'].with_user(user).create(…)."
                )
            )
        return self.with_env(self.env(user=user_id, su=False, context={}))

    def _checked(self, vals) -> dict:
        """The row of a new schedule of the user."""
        self.check_access("create")
        row = self._plain({"name": None, "tz": str(self.env.tz), "next_run": None, **vals})
        return {
            "user_id": self.env.uid,
            "company_id": self.env.company.id,
            "run_context": Submission(self.env)._run_context(),
            "first_run": row["next_run"],
            **row,
            **self._checked_content(vals),
        }

    def _changed(self, vals) -> dict:
        """The columns to write for changed values. Who edits the schedule takes it over."""
        self.ensure_one()
        row = self._plain(vals)
        if "next_run" in row:
            row["first_run"] = row["next_run"]
        if not self.env.su and vals.keys() - {"active"} and not self.is_own:
            row |= self._taken_over()
        if "domain" in vals:
            row["domain_text"] = self._changed_domain(vals["domain"])
        if self.env.su:  # the server itself, or a module's data
            row |= {name: vals[name] for name in vals if name not in GIVEN}
        return row

    def _plain(self, vals) -> dict:
        """The values that are stored as they are given, checked."""
        row = {name: vals[name] for name in vals if name in PLAIN}
        if "name" in row and not (isinstance(row["name"], str) and row["name"].strip()):
            raise UserError(self.env._("A schedule needs a name."))
        if type(row.get("interval_number", 1)) is not int:
            raise UserError(self.env._("interval_number is a whole number, such as 1."))
        for name in ("tz", "interval_type"):
            if name in row and row[name] not in self._fields[name].get_values(self.env):
                raise UserError(self.env._("%(value)s is no %(name)s.", value=row[name], name=name))
        if "next_run" in row:
            try:
                row["next_run"] = fields.Datetime.to_datetime(row["next_run"]) or self._tonight()
            except (ValueError, TypeError) as error:
                text = self.env._("next_run is a time in UTC, such as 2030-01-31 02:00:00.")
                raise UserError(text) from error
        return row

    def _check_keys(self, vals, allowed):
        if forbidden := vals.keys() - allowed:
            raise AccessError(
                self.env._(
                    "Of a schedule, %s cannot be written.", ", ".join(sorted(map(str, forbidden)))
                )
            )
