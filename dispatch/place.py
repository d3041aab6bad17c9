"""The place of a waiting job in the queue."""

from odoo.api import Environment
from odoo.tools import SQL

from ..engine.options import DEFAULT_PRIORITY
from ..engine.states import LIVE_STATES

MOST_COUNTED = 100  # jobs
_MOST_LOOKED_AT = 1_000  # open jobs

# as in `candidates`: between users, priorities 0 to 10 count as equal
_RANK = "CASE WHEN priority < 0 THEN priority ELSE GREATEST(priority, %s) END AS rank"
_JOBS_BEFORE = """
    SELECT count(*)
      FROM (SELECT
              FROM (SELECT *, %(rank)s
                      FROM batch_job
                     WHERE needs_runner
                     ORDER BY priority, id
                     LIMIT %(looked_at)s) other,
                   (SELECT *, %(rank)s FROM batch_job WHERE id = %(job)s) mine
             WHERE other.id != mine.id
               AND other.state IN %(live)s
               AND (other.eta IS NULL OR other.eta <= now() AT TIME ZONE 'UTC'
                    OR other.started_at IS NOT NULL)
               AND CASE WHEN other.rank != mine.rank THEN other.rank < mine.rank
                        WHEN other.user_id = mine.user_id AND other.priority != mine.priority
                        THEN other.priority < mine.priority
                        ELSE (other.queued_at, other.id) < (mine.queued_at, mine.id) END
             LIMIT %(counted)s) before
"""


def jobs_before(env: Environment, job_id: int) -> int:
    """How many jobs that have work were queued before a job and are at least as urgent.

    Jobs of equal priority take turns, so a job may begin before all of these have ended. The number
    goes up to `MOST_COUNTED`: on the screen more makes no difference, and the query stays cheap.
    """
    query = SQL(
        _JOBS_BEFORE,
        rank=SQL(_RANK, DEFAULT_PRIORITY),
        job=job_id,
        live=LIVE_STATES,
        looked_at=_MOST_LOOKED_AT,
        counted=MOST_COUNTED,
    )
    env.cr.execute(query)
    return env.cr.fetchone()[0]
