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

CLAIM_TRIES = 5  # a claim that meets a conflict is made again at once
SOON = 5.0  # seconds; a chunk that waits no longer than this is waited for within the turn
GLANCE = 0.5  # seconds between two looks at the queue while a runner waits
LEAST_WAIT = 0.05  # seconds: what is ready by now, the claim may still find locked
REPORT_EVERY = 1.0  # seconds; each report is a commit


class Runner(Dispatch):
    """What the scheduled action of a slot does: one chunk after another."""

    def __init__(self, env: Environment, slot: int):
        super().__init__(env)
        self.slot = slot

    def run(self):
        """Work for about ten seconds, then give the cron worker back and ask to come again."""
        # first thing: three deaths without reported progress would switch the action off
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
        """Do what there is; gives whether to come again at once."""
        lessons_by_job, reported = {}, time.monotonic()
        while self._seconds_left() > 0 and not is_stopping():
            claim = self.claim(deadline)
            if claim:
                lessons = lessons_by_job.setdefault(claim.job["id"], Lessons())
                with quiet_queries():
                    Work(self.env).run(claim, lessons, deadline)
                deadline.has_worked = True
            elif deadline.wants_fresh_pass:
                _logger.info("runner %s: asks for a pass with all its time before it", self.slot)
                break
            elif not self._wait_for_chunk():
                return False
            if claim and time.monotonic() - reported >= REPORT_EVERY:
                self._report(1)
                reported = time.monotonic()
            if self.env.registry.check_signaling() is not self.env.registry:
                break
        return True

    def _seconds_left(self) -> float:
        """Of the turn; a runner that no scheduled action has called has no end of its turn."""
        return self.env.context.get("cron_end_time", math.inf) - time.monotonic()

    def claim(self, deadline=None) -> Claim | None:
        """Claim a chunk; after too many conflicts in a row leave it to the next run."""
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
        """Commit, and say that this slot is alive."""
        self.env["ir.cron"]._commit_progress(processed, remaining=0)

    def _come_back(self, at=None):
        """Have the scheduled action run again: now, or at a moment."""
        for cron in Slots(self.env).slot(self.slot):
            cron._trigger(at)
        # an action that fails too often is switched off: a notice that reaches nobody is no failure
        commit_and_run_hooks(self.env.cr, f"runner {self.slot}")
        self.env["ir.cron"]._commit_progress()

    def _wait_for_chunk(self) -> bool:
        """Nothing can be done now: wait a moment for a chunk that was put back, within the turn.

        Coming back at once instead would be 25 runs of the scheduled action a second. Each look
        after a moment also finds what was submitted meanwhile.

        :returns: whether to look again
        """
        wait, left = self.wait_of_next_chunk(), self._seconds_left()
        self.env.cr.rollback()  # no transaction stays open while it waits
        if wait is None:
            return False
        if wait.total_seconds() > SOON:
            self._come_back(fields.Datetime.now() + wait)
            return False
        if left == math.inf:
            self._come_back()
            return False
        time.sleep(max(min(wait.total_seconds(), GLANCE, left), LEAST_WAIT))
        return True

    def wait_of_next_chunk(self) -> timedelta | None:
        """Until a chunk may be claimed that was put back and that no other runner will come to.

        Ignore a chunk that has been ready for a while if another runner works on its job: that
        runner claims it next.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT min(c.not_before) - clock_timestamp() AT TIME ZONE 'UTC'
                  FROM batch_job j
                  JOIN batch_job_chunk c ON c.job_id = j.id AND c.state = 'queued'
                 CROSS JOIN LATERAL (
                        SELECT count(*) AS running
                          FROM batch_job_chunk
                         WHERE job_id = j.id AND state = 'running') w
                 WHERE j.needs_runner
                   AND j.state IN %(live)s
                   AND (j.eta IS NULL OR j.eta <= clock_timestamp() AT TIME ZONE 'UTC'
                        OR j.started_at IS NOT NULL)
                   AND w.running < j.max_parallel
                   -- a second ago: one that the claim found waiting may be ready by now
                   AND (w.running = 0
                        OR c.not_before > clock_timestamp() AT TIME ZONE 'UTC' - interval '1 s')
                   -- in order: the first one is the next
                   AND (j.max_parallel > 1
                        OR c.first_position = (SELECT min(first_position)
                                                 FROM batch_job_chunk
                                                WHERE job_id = j.id AND state = 'queued'))
                """,
                live=LIVE_STATES,
            )
        )
        return self.env.cr.fetchone()[0]
