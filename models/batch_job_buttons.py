from odoo import models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ..dispatch.locked_job import LockedJob, begin_fresh
from ..engine.states import is_told_by_errors, verb_acts
from .operation_words import model_in_words

MOST_OPENED = 20_000  # records in one list: the browser keeps their ids


class BatchJobButtons(models.AbstractModel):
    """The buttons of the form of a job."""

    _name = "batch.job.buttons"
    _description = "Batch Job Buttons"

    # Buttons return nothing, or what the web client is to do: it would take a status for an action

    def action_start(self):
        return self._press("start", only_draft=True)

    def action_run_for_real(self):
        return self._press("start")

    def action_pause(self):
        return self._press("pause")

    def action_resume(self):
        return self._press("resume")

    def action_resume_skip(self):
        return self._press("resume", skip=True)

    def action_cancel(self):
        return self._press("cancel")

    def action_retry(self):
        return self._press("retry")

    def action_retry_cancelled(self):
        return self._press("retry", cancelled=True)

    def _press(self, verb, **arguments):
        """Do what a button says. If the job has gone on without it, say so.

        A verb changes nothing then, and programs want no error. A person would see no effect.
        """
        self._check_named()
        begin_fresh(self)
        job = LockedJob.lock(self.env, self.id) or self._refuse_unseen()
        state, dry_run = job["state"], bool(job["dry_run"])
        getattr(self, verb)(**arguments)
        if verb_acts(verb, state, dry_run) and not (
            arguments.get("only_draft") and state != "draft"
        ):
            return None
        states = dict(self._fields["state"]._description_selection(self.env))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": self.env._(
                    "Nothing was changed: meanwhile the job is “%s”.", states[state]
                ),
                "next": {"type": "ir.actions.act_window_close"},  # reads the form again
            },
        }

    def action_refresh(self):
        """Reload the form. `status` also wakes the runners if no runner works on the job."""
        self.status()

    def action_open_records(self):
        """Open the records that the job has made or changed; of several models, or of one that the
        user may not read, the operations that are done."""
        self.ensure_one()
        self.check_access("read")
        names = self._models_with_records()
        if names is None or len(names) != 1 or not self._may_read(names[0]):
            action = self.action_open_operations()
            context = {**action["context"], "search_default_done": True}
            return {**action, "context": {**context, "search_default_by_model": True}}
        ids = self.env["batch.job.operation"]._record_ids_of(self.id, MOST_OPENED + 1)
        if not ids:
            raise UserError(
                self.env._("There is no record to open: the rows of this job were deleted.")
            )
        label = model_in_words(self.env, names[0])
        if len(ids) > MOST_OPENED:
            label = self.env._(
                "%(model)s, the first %(count)s",
                model=label,
                count=formatLang(self.env, MOST_OPENED, digits=0),
            )
        return {
            "type": "ir.actions.act_window",
            "name": label,
            "res_model": names[0],
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", ids[:MOST_OPENED])],
            "context": {"active_test": False},  # the job may have archived them
        }

    def _may_read(self, model) -> bool:
        return model in self.env and self.env[model].has_access("read")

    def action_open_operations(self):
        return self._action_open("batch.job.operation", self.env._("Rows"))

    def action_open_not_done(self):
        """Open the operations that were not done."""
        self._check_named()
        if is_told_by_errors(self):
            return self._action_open_failed(self.env._("Not Done"), skipped=True)
        action = self.action_open_operations()
        context = {**action["context"], "search_default_not_done": True}
        return {**action, "name": self.env._("Not Done"), "context": context}

    def action_open_chunks(self):
        return self._action_open("batch.job.chunk", self.env._("Chunks"), cards=False)

    def _action_open(self, model, name, cards=True):
        self.ensure_one()
        kinds = ["list", "kanban", "form"] if cards else ["list", "form"]
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": [(False, kind) for kind in kinds],
            "domain": [("job_id", "=", self.id)],
            "context": {"of_one_job": True},
        }
