from odoo import api, fields, models
from odoo.tools.misc import formatLang

from .operation_words import counts_in_words, seconds_in_words

MOST_CAUSES = 3  # of one event


class BatchJobEventScreen(models.AbstractModel):
    """Texts of the history of a job on its form."""

    _name = "batch.job.event.screen"
    _description = "Batch Job Event Screen"

    happened = fields.Char("What Happened", compute="_compute_happened", exportable=False)
    result = fields.Char(compute="_compute_result", exportable=False)
    work_text = fields.Char("Time at Work", compute="_compute_work_text", exportable=False)
    why = fields.Text(compute="_compute_why", exportable=False)

    @api.depends("event", "again", "state", "dry_run")
    @api.depends_context("lang")
    def _compute_happened(self):
        events = dict(self._fields["event"]._description_selection(self.env))
        states = dict(self._fields["state"]._description_selection(self.env))
        for event in self:
            event.happened = events.get(event.event)
            if event.event == "end":
                event.happened = self.env._("Ended: %s", states[event.state])
            elif event.event == "start" and event.again:  # of a dry run that has ended
                event.happened = self.env._("Started for real")
            elif event.again:
                event.happened = self._again_in_words(events[event.event], event.again)
            if event.dry_run:
                event.happened = self.env._("%s (dry run)", event.happened)

    def _again_in_words(self, verb, count) -> str:
        if count == 1:
            return self.env._("%s: 1 row runs again", verb)
        number = formatLang(self.env, count, digits=0)
        return self.env._("%(event)s: %(count)s rows run again", event=verb, count=number)

    @api.depends("succeeded", "failed", "skipped")
    @api.depends_context("lang")
    def _compute_result(self):
        for event in self:
            counts = (event.succeeded, event.failed, event.skipped)
            event.result = counts_in_words(self.env, *counts) or False

    @api.depends("seconds")
    @api.depends_context("lang")
    def _compute_work_text(self):
        for event in self:
            worked = event.seconds
            event.work_text = seconds_in_words(self.env, worked) if worked else False

    @api.depends("reason", "causes")
    @api.depends_context("uid", "lang")
    def _compute_why(self):
        for event in self:
            causes = event.causes or []
            lines = [self._counted(one) for one in causes[:MOST_CAUSES]]
            more = len(causes) - MOST_CAUSES
            if more == 1:
                lines.append(self.env._("and 1 more cause"))
            elif more > 1:
                lines.append(self.env._("and %s more causes", more))
            event.why = "\n".join(filter(None, [event.reason, *lines]))

    def _counted(self, cause) -> str:
        return f"{formatLang(self.env, cause['count'], digits=0)} × {cause['reason']}"
