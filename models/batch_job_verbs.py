from odoo import api, fields, models
from odoo.exceptions import UserError

from ..dispatch.base import NOW
from ..dispatch.ending import settle_or_wake
from ..dispatch.locked_job import LockedJob, begin_fresh
from ..dispatch.reopening import culprit_index, reopen_culprit, reopen_failed, run_for_real
from ..dispatch.slots import Slots
from ..dispatch.starting import prepare
from ..engine.states import VERBS, is_one_transaction, verb_acts


class BatchJobVerbs(models.AbstractModel):
    """What people may do to a job: RPC methods that change its state."""

    _name = "batch.job.verbs"
    _description = "Batch Job Verbs"

    def start(self, only_draft: bool = False) -> dict:
        """Queue a draft. On a job that was started already it changes nothing; a dry run that
        has ended is run for real, its outcomes kept as an attachment.

        :param only_draft: true leaves a dry run that has ended alone, so that the call may be
            repeated after a lost response
        :returns: status
        :raises UserError: 422: the draft is empty
        """
        job = self._begin_verb("start", only_draft=only_draft)
        if job and job["state"] != "draft":
            if not only_draft:
                run_for_real(job)
        elif job:
            if not job["total"]:
                raise UserError(self.env._("Job %s is empty; append operations first.", self.id))
            job.move("queued", queued_at=fields.Datetime.now())
            prepare(job)
        return self._status()

    def pause(self) -> dict:
        """Take no further chunk; the running one lands. ``resume`` goes on.

        :returns: status
        :raises UserError: 422: it has not been started, or has policy all
        """
        job = self._begin_verb("pause")
        if job:
            if is_one_transaction(job.row):
                raise UserError(
                    self.env._("A job of policy all and a dry run are one transaction; cancel it.")
                )
            job.move("paused")
            settle_or_wake(job)
        return self._status()

    def resume(self, skip: bool = False, index: int | None = None) -> dict:
        """Go on after a pause.

        :param skip: after policy stop paused it: true leaves the failed operation failed,
            false runs it again
        :param index: of the failed operation that is meant; if the job has not paused at that
            one, or no longer, nothing changes, so that the call may be repeated
        :returns: status
        :raises UserError: 422: it is a draft
        """
        job = self._begin_verb("resume", skip=skip)
        if index is not None and type(index) is not int:
            raise UserError(self.env._("index must be an integer."))
        if job and index is not None and index != culprit_index(job):
            job = None
        if job:
            if job["culprit_position"] is not None and not skip:
                reopen_culprit(job)
            # it has waited since now, and its rate is not that of the time it lay still
            now = fields.Datetime.now()
            times = {"queued_at": now, "last_folded_at": job["last_folded_at"] and now}
            values = {"error": None, "culprit_position": None, "needs_runner": True}
            job.move("queued", **values, **times)
            Slots(self.env).wake_for(self)
        return self._status()

    def cancel(self) -> dict:
        """Do nothing further; what is done stays done. The running chunk lands.

        :returns: status
        """
        job = self._begin_verb("cancel")
        if job:
            job.move("cancelled", finished_at=NOW)
            settle_or_wake(job)
        return self._status()

    def retry(self, cancelled: bool = False) -> dict:
        """Run failed, rolled back and skipped operations again, in submission order.

        :param cancelled: cancelled ones too
        :returns: status
        :raises UserError: 422: the job has not ended, its last chunk has not landed, it was never
            started, its operations have been deleted, or its context held a password
        """
        job = self._begin_verb("retry", cancelled=cancelled)
        if job:
            reopen_failed(job, cancelled)
        return self._status()

    @api.model
    def _check_flag(self, name, value):
        """A text such as "false" would count as true."""
        if not isinstance(value, bool):
            raise UserError(self.env._("%s must be true or false.", name))

    def _begin_verb(self, verb, **flags) -> LockedJob | None:
        """The locked job if the verb has something to do; None if that is done already."""
        self._check_named()
        for flag, value in flags.items():
            self._check_flag(flag, value)
        begin_fresh(self)
        job = LockedJob.lock(self.env, self.id) or self._refuse_unseen()
        acts = verb_acts(verb, job["state"], bool(job["dry_run"]))
        if acts is None:
            raise UserError(
                self.env._(
                    "Job %(job)s is in state %(state)s; %(verb)s works in: %(states)s.",
                    job=self.id,
                    state=job["state"],
                    verb=verb,
                    states=", ".join(VERBS[verb].acts_on),
                )
            )
        return job if acts else None
