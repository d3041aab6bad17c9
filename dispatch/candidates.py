from odoo.api import Environment
from odoo.tools import SQL

from ..engine.options import DEFAULT_PRIORITY
from ..engine.states import LIVE_STATES
from .chunk_lock import is_free

_CANDIDATES = """
    WITH open AS (
        SELECT id, user_id, priority,
               -- ignore a turn in the future: the clock was set back since
               CASE WHEN last_claimed_at <= statement_timestamp() AT TIME ZONE 'UTC'
                    THEN last_claimed_at END AS last_claimed_at,
               CASE WHEN priority < 0 THEN priority
                    ELSE GREATEST(priority, %(default)s) END AS rank,
               NOT gives AS may_end
          FROM batch_job j
         CROSS JOIN LATERAL (
               SELECT state IN %(live)s AND next_position < total
                      OR (state IN %(live)s OR on_end_state = 'pending') IS TRUE
                         AND EXISTS (
                             SELECT FROM batch_job_chunk
                              WHERE job_id = j.id AND state = 'queued') AS gives,
                      (SELECT count(*)
                         FROM batch_job_chunk
                        WHERE job_id = j.id AND state = 'running') AS running) chunks
         WHERE needs_runner
           AND NOT id = ANY(%(seen)s)
           -- only a job that has not begun waits for its eta
           AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC'
                OR started_at IS NOT NULL OR state NOT IN %(live)s)
           AND CASE WHEN gives AND running < GREATEST(max_parallel, (pace->>'limit')::int, 1)
                      OR running = 0 THEN TRUE
                    -- no EXISTS here: for that, PostgreSQL reads the chunks of all jobs
                    ELSE (SELECT TRUE
                            FROM batch_job_chunk
                           WHERE job_id = j.id
                             AND state IN ('done', 'halted') AND NOT folded
                           LIMIT 1) IS TRUE
                         OR EXISTS (
                             SELECT FROM batch_job_chunk c
                              WHERE c.job_id = j.id AND c.state = 'running' AND %(is_free)s)
                END
    ), turns AS MATERIALIZED (
        SELECT user_id,
               (SELECT max(served.last_claimed_at)
                  FROM batch_job served
                 WHERE served.user_id = users.user_id
                   AND served.last_claimed_at
                       <= statement_timestamp() AT TIME ZONE 'UTC') AS last_turn
          FROM (SELECT DISTINCT user_id FROM open) users
    )
    SELECT id, may_end, rank, priority
      FROM open
      JOIN turns USING (user_id)
     ORDER BY may_end DESC,
           rank,
           last_turn NULLS FIRST,
           priority,
           last_claimed_at NULLS FIRST,
           id
"""


def candidates(env: Environment, seen: list[int]) -> list[tuple[int, list]]:
    """The jobs that may have something to do for a runner, in the order of their turns.

    Jobs go by priority. At equal priority users take turns, and so do the jobs of each user.
    Between users, priorities 0 to 10 count as equal.

    Jobs without a chunk to give go first. Often the claim has nothing to do but end such a job.
    A client that waits for this end must not wait for other jobs.

    A job is left out while living workers have all the chunks that it may give. To lock a hundred
    such jobs and to find nothing takes longer than a chunk.

    :param seen: jobs that had nothing for this claim
    :returns: (id, what equal jobs have in common)
    """
    query = SQL(
        _CANDIDATES,
        default=DEFAULT_PRIORITY,
        live=LIVE_STATES,
        seen=seen,
        is_free=is_free(SQL("c.id")),
    )
    env.cr.execute(query)
    return [(job_id, kind) for job_id, *kind in env.cr.fetchall()]
