import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..dispatch.base import NOW
from ..dispatch.slots import Slots
from ..engine.outcomes import without_cause
from ..engine.passwords import holds_blanked
from ..engine.states import OPERATION_STATES, VERBS, end_state, is_one_transaction, verb_acts

LARGE_ALL = 10_000  # operations; above it policy `all` holds its row locks for long


class BatchJobVerbs(models.AbstractModel):
    """What people may do to a job, and what follows for its operations and chunks."""

    _name = "batch.job.verbs"
    _description = "Batch Job Verbs"
    _inherit = ["batch.job.row"]

    def start(self, only_draft: bool = False) -> dict:
        """Queue a draft. On a job that was started already it changes nothing; a dry run that
        has ended is run for real, its outcomes kept as an attachment.

        :param only_draft: true leaves a dry run that has ended alone, so that the call may be
            repeated after a lost response
        :returns: status
        :raises UserError: 422: the draft is empty
        """
        row = self._begin_verb("start", only_draft=only_draft)
        if row and row["state"] != "draft":
            if not only_draft:
                self._run_for_real(row)
        elif row:
            if not row["total"]:
                raise UserError(self.env._("Job %s is empty; append operations first.", self.id))
            self._move(row, "queued", queued_at=fields.Datetime.now())
            self._prepare()
        return self._status()

    def pause(self) -> dict:
        """Take no further chunk; the running one lands. ``resume`` goes on.

        :returns: status
        :raises UserError: 422: it has not been started, or has policy all
        """
        row = self._begin_verb("pause")
        if row:
            if is_one_transaction(row):
                raise UserError(
                    self.env._("A job of policy all and a dry run are one transaction; cancel it.")
                )
            self._move(row, "paused")
            self._settle_or_wake(row)
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
        row = self._begin_verb("resume", skip=skip)
        if index is not None and type(index) is not int:
            raise UserError(self.env._("index must be an integer."))
        if row and index is not None and index != self._culprit_index(row):
            row = None
        if row:
            if row["culprit_position"] is not None and not skip:
                self._reopen_culprit(row)
            # it has waited since now, and its rate is not that of the time it lay still
            now = fields.Datetime.now()
            times = {"queued_at": now, "last_folded_at": row["last_folded_at"] and now}
            values = {"error": None, "culprit_position": None, "needs_runner": True}
            self._move(row, "queued", **values, **times)
            self._wake()
        return self._status()

    def cancel(self) -> dict:
        """Do nothing further; what is done stays done. The running chunk lands.

        :returns: status
        """
        row = self._begin_verb("cancel")
        if row:
            self._move(row, "cancelled", finished_at=NOW)
            self._settle_or_wake(row)
        return self._status()

    def retry(self, cancelled: bool = False) -> dict:
        """Run failed, rolled back and skipped operations again, in submission order.

        :param cancelled: cancelled ones too
        :returns: status
        :raises UserError: 422: the job has not ended, its last chunk has not landed, it was never
            started, its operations have been deleted, or its context held a password
        """
        row = self._begin_verb("retry", cancelled=cancelled)
        if row:
            if row["needs_runner"]:
                # cancelled a moment ago: what was not begun is still pending, and would run
                raise UserError(
                    self.env._(
                        "The last chunk of job %s has not landed yet; retry in a moment.", self.id
                    )
                )
            if not row["queued_at"]:
                raise UserError(
                    self.env._(
                        "Job %s was cancelled before it was started, and may be but a part of what "
                        "was to be sent; submit it anew.",
                        self.id,
                    )
                )
            self._reopen_failed(row, cancelled)
        return self._status()

    @api.model
    def _check_flag(self, name, value):
        """A text such as "false" would count as true."""
        if not isinstance(value, bool):
            raise UserError(self.env._("%s must be true or false.", name))

    def _begin_verb(self, verb, **flags) -> dict | None:
        """The locked row if the verb has something to do, None if it is done already."""
        self._check_named()
        for flag, value in flags.items():
            self._check_flag(flag, value)
        self._begin_fresh()
        row = self._locked_row() or self._refuse_unseen()
        acts = verb_acts(verb, row["state"], bool(row["dry_run"]))
        if acts is None:
            raise UserError(
                self.env._(
                    "Job %(job)s is in state %(state)s; %(verb)s works in: %(states)s.",
                    job=self.id,
                    state=row["state"],
                    verb=verb,
                    states=", ".join(VERBS[verb].acts_on),
                )
            )
        return row if acts else None

    def _prepare(self):
        """A job that has just been queued: order it for parallel chunks, wake the runners."""
        row, values = self._row(), {"needs_runner": True}
        self._order_for_parallel(row)
        if row["policy"] == "all" and row["total"] > LARGE_ALL:
            values["error"] = self.env._(
                "Warning: %s operations in one transaction keep every touched record locked "
                "until the end.",
                row["total"],
            )
        self._set(**values)
        self._wake()

    def _order_for_parallel(self, row):
        """Waves are done one after the other."""
        if row["max_parallel"] > 1:
            row["wave_ends"] = self.env["batch.job.operation"]._order_by_wave(self.id)
            self._set(wave_ends=row["wave_ends"])

    def _append_part(self, row, hashes, parsed):
        if not parsed.count:
            raise UserError(self.env._("operations is empty; a part has at least one."))
        self.env["batch.job.operation"]._store(row, parsed.text, row["total"])
        self._set(
            total=row["total"] + parsed.count,
            parts=len(hashes) + 1,
            part_hashes=[*hashes, parsed.digest],
            **{name: row[name] or has for name, has in parsed.has.items()},
        )

    def _wake(self):
        for eta in {not job.started_at and job.eta for job in self.sudo()}:
            Slots(self.env).wake(eta)

    def _run_for_real(self, row):
        """A dry run that has ended becomes the job it was a trial of."""
        self._keep_report(row)
        if self.env["batch.job.operation"]._forget_outcomes(self.id) < row["total"]:
            self._refuse_deleted()
        self._refuse_blanked(row)
        self.env["batch.job.chunk"]._drop_all(self.id)
        fresh = {"succeeded": 0, "failed": 0, "skipped": 0, "causes": [], "error": None}
        times = {"started_at": None, "finished_at": None, "last_folded_at": None}
        self._move(
            row,
            "queued",
            dry_run=False,
            next_position=0,
            step_position=0,
            rate=0.0,
            queued_at=fields.Datetime.now(),
            **fresh,
            **times,
        )
        self._prepare()

    def _refuse_deleted(self):
        raise UserError(
            self.env._(
                "The operations of job %s have been deleted since; submit them anew.", self.id
            )
        )

    def _refuse_blanked(self, row):
        if holds_blanked(row["run_context"]):
            raise UserError(
                self.env._(
                    "The context of job %s held a password, which was blanked when the job ended "
                    "and cannot be used again: submit the operations anew.",
                    self.id,
                )
            )

    def _keep_report(self, row):
        """The outcomes of a dry run become an attachment."""
        self.env["ir.attachment"].sudo().create(
            {
                "name": self.env._("Dry run of %s.csv", row["name"]),
                "res_model": "batch.job",
                "res_id": self.id,
                "mimetype": "text/csv",
                "raw": self.env["batch.job.operation"]._report(self.id),
            }
        )

    def _settle_or_wake(self, row):
        """After pause or cancel: close the job now, or leave that to the running chunk's runner.

        Without the lock on the row no chunk can begin; one that runs lands and closes the job.
        """
        chunks = self.env["batch.job.chunk"]
        if chunks._running_chunks(self.id) or chunks._has_unfolded(self.id):
            self._set(needs_runner=True)
            # now, whatever its eta
            Slots(self.env).wake()
        else:
            self._close_stopped(row)

    def _close_stopped(self, row):
        """A paused or cancelled job no chunk of which runs any more."""
        left = row["total"] - row["succeeded"] - row["failed"] - row["skipped"]
        if row["state"] == "paused" and not left and row["culprit_position"] is None:
            self._end(row)
        else:
            self._settle(row)

    def _settle(self, row):
        """Nothing of a paused or cancelled job runs any more: its counters become final."""
        if row["state"] == "cancelled":
            operations = self.env["batch.job.operation"]
            moved = operations._change_state(self.id, ["pending"], "cancelled")
            # a dry run too has ended for good
            operations._blank_ended({**row, "dry_run": False}, 0, row["total"] - 1)
            self._blank_context(row)
            self.env["batch.job.chunk"]._drop_queued(self.id)
            row["skipped"] += sum(moved.values())
        self._set(needs_runner=False, skipped=row["skipped"])

    def _culprit_index(self, row) -> int | None:
        position = row["culprit_position"]
        if position is None:
            return None
        return self.env["batch.job.operation"]._index_at(self.id, position)

    def _reopen_culprit(self, row):
        """With all of its rows: a record that is loaded may have several."""
        position, causes = row["culprit_position"], row["causes"]
        operations = self.env["batch.job.operation"]
        end = operations._record_end(self.id, position + 1, row["total"])
        reopened = operations._reopen(self.id, position, end - 1)
        for cause in reopened:
            causes = without_cause(causes, cause)
        self._set(failed=row["failed"] - len(reopened), causes=causes)

    def _reopen_failed(self, row, cancelled):
        states = _reopened_states(row, cancelled)
        operations = self.env["batch.job.operation"]
        if operations._count_stored(self.id) < row["total"]:
            self._refuse_deleted()
        self._refuse_blanked(row)
        moved = operations._change_state(self.id, states, "pending")
        if not moved:
            return
        failed = moved.pop("failed", 0)
        succeeded = moved.pop("done", 0)
        self._move(
            row,
            "queued",
            failed=row["failed"] - failed,
            succeeded=row["succeeded"] - succeeded,
            skipped=row["skipped"] - sum(moved.values()),
            causes=[],
            error=None,
            finished_at=None,
            culprit_position=None,
            next_position=row["total"],
            step_position=0,
            rate=0.0,
            last_folded_at=None,
            needs_runner=True,
            queued_at=fields.Datetime.now(),
        )
        self.env["batch.job.chunk"]._cut_for_retry(row)
        self._wake()

    def _end(self, row):
        """Nothing is left to do: say how it ended."""
        state = end_state(row["succeeded"], row["failed"], row["skipped"])
        values = {"finished_at": NOW, "needs_runner": False}
        operations = self.env["batch.job.operation"]
        if state == "failed":
            values["error"] = operations._error_in_words(self.id)
        if row["policy"] == "stop":
            # a culprit keeps its password as long as resume may run it again
            operations._blank_ended(row, 0, row["total"] - 1)
        if not row["dry_run"]:
            self._blank_context(row)
        self._move(row, state, **values)

    def _finish_now(self, row, counts, causes, started):
        """The end of `execute`."""
        self._blank_context(row)
        seconds = time.monotonic() - started
        begun = SQL("%s - make_interval(secs => %s)", NOW, seconds)
        state = end_state(**counts)
        rate = sum(counts.values()) / seconds if seconds else 0.0
        times = {"started_at": begun, "finished_at": NOW}
        self._set(state=state, **counts, causes=causes, rate=rate, **times)


def _reopened_states(row, cancelled) -> list[str]:
    """What a retry does again. What was kept is never among it, not even under policy `all`: the
    cancel may have come when all had been committed."""
    if row["dry_run"]:
        return [state for state in OPERATION_STATES if state != "pending"]
    states = ["failed", "rolled_back", "skipped"]
    return [*states, "cancelled"] if cancelled or row["policy"] == "all" else states
