import json
import random
from dataclasses import dataclass
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..engine.chunk_size import next_size, split
from ..engine.operations import Operation, complete
from ..engine.outcomes import Failure, Outcome, count, merge_causes
from ..engine.progress import PUBLISH_EVERY, next_rate
from ..engine.retry import CONFLICT_BUDGET, after_conflict, after_lost_worker, back_off
from ..engine.states import LIVE_STATES, is_one_transaction
from ..engine.waves import wave_at

# to the microsecond, and not the transaction's beginning as now() is
NOW = SQL("clock_timestamp() AT TIME ZONE 'UTC'")


@dataclass(frozen=True)
class Claim:
    """A chunk that is ours to execute; `job` is the job's row at the claim."""

    job: dict
    chunk_id: int
    attempt: int
    first: int
    last: int


class BatchJobClaim(models.AbstractModel):
    """The claim transaction: takes the next chunk, and keeps the books of its job on the way.

    READ COMMITTED, because each statement must see what other runners committed just before;
    the lock on the job's row is waited for, because a runner that skips a locked job leaves while
    work remains. The order of the statements matters: see `_claim_from`.
    """

    _name = "batch.job.claim"
    _description = "Batch Job Claim"

    @api.model
    def _claim(self, runner) -> Claim | None:
        """Commit, then claim a chunk of the job whose turn it is; None if nothing can be done."""
        for job_id in self._candidates():
            self._begin()
            claim = self._claim_from(job_id, runner)
            # the attempt is on record, and the lock on the job released, before the work begins
            self.env.cr.commit()  # pylint: disable=invalid-commit
            if claim:
                return claim
        return None

    @api.model
    def _begin(self):
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.env.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")

    @api.model
    def _candidates(self) -> list[int]:
        """Jobs that need a runner: by priority; among equals users take turns, then their jobs.

        Those without a chunk to give go before: they may only have to be closed, and whoever
        waits for the end of a job must not wait for other jobs.
        """
        self._begin()
        self.env.cr.execute(
            SQL(
                """
                WITH open AS (
                    SELECT id, user_id, priority, last_claimed_at,
                           state NOT IN %s
                           OR (next_position >= total
                               AND NOT EXISTS (
                                   SELECT FROM batch_job_chunk c
                                    WHERE c.job_id = j.id AND c.state = 'queued')) AS may_end
                      FROM batch_job j
                     WHERE needs_runner
                       AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC')
                ), turns AS (
                    SELECT user_id,
                           (SELECT max(served.last_claimed_at)
                              FROM batch_job served
                             WHERE served.user_id = users.user_id) AS last_turn
                      FROM (SELECT DISTINCT user_id FROM open) users
                )
                SELECT id
                  FROM open
                  JOIN turns USING (user_id)
                 ORDER BY may_end DESC,
                       priority,
                       last_turn NULLS FIRST,
                       last_claimed_at NULLS FIRST,
                       id
                """,
                LIVE_STATES,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _claim_from(self, job_id, runner) -> Claim | None:
        job = self.env["batch.job"].browse(job_id)
        row = job._locked_row()
        if not row or not row["needs_runner"]:
            return None
        chunks = self.env["batch.job.chunk"]
        # counted before folding: a chunk that ends in between is then still seen as running, and
        # its job is not closed without its counts
        running = chunks._running_chunks(job_id)
        orphans = chunks._orphans(job_id)
        for chunk in orphans:
            self._rescue(row, chunk)
        gone = {chunk["id"] for chunk in orphans}
        running = [chunk for chunk in running if chunk["id"] not in gone]
        # after the rescue, which may have given up the job's last chunk
        self._fold(job, row)
        claim = None
        if row["state"] in LIVE_STATES and self._may_run(job, row):
            claim = self._take_chunk(job, row, running, runner)
        elif not running and not chunks._has_unfolded(job_id):
            self._close_stopped(job, row)
        self._publish(job, row, ended=row["state"] not in LIVE_STATES)
        return claim

    # The books

    @api.model
    def _fold(self, job, row):
        """Add the counts of ended chunks to the job's."""
        ended = self.env["batch.job.chunk"]._take_counts(job.id)
        if not ended:
            return
        counts = {
            name: row[name] + sum(chunk[name] for chunk in ended)
            for name in ("succeeded", "failed", "skipped")
        }
        processed = sum(counts.values()) - sum(row[name] for name in counts)
        seconds = self._seconds_since(row["last_folded_at"] or row["started_at"])
        causes = merge_causes(row["causes"], *(chunk["causes"] for chunk in ended))
        row.update(counts, causes=causes, rate=next_rate(row["rate"], processed, seconds))
        job._set(**counts, causes=causes, rate=row["rate"], last_folded_at=NOW)
        for chunk in ended:
            if chunk["state"] == "halted":
                self._pause_for_culprit(job, row, chunk)

    @api.model
    def _seconds_since(self, moment):
        self.env.cr.execute(
            SQL(
                "SELECT extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - %s::timestamp)",
                moment,
            )
        )
        return float(self.env.cr.fetchone()[0] or 0)

    @api.model
    def _pause_for_culprit(self, job, row, chunk):
        """Policy `stop`: the chunk goes back to the queue without its culprit."""
        position = chunk["culprit_position"]
        index, message = self.env["batch.job.operation"]._error_at(job.id, position)
        self.env["batch.job.chunk"]._update(
            chunk["id"],
            state="queued",
            folded=False,
            succeeded=0,
            failed=0,
            skipped=0,
            causes=None,
        )
        error = self.env._("Operation %(index)s failed: %(message)s", index=index, message=message)
        if row["state"] in LIVE_STATES:
            job._move(row, "paused", error=error, culprit_position=position)
        else:
            job._set(error=error, culprit_position=position)

    @api.model
    def _close_stopped(self, job, row):
        """A paused or cancelled job whose last chunk has landed."""
        left = row["total"] - row["succeeded"] - row["failed"] - row["skipped"]
        if row["state"] == "paused" and not left and row["culprit_position"] is None:
            job._end(row)
        else:
            job._settle(row)

    @api.model
    def _may_run(self, job, row) -> bool:
        """The owner must still be there and have the companies; else the job is paused."""
        problem = self._owner_problem(row)
        if problem:
            job._move(row, "paused", error=problem)
        return not problem

    @api.model
    def _owner_problem(self, row) -> str | None:
        user = self.env["res.users"].browse(row["user_id"]).sudo()
        active, company_ids = self._owner_now(user.id)
        if user.id == SUPERUSER_ID or not active:
            return self.env._(
                "The owner, %s, is archived. Activate the user, then resume.", user.name
            )
        needed = {row["company_id"], *((row["run_context"] or {}).get("allowed_company_ids") or ())}
        lost = self.env["res.company"].browse(needed.difference(company_ids)).sudo()
        if lost:
            return self.env._(
                "The owner, %(user)s, has lost access to %(companies)s. Give it back, then resume.",
                user=user.name,
                companies=", ".join(company.name or str(company.id) for company in lost),
            )
        return None

    @api.model
    def _owner_now(self, user_id):
        """(active, ids of the active companies): the ORM would read all of the user, each time."""
        self.env.cr.execute(
            SQL(
                """
                SELECT u.active,
                       ARRAY(SELECT c.id
                               FROM res_company_users_rel r
                               JOIN res_company c ON c.id = r.cid
                              WHERE r.user_id = u.id AND c.active)
                  FROM res_users u
                 WHERE u.id = %s
                """,
                user_id,
            )
        )
        return self.env.cr.fetchone()

    # Which chunk

    @api.model
    def _take_chunk(self, job, row, running, runner) -> Claim | None:
        chunk = self._next_queued(row, running)
        if chunk:
            chunk_id, first, last = chunk["id"], chunk["first_position"], chunk["last_position"]
        elif chunk is None and not self._may_cut_into_wave(row, running):
            return None
        elif (
            chunk is None
            and len(running) < row["max_parallel"]
            and row["next_position"] < row["total"]
        ):
            chunk_id, first, last = self._cut_next(job, row)
        else:
            if chunk is None and not running and row["next_position"] >= row["total"]:
                self._end_job(job, row)
            return None
        chunks = self.env["batch.job.chunk"]
        if not chunks._hold(chunk_id):
            return None
        attempt = chunks._mark_running(chunk_id, runner)
        self._note_claim(job, row)
        return Claim(row, chunk_id, attempt, first, last)

    @api.model
    def _next_queued(self, row, running):
        """The next queued chunk; False if there are some but none may run now, None without any."""
        queued = self.env["batch.job.chunk"]._queued_chunks(row["id"], row["max_parallel"] + 10)
        if not queued:
            return None
        if len(running) >= row["max_parallel"]:
            return False
        if row["max_parallel"] == 1:
            return False if queued[0]["waits"] else queued[0]
        wave = min(c["wave"] for c in (*queued, *running))
        queued = [c for c in queued if c["wave"] == wave]
        # operations that may kill their worker, or keep conflicting, go one chunk at a time
        risky = any(chunk["suspect"] for chunk in running)
        ready = (c for c in queued if not c["waits"] and not (c["suspect"] and risky))
        return next(ready, None if row["next_position"] < row["total"] else False)

    @api.model
    def _may_cut_into_wave(self, row, running) -> bool:
        """A wave starts when the one before has ended: what it refers to must be there."""
        if not row["wave_ends"] or row["next_position"] >= row["total"]:
            return True
        unfinished = [*running, *self.env["batch.job.chunk"]._queued_chunks(row["id"], 1)]
        wave = wave_at(row["next_position"], row["wave_ends"])
        return all(chunk["wave"] == wave for chunk in unfinished)

    @api.model
    def _cut_next(self, job, row):
        chunks = self.env["batch.job.chunk"]
        first, end = row["next_position"], row["total"]
        wave = wave_at(first, row["wave_ends"])
        if not is_one_transaction(row):
            size = row["chunk_size"] or next_size(chunks._history(job.id))
            wave_end = row["wave_ends"][wave] + 1 if row["wave_ends"] else end
            end = min(first + size, wave_end)
            if row["has_followers"] and end < wave_end:
                end = self.env["batch.job.operation"]._record_end(job.id, end, wave_end)
        chunk_id = chunks._cut(row, first, end - 1, wave=wave)
        row["next_position"] = end
        job._set(next_position=end)
        return chunk_id, first, end - 1

    @api.model
    def _note_claim(self, job, row):
        if row["state"] == "queued":
            now = fields.Datetime.now()
            job._move(row, "running", started_at=row["started_at"] or now)
        job._set(last_claimed_at=NOW, last_folded_at=SQL("COALESCE(last_folded_at, %s)", NOW))

    @api.model
    def _end_job(self, job, row):
        if self.env["batch.job.chunk"]._has_unfolded(job.id):
            return
        if row["state"] == "queued":
            job._move(row, "running", started_at=row["started_at"] or fields.Datetime.now())
        job._end(row)

    # Chunks that came to nothing

    @api.model
    def _rescue(self, row, chunk):
        """Put the chunk of a dead worker back, smaller; give up an operation that keeps killing."""
        lost = chunk["lost"] + 1
        operations = self._pending_of(chunk)
        verdict = after_lost_worker(lost, len(operations), is_one_transaction(row))
        text = self.env._("Its worker died %s times; it was the only operation at work.", lost)
        if is_one_transaction(row):
            text = self.env._(
                "The worker died %(lost)s times; it had reached operation %(index)s.",
                lost=lost,
                index=row["step_position"] or 0,
            )
        self._put_back(
            row,
            chunk,
            operations,
            verdict,
            Failure("worker_lost", text),
            lost=lost,
            suspect=True,
            trouble=self.env._("Its worker died."),
        )

    @api.model
    def _postpone(self, claim, reason, counted=True):
        """Put a chunk back that met a conflict, to be tried again later.

        :param counted: against the budget of conflicts; without it the chunk merely waits

        Its own worker does this, in a new transaction; it still holds the chunk's session lock.
        """
        chunks = self.env["batch.job.chunk"]
        self._begin()
        row = self.env["batch.job"].browse(claim.job["id"])._locked_row()
        if row and chunks._is_ours(claim.chunk_id, claim.attempt):
            (chunk,) = chunks._select("id = %s", claim.chunk_id)
            operations = self._pending_of(chunk)
            conflicts = chunk["conflicts"] + counted
            verdict = after_conflict(conflicts, len(operations), is_one_transaction(row))
            text = self.env._(
                "It met a conflict %(count)s times: %(reason)s", count=conflicts, reason=reason
            )
            wait = back_off(conflicts if counted else CONFLICT_BUDGET, random.random())
            self._put_back(
                row,
                chunk,
                operations,
                verdict,
                Failure("conflict", text),
                conflicts=conflicts,
                trouble=reason,
                # not `Datetime.now()`, which has no fractions: the wait would lie in the past
                not_before=self.env.cr.now() + timedelta(seconds=wait),
            )
        chunks._hand_over(claim.chunk_id)
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _put_back(self, row, chunk, operations, verdict, failure, **values):
        chunks = self.env["batch.job.chunk"]
        if not operations:
            chunks._update(chunk["id"], state="done")
            return
        if verdict == "fail":
            self._give_up(row, chunk, operations, failure)
            return
        parts = split(operations) if verdict == "split" else [operations]
        if len(parts) > 1:
            values.update(lost=0, conflicts=0, suspect=True)
        if chunk["size"]:
            # counted now, whatever becomes of the rest: what earlier steps of the chunk landed
            chunks._update(chunk["id"], state="done", trouble=values["trouble"])
        else:
            first, *parts = parts
            chunks._update(
                chunk["id"],
                state="queued",
                first_position=first[0].position,
                last_position=first[-1].last_position,
                **values,
            )
        for part in parts:
            place = {"wave": chunk["wave"], **values}
            chunks._cut(row, part[0].position, part[-1].last_position, **place)

    @api.model
    def _give_up(self, row, chunk, operations, failure):
        """The engine itself fails a chunk: its one operation, or all of policy `all`."""
        reached = max(row["step_position"] or 0, operations[0].position)
        culprit = max((o for o in operations if o.position <= reached), key=lambda o: o.position)
        outcomes = [
            Outcome(one.position, "failed", failure=failure)
            if one is culprit
            else Outcome(one.position, "rolled_back")
            for one in operations
        ]
        outcomes = complete(outcomes, operations)
        stored = self.env["batch.job.operation"]
        stored._record(row["id"], outcomes)
        stored._blank_ended(row, operations[0].position, operations[-1].last_position)
        chunks = self.env["batch.job.chunk"]
        # added, not set: earlier steps of the chunk may have landed
        tally = count(outcomes)
        chunks._add_counts(chunk["id"], tally, json.dumps(tally.causes), 0, 0.0, "done")
        chunks._update(chunk["id"], trouble=failure.message)

    @api.model
    def _pending_of(self, chunk) -> list[Operation]:
        return self.env["batch.job.operation"]._pending(
            chunk["job_id"], chunk["first_position"], chunk["last_position"]
        )

    # Who watches

    @api.model
    def _publish(self, job, row, ended):
        """Send the counters to whoever may read the job, not more often than eyes can follow."""
        recently = row["published_at"] and self._seconds_since(row["published_at"]) < PUBLISH_EVERY
        if recently and not ended:
            return
        job._set(published_at=NOW)
        keys = ("id", "state", "total", "succeeded", "failed", "skipped", "rate")
        job._bus_send("batch_job/progress", {key: row[key] for key in keys})
