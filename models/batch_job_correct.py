import base64
import binascii
import contextlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..dispatch.correction import Correction
from ..dispatch.locked_job import LockedJob, begin_fresh
from ..engine.corrections import mark_of
from .corrected_file import CorrectedFile


class _Undo(Exception):
    """Takes back what a check has done."""


class BatchJobCorrect(models.AbstractModel):
    """Rows that failed, corrected and run again in the same job."""

    _name = "batch.job.correct"
    _description = "Batch Job Corrections"

    can_correct = fields.Boolean(compute="_compute_can_correct", exportable=False)

    def correct(self, *, rows: list[dict], check_only: bool = False) -> dict:
        """Replace the content of operations that were not kept, and run them again.

        Only the owner of the job may do that, and only when the job has ended. Operations that are
        done or cancelled are left as they are. The same correction again changes nothing.

        :param rows: one object each, such as ``{"index": 7, "values": {"name": "Acme"}}``. It has
            the index, and the parts of the operation that are replaced: ``values``, ``ids``,
            ``row`` and so on; what it does not name stays. op, model, ref, context, and of a load
            fields and key cannot change
        :param check_only: true stores nothing and tells what would be done
        :returns: status, with ``correction``: ``rows`` (given), ``corrected`` (replaced),
            ``unchanged`` (not replaced, but run again), ``done`` (done already, with this
            content), ``left`` (indexes of those that are done or cancelled and were left, by
            state), ``again`` (operations that run again, with those that go with them)
        :raises UserError: 422: names the index of a bad row and what to do; nothing is stored
        :raises AccessError: 403: the job is somebody else's, or you may not do an operation
        :raises TooManyRequests: 429: no room: too many operations are open
        """
        self._check_owner()
        self._check_flag("check_only", check_only)
        job = self._lock_to_correct()
        return self._corrected(job, rows, mark_of(rows), check_only)

    def correct_file(self, *, file: str, check_only: bool = False) -> dict:
        """Correct rows by a file that was downloaded from the job, see ``correct``.

        :param file: XLSX or CSV, in base64
        :param check_only: true stores nothing and tells what would be done
        :returns: as ``correct``; ``foreign`` of ``correction`` counts rows of other jobs, which are
            left out
        :raises UserError: 422: names the lines that are wrong and what to do; nothing is stored
        :raises AccessError: 403: the job is somebody else's, or you may not do an operation
        :raises TooManyRequests: 429: no room: too many operations are open
        """
        self._check_owner()
        self._check_flag("check_only", check_only)
        try:
            content = base64.b64decode(file, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise UserError(self.env._("file must be the content of a file in base64.")) from None
        job = self._lock_to_correct()
        read = CorrectedFile(self, content)
        try:
            answer = self._corrected(job, read.rows, mark_of(file), check_only)
        except UserError as error:
            raise read.in_its_words(error) from error
        answer["correction"]["foreign"] = read.foreign
        return answer

    def action_correct(self):
        """Open the dialog that takes a file of corrected rows."""
        self._check_owner()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct Rows"),
            "res_model": "batch.job.correction",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_job_id": self.id},
        }

    @api.depends("state", "dry_run", "failed", "skipped", "cancelled")
    @api.depends_context("uid")
    def _compute_can_correct(self):
        for job in self:
            not_kept = job.failed + job.skipped - job.cancelled
            has_ended = job.state in ("partial", "failed", "cancelled")
            is_real = not job.dry_run and bool(job.queued_at)
            job.can_correct = not_kept > 0 and has_ended and is_real and job._is_own()

    def _lock_to_correct(self) -> LockedJob:
        begin_fresh(self)
        return LockedJob.lock(self.env, self.id) or self._refuse_unseen()

    def _corrected(self, job: LockedJob, rows, mark, check_only) -> dict:
        """Correct rows of a locked job, or with `check_only` take all of it back."""
        with contextlib.suppress(_Undo), self.env.cr.savepoint():
            report = Correction(job).apply(rows, mark)
            if check_only:
                raise _Undo
            if report.again:
                job.publish()
        return {**self._status(), "correction": report.as_json()}
