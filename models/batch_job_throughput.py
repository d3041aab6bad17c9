from odoo import models
from odoo.tools import SQL

from ..engine.progress import iso
from ..engine.throughput import filled

MOST_POINTS = 60
MOST_CHUNKS = 20_000  # the latest ones
PAUSE = 60  # seconds without a chunk at work that are left out, such as a night

# The chart has a clock of its own, which stops while no chunk is at work. The rows of a chunk are
# divided among the points of the chart during which the chunk was at work.
_THROUGHPUT = """
    WITH landed AS (
        -- the chunk of `execute` begins when its job does
        SELECT COALESCE(chunk.started_at, job.started_at) AS begins,
               GREATEST(chunk.duration, 0.001) AS seconds,
               chunk.succeeded + chunk.failed + chunk.skipped AS rows,
               chunk.failed
          FROM batch_job_chunk chunk, batch_job job
         WHERE job_id = %(job)s AND job.id = %(job)s AND size > 0
           AND COALESCE(chunk.started_at, job.started_at) IS NOT NULL
         ORDER BY chunk.id DESC
         LIMIT %(most_chunks)s
    ), with_gaps AS (
        SELECT *,
               extract(epoch FROM begins - min(begins) OVER ())::float8 AS since,
               extract(epoch FROM begins - max(begins + make_interval(secs => seconds)) OVER (
                   ORDER BY begins, seconds
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))::float8 AS gap
          FROM landed
    ), placed AS (
        SELECT *,
               since - sum(CASE WHEN gap > %(pause)s THEN gap ELSE 0 END) OVER (
                   ORDER BY begins, seconds ROWS UNBOUNDED PRECEDING) AS place
          FROM with_gaps
    ), span AS (
        SELECT points, length / points AS width
          FROM (SELECT max(place + seconds) AS length,
                       LEAST(GREATEST(ceil(max(place + seconds)), 1), %(most)s)::int AS points
                  FROM placed) whole
    ), parts AS (
        SELECT point, width, points, rows, failed,
               begins + make_interval(secs => GREATEST(point * width - place, 0)) AS at,
               (LEAST(place + seconds, (point + 1) * width) - GREATEST(place, point * width))
                   / seconds AS share
          FROM placed, span,
               generate_series(LEAST(floor(place / width)::int, points - 1),
                               LEAST(floor((place + seconds) / width)::int, points - 1)) point
    )
    SELECT points, width, point, min(at), sum(rows * share) / width, sum(failed * share) / width
      FROM parts
     WHERE share > 0
     GROUP BY points, width, point
"""


class BatchJobThroughput(models.AbstractModel):
    """How fast a job has gone, from its chunks."""

    _name = "batch.job.throughput"
    _description = "Batch Job Throughput"

    def throughput(self) -> dict:
        """How fast the job has gone. Pauses of more than a minute are left out, and so is what came
        before the latest 20,000 chunks. This reads no operations.

        :returns: ``{"seconds", "points": [{"at" (ISO 8601, UTC), "rate" (rows that ended per
            second) and "failed_rate" (those of them that failed)}, …]}``: at most 60 points, each
            of so many seconds
        """
        self._check_named()
        sizes = {"most_chunks": MOST_CHUNKS, "most": MOST_POINTS, "pause": PAUSE}
        self.env.cr.execute(SQL(_THROUGHPUT, job=self.id, **sizes))
        rows = self.env.cr.fetchall()
        if not rows:
            return {"seconds": 0.0, "points": []}
        count, seconds = rows[0][:2]
        points = filled({row[2]: row[3:] for row in rows}, count, seconds)
        return {
            "seconds": round(seconds, 3),
            "points": [{**point, "at": iso(point["at"])} for point in points],
        }
