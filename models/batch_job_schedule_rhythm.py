from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import format_time

from odoo.addons.base.models.res_partner import _tz_get

from ..dispatch.schedules import Schedules, next_run
from ..dispatch.wall_clock import clock_of
from ..engine.schedule import MOST, UNITS, WEEKDAYS

AT_NIGHT = time(2)


class BatchJobScheduleRhythm(models.AbstractModel):
    """When a schedule runs."""

    _name = "batch.job.schedule.rhythm"
    _description = "Batch Job Schedule: when it runs"

    interval_number = fields.Integer("Every", default=1, required=True, aggregator=None)
    interval_type = fields.Selection(list(UNITS.items()), "Unit", default="days", required=True)
    mon = fields.Boolean("Monday")
    tue = fields.Boolean("Tuesday")
    wed = fields.Boolean("Wednesday")
    thu = fields.Boolean("Thursday")
    fri = fields.Boolean("Friday")
    sat = fields.Boolean("Saturday")
    sun = fields.Boolean("Sunday")
    tz = fields.Selection(
        _tz_get,
        "Time Zone",
        required=True,
        default=lambda self: self.env.context.get("tz") or self.env.user.tz or "UTC",
        help="Days, weeks and months keep the time of the day in this time zone.",
    )
    next_run = fields.Datetime(required=True, default=lambda self: self._tonight())
    first_run = fields.Datetime(
        readonly=True, required=True, exportable=False, help="All runs are counted from here"
    )
    rhythm = fields.Char(compute="_compute_rhythm")

    @api.constrains("interval_number")
    def _check_interval_number(self):
        for schedule in self:
            if not 0 < schedule.interval_number <= MOST:
                raise ValidationError(
                    self.env._("“Every” is a number from 1 to %(most)s.", most=MOST)
                )

    def _tonight(self):
        """The next 2 o'clock of the user."""
        clock = clock_of(str(self.env.tz))
        now = clock.to_local(fields.Datetime.now())
        day = now.date() + timedelta(days=now.time() >= AT_NIGHT)
        return clock.to_utc(datetime.combine(day, AT_NIGHT))

    def _plan_from(self, after):
        """Have the schedule run at the first of its times after a moment."""
        self._set_run(next_run(self, after))

    def _set_run(self, moment):
        """Plan the next run for a moment."""
        self.flush_recordset()
        Schedules(self.env).set(self.id, next_run=moment, not_before=None, tries=0)
        self.invalidate_recordset()

    @api.depends("interval_number", "interval_type", "tz", "first_run", "next_run", *WEEKDAYS)
    @api.depends_context("lang")
    def _compute_rhythm(self):
        for schedule in self:
            is_typed = schedule.next_run != schedule._origin.next_run
            moment = schedule.next_run if is_typed else schedule.first_run
            schedule.rhythm = moment and schedule._rhythm_in_words(moment)

    def _rhythm_in_words(self, moment) -> str:
        number, unit = self.interval_number, self.interval_type
        words = {
            "hours": (self.env._("Every hour"), self.env._("Every %s hours", number)),
            "days": (self.env._("Every day"), self.env._("Every %s days", number)),
            "weeks": (self.env._("Every week"), self.env._("Every %s weeks", number)),
            "months": (self.env._("Every month"), self.env._("Every %s months", number)),
        }
        text = words[unit][number != 1]
        if unit == "hours":
            return text
        local = clock_of(self.tz).to_local(moment)
        place = {"text": text, "time": format_time(self.env, local.time(), time_format="short")}
        if unit == "months":
            return self.env._("%(text)s on day %(day)s at %(time)s", day=local.day, **place)
        days = self._days_in_words(local) if unit == "weeks" else None
        if days:
            return self.env._("%(text)s on %(days)s at %(time)s", days=days, **place)
        return self.env._("%(text)s at %(time)s", **place)

    def _days_in_words(self, local) -> str:
        chosen = [name for name in WEEKDAYS if self[name]] or [WEEKDAYS[local.weekday()]]
        return ", ".join(self._fields[name]._description_string(self.env) for name in chosen)
