from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_datetime, format_time, formatLang

from ..dispatch.place import MOST_COUNTED, jobs_before
from ..engine.states import ENDED_STATES


class BatchJobTimes(models.AbstractModel):
    """When a job ran, how long, how fast, and what it waits for, in words."""

    _name = "batch.job.times"
    _description = "Batch Job Times"

    times = fields.Char(compute="_compute_times", exportable=False)
    stopped_text = fields.Char(compute="_compute_stopped_text", exportable=False)

    @api.depends(
        *("state", "started_at", "finished_at", "eta", "rate"),
        *("work_seconds", "succeeded", "failed", "side_by_side"),
    )
    @api.depends_context("lang", "tz")
    def _compute_times(self):
        for job in self:
            parts = (
                job._when_in_words(),
                job.duration_text and self.env._("%s at work", job.duration_text),
                job._pace_in_words(),
                job.time_left_text and self.env._("%s left", job.time_left_text),
                job._waits_for_turn() and job._place_in_words(),
            )
            job.times = " · ".join(self._apart(part) for part in parts if part)

    def _apart(self, text) -> str:
        """In a language from right to left: keep the parts from mixing where they are not
        translated."""
        lang = self.env["res.lang"]._get_data(code=self.env.lang or "en_US")
        return f"\u2068{text}\u2069" if lang.direction == "rtl" else text

    def _when_in_words(self) -> str | bool:
        """From when to when; a job of one day names the day once, and that of today not at all."""
        if not self.started_at:
            return self._wait_in_words() if self.state == "queued" else False
        begin = self._moment(self.started_at)
        if not self.finished_at:
            return begin
        if self._day(self.started_at) != self._day(self.finished_at):
            return f"{begin} – {self._moment(self.finished_at)}"
        end = self._time(self.finished_at)
        return begin if end == self._time(self.started_at) else f"{begin} – {end}"

    def _wait_in_words(self) -> str | bool:
        if not self._is_due():
            return self.env._("Waits until %s", self._moment(self.eta))
        return self.queued_at and self.env._("Waits since %s", self._moment(self.queued_at))

    def _is_due(self) -> bool:
        return not self.eta or self.eta <= fields.Datetime.now()

    def _pace_in_words(self) -> str | bool:
        pace = self._pace()
        if not pace or self.state == "draft":
            return False
        return self.env._("%s a second", self._rounded(pace))

    def _pace(self) -> float:
        """Rows a second: of a job that has ended the average of its time at work, else the latest
        speed. 0: not known, as of chunks side by side, whose times at work are added up."""
        if self.state not in ENDED_STATES:
            return self.rate
        if self.side_by_side or not self.work_seconds:
            return 0.0
        return (self.succeeded + self.failed) / self.work_seconds

    def _rounded(self, pace) -> str:
        return formatLang(self.env, pace, digits=0 if pace >= 10 else 1)

    def _waits_for_turn(self) -> bool:
        return self.state == "queued" and bool(self.started_at or self._is_due())

    def _place_in_words(self) -> str:
        before = jobs_before(self.env, self._origin.id)
        if not before:
            return self.env._("next in turn")
        if before == 1:
            return self.env._("1 job before it")
        if before >= MOST_COUNTED:
            return self.env._("%s jobs or more before it", before)
        return self.env._("%s jobs before it", before)

    def _moment(self, moment) -> str:
        """The time, and the date unless it is today."""
        if self._day(moment) == self._day(fields.Datetime.now()):
            return self._time(moment)
        return format_datetime(self.env, moment, tz=self._tz(), dt_format="short")

    def _time(self, moment) -> str:
        return format_time(self.env, moment, tz=self._tz(), time_format="short")

    def _day(self, moment):
        return fields.Datetime.context_timestamp(self, moment).date()

    def _tz(self) -> str:
        return str(self.env.tz)

    @api.depends("state")
    @api.depends_context("uid", "lang", "tz")
    def _compute_stopped_text(self):
        for job in self:
            job.stopped_text = job.state in ("paused", "cancelled") and job._who_stopped()

    def _who_stopped(self) -> str | bool:
        """Who has paused or cancelled the job, unless it was the user, or the server.

        Why the server has paused a job is in its `error`.
        """
        verb = "pause" if self.state == "paused" else "cancel"
        self.env.cr.execute(
            SQL(
                """
                SELECT actor_id, actor, at
                  FROM batch_job_event
                 WHERE job_id = %s AND event = %s
                 ORDER BY id DESC
                 LIMIT 1
                """,
                self._origin.id,
                verb,
            )
        )
        actor_id, actor, at = self.env.cr.fetchone() or (None, None, None)
        if not actor_id or actor_id == self.env.uid:
            return False
        who = {"who": actor, "when": self._moment(at)}
        if verb == "pause":
            return self.env._("%(who)s paused this job (%(when)s).", **who)
        return self.env._("%(who)s cancelled this job (%(when)s).", **who)
