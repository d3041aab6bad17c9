import logging
import math
import time
from datetime import timedelta

from odoo import fields
from odoo.api import Environment
from odoo.tools import SQL

from ..engine.states import LIVE_STATES
from ..execution.checks.lessons import Lessons
from ..execution.transaction.commit import commit_and_run_hooks
from ..execution.transaction.quiet_log import quiet_queries
from ..execution.transaction.transient import is_transient
from ..execution.worker.deadline import Deadline
from ..execution.worker.server_stop import is_stopping, runner_at_work
from .base import Dispatch
from .chunk_lock import ChunkLocks
from .claim import Claim, Claims
from .slots import Slots
from .work import Work

_logger = logging.getLogger(__name__)

CLAIM_TRIES = 5  # after so many conflicts in a row, the runner leaves the claim to its next run
SOON = 5.0  # seconds; a runner waits in its turn for a chunk that is ready within this time
GLANCE = 0.5  # seconds between two looks at the queue while a runner waits
# seconds; another session may still hold the lock of a ready chunk: do not look again at once
LEAST_WAIT = 0.05
REPORT_EVERY = 1.0  # seconds; each report is a commit


class Runner(Dispatch):
    """Executes one chunk after another, as the scheduled action of its slot."""

    def __init__(self, env: Environment, slot: int):
        super().__init__(env)
        self.slot = slot

    def run(self):
        """Work for a turn. If work may be left, ask Odoo to run the scheduled action again."""
        # report first: Odoo switches off an action that dies three times without progress
        self._report(1)
        if self.slot >= Slots(self.env).wanted_runners():
            return
        Slots(self.env).retire_superfluous(self.slot)
        in_pass = "cron_id" in self.env.context
        deadline = Deadline.of_turn((self.env.cr.dbname, self.slot)) if in_pass else Deadline()
        try:
            with runner_at_work(self.env.cr):
                if self._take_turn(deadline):
                    self._come_back()
        finally:
            deadline.end_turn()

    def _take_turn(self, deadline) -> bool:
        """Claim and execute chunks until the turn is over or nothing is left.

        :returns: whether to come back at once
        """
        lessons_by_job, reported = {}, time.monotonic()
        called_for = None  # the latest eta for which another runner was called
        while self._seconds_left() > 0 and not is_stopping():
            claim = self.claim(deadline)
            if claim:
                lessons = lessons_by_job.setdefault(claim.job["id"], Lessons())
                with quiet_queries():
                    Work(self.env).run(claim, lessons, deadline)
                deadline.has_worked = True
            elif deadline.wants_new_pass:
                _logger.info("runner %s: asks for a pass with all its time before it", self.slot)
                break
            elif not self._wait_for_chunk():
                return False
            if claim and time.monotonic() - reported >= REPORT_EVERY:
                called_for = self._call_for_eta(called_for)
                self._report(1)
                reported = time.monotonic()
            # another process changed the registry: leave, so that the next run has the new one
            if self.env.registry.check_signaling() is not self.env.registry:
                break
        return True

    def _seconds_left(self) -> float:
        """Seconds of the turn that are left. Outside of scheduled actions a turn has no end."""
        return self.env.context.get("cron_end_time", math.inf) - time.monotonic()

    def claim(self, deadline=None) -> Claim | None:
        """Claim a chunk.

        After `CLAIM_TRIES` conflicts in a row, trigger the scheduled action again and return None.
        """
        for _attempt in range(CLAIM_TRIES):
            try:
                with quiet_queries():
                    return Claims(self.env).claim(self.slot, deadline)
            except Exception as error:
                if self.env.cr.closed:
                    raise
                self.env.cr.rollback()
                ChunkLocks(self.env).let_all_go()
                if not is_transient(error):
                    raise
                _logger.info("runner %s: the claim met a conflict and is made again", self.slot)
        self._come_back()
        return None

    def _report(self, processed):
        """Commit, and report progress to Odoo's scheduler."""
        self.env["ir.cron"]._commit_progress(processed, remaining=0)

    def _come_back(self, at=None):
        """Have the scheduled action run again: at once, or at a given time."""
        for cron in Slots(self.env).slot(self.slot):
            cron._trigger(at)
        # a failed commit hook must not fail the action: Odoo switches off what fails too often
        commit_and_run_hooks(self.env.cr, f"runner {self.slot}")
        self.env["ir.cron"]._commit_progress()

    def _wait_for_chunk(self) -> bool:
        """Wait within the turn for a chunk that was put back, or for a job whose eta is near.

        Wait at most `GLANCE`, then look at the queue: somebody may have submitted a job. If the
        runner came back at once instead, Odoo would run the scheduled action 25 times a second.

        :returns: whether to look at the queue again
        """
        waits = [self.wait_of_next_chunk(), self.wait_of_next_eta()]
        left = self._seconds_left()
        self.env.cr.rollback()  # keep no transaction open during the wait
        wait = min((one for one in waits if one is not None), default=None)
        if wait is None:
            return False
        if wait.total_seconds() > SOON:
            self._come_back(fields.Datetime.now() + wait)
            return False
        if left == math.inf:  # outside of scheduled actions
            self._come_back()
            return False
        time.sleep(max(min(wait.total_seconds(), GLANCE, left), LEAST_WAIT))
        return True

    def wait_of_next_chunk(self) -> timedelta | None:
        """The time until the next chunk that was put back is ready; None if no such chunk waits.

        While another chunk of the job runs, ignore chunks that became ready more than a second ago:
        the runner at work claims them.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT min(c.not_before) - clock_timestamp() AT TIME ZONE 'UTC'
                  FROM batch_job j
                 CROSS JOIN LATERAL (
                        SELECT not_before
                          FROM batch_job_chunk
                         WHERE job_id = j.id AND state = 'queued'
                         ORDER BY first_position
                         -- one chunk at a time: only the first may be next
                         LIMIT CASE WHEN GREATEST(j.max_parallel, (j.pace->>'limit')::int, 1) = 1
                                    THEN 1 END) c
                 CROSS JOIN LATERAL (
                        SELECT count(*) AS running
                          FROM batch_job_chunk
                         WHERE job_id = j.id AND state = 'running') w
                 WHERE j.needs_runner
                   AND (j.state IN %(live)s OR j.on_end_state = 'pending')
                   AND (j.eta IS NULL OR j.eta <= clock_timestamp() AT TIME ZONE 'UTC'
                        OR j.started_at IS NOT NULL)
                   AND w.running < GREATEST(j.max_parallel, (j.pace->>'limit')::int, 1)
                   -- a younger chunk may have been waiting when the claim looked
                   AND (w.running = 0
                        OR c.not_before > clock_timestamp() AT TIME ZONE 'UTC' - interval '1 s')
                """,
                live=LIVE_STATES,
            )
        )
        return self.env.cr.fetchone()[0]

    def wait_of_next_eta(self) -> timedelta | None:
        """The time until the next job may begin at its eta; None if that is not `SOON`.

        A job waits for its eta only until it has begun. Odoo tells nobody when the eta has come.
        """
        eta = self._next_eta()
        return eta and eta[1]

    def _next_eta(self, after=None) -> tuple | None:
        """The next eta within `SOON`, and the time until then.

        :param after: ignore this eta, and those before
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT eta, eta - clock_timestamp() AT TIME ZONE 'UTC'
                  FROM batch_job
                 WHERE needs_runner
                   AND state IN %(live)s
                   AND started_at IS NULL
                   AND eta > clock_timestamp() AT TIME ZONE 'UTC'
                   AND eta <= clock_timestamp() AT TIME ZONE 'UTC' + %(soon)s
                   AND (%(after)s::timestamp IS NULL OR eta > %(after)s)
                 ORDER BY eta
                 LIMIT 1
                """,
                live=LIVE_STATES,
                soon=timedelta(seconds=SOON),
                after=after,
            )
        )
        return self.env.cr.fetchone()

    def _call_for_eta(self, called_for):
        """Call another runner if the eta of a job is near: this runner's next chunk may last
        longer. The runner that was called waits within its turn.

        :param called_for: the latest eta for which a runner was called
        :returns: the same, after this call
        """
        eta = self._next_eta(called_for)
        if not eta:
            return called_for
        Slots(self.env).wake(most=1)
        return eta[0]
