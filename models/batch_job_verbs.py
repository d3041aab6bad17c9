from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..dispatch.base import NOW
from ..dispatch.ending import close_or_wake
from ..dispatch.locked_job import LockedJob, begin_fresh
from ..dispatch.reopening import culprit_index, reopen_culprit, reopen_failed, run_for_real
from ..dispatch.retry_part import check_part, wanted_of
from ..dispatch.slots import Slots
from ..dispatch.starting import start_draft
from ..engine.states import VERBS, is_one_transaction, verb_acts


class BatchJobVerbs(models.AbstractModel):
    """The verbs: RPC methods that change the state of a job."""

    _name = "batch.job.verbs"
    _description = "Batch Job Verbs"

    def start(self, only_draft: bool = False) -> dict:
        """Queue a draft. A dry run that has ended is run for real, its outcomes kept as an
        attachment. On any other job that was started, this changes nothing.

        :param only_draft: true leaves an ended dry run alone, so you may repeat the call after a
            lost response
        :returns: status
        :raises UserError: 422: the draft is empty
        :raises TooManyRequests: 429: no room to run a dry run for real, or to start a draft that
            nobody has touched for 24 hours
        """
        job = self._begin_verb("start", only_draft=only_draft)
        if job and job["state"] != "draft":
            if not only_draft:
                run_for_real(job)
        elif job:
            start_draft(job)
        return self._end_verb(job)

    def pause(self) -> dict:
        """Begin no further chunk; running chunks land. ``resume`` goes on.

        :returns: status
        :raises UserError: 422: the job has not been started, is a dry run, or has policy all
        """
        job = self._begin_verb("pause")
        if job:
            if is_one_transaction(job.row):
                raise UserError(
                    self.env._("A job of policy all and a dry run are one transaction; cancel it.")
                )
            job.move("paused")
            job.note("pause", by=self.env.uid)
            close_or_wake(job)
        return self._end_verb(job)

    def resume(self, skip: bool = False, index: int | None = None) -> dict:
        """Go on after a pause.

        :param skip: if policy stop has paused the job: false runs the failed operation again, true
            leaves it failed
        :param index: the index of the failed operation; if the job is not paused at this operation,
            nothing changes, so you may repeat the call
        :returns: status
        :raises UserError: 422: the job is a draft
        """
        job = self._begin_verb("resume", skip=skip)
        if index is not None and type(index) is not int:
            raise UserError(self.env._("index must be an integer."))
        if job and index is not None and index != culprit_index(job):
            job = None
        if job:
            runs_again = job["culprit_position"] is not None and not skip
            again = reopen_culprit(job) if runs_again else 0
            # the pause counts neither as waiting in the queue nor for the rate
            now = fields.Datetime.now()
            times = {"queued_at": now, "last_folded_at": job["last_folded_at"] and now}
            values = {"error": None, "culprit_position": None, "needs_runner": True}
            job.move("queued", **values, **times)
            job.note("resume", by=self.env.uid, again=again)
            Slots(self.env).wake_for(self)
        return self._end_verb(job)

    def cancel(self) -> dict:
        """Begin no further chunk; running chunks land. What is done stays done.

        :returns: status
        """
        job = self._begin_verb("cancel")
        if job:
            job.move("cancelled", finished_at=NOW, error=None)  # it said why the job was paused
            job.note("cancel", by=self.env.uid)
            close_or_wake(job)
        return self._end_verb(job)

    def retry(
        self,
        cancelled: bool = False,
        state: str | None = None,
        indexes: list[int] | None = None,
        cause: dict | None = None,
    ) -> dict:
        """Run failed, rolled back and skipped operations again, in submission order.

        With ``state``, ``indexes`` or ``cause`` only those run again, and with them the operations
        that they refer to and those that were skipped because they refer to them. What is done is
        left alone.

        :param cancelled: true runs cancelled operations too
        :param state: only operations in this state: failed, rolled_back, skipped or cancelled
        :param indexes: only these operations, at most 10,000, such as ``[7]``
        :param cause: only operations that failed of this cause, one of ``causes`` of ``status``:
            ``{"type": "required", "model": "res.partner", "field": "name", "constraint": null}``
        :returns: status
        :raises UserError: 422: the job has not ended, its last chunk has not landed, it was never
            started, its operations have been deleted, its context held a password, it is one
            transaction (policy all, dry run) and only a part is to be retried, it is at work for
            another retry, an index is none of its operations, or of a cancelled one, or none of
            its failures has the cause
        :raises TooManyRequests: 429: no room: too many operations are open
        """
        job = self._begin_verb("retry", cancelled=cancelled)
        wanted = wanted_of(self.env, cancelled, state, indexes, cause)
        check_part(job or LockedJob.lock(self.env, self.id), wanted)
        if job:
            reopen_failed(job, wanted)
        return self._end_verb(job)

    @api.model
    def _check_flag(self, name, value):
        """Refuse a text: "false" would count as true."""
        if not isinstance(value, bool):
            raise UserError(self.env._("%s must be true or false.", name))

    def _begin_verb(self, verb, **flags) -> LockedJob | None:
        """Lock the job for a verb; None if the verb has nothing to do.

        :raises UserError: the verb does not work in the job's state
        """
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

    def _end_verb(self, job: LockedJob | None) -> dict:
        """Tell the people who watch the job what a verb has changed, and give the status."""
        if job:
            job.publish()
        return self._status()

    def _check_owner(self):
        self._check_named()
        if not self._is_own():
            raise AccessError(
                self.env._("Only its owner may change job %s; submit one of your own.", self.id)
            )

    def _is_own(self) -> bool:
        """Reads the database, not a field: see `batch.job.rights`."""
        self.env.cr.execute(SQL("SELECT user_id FROM batch_job WHERE id = %s", self._origin.id))
        owner = self.env.cr.fetchone()
        return bool(owner) and owner[0] == self.env.uid
