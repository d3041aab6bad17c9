"""Fills new columns of jobs that are older than the columns.

`work_seconds` are the seconds at work, which the screens show. `error_masked` and `reason_masked`
are what readers other than the owner get in place of a text that quotes the message of an
operation.
"""

# how a text came about that quotes a message: a job of which nothing was kept, or a culprit
MASKED = "A row failed; its owner reads why."


def migrate(cr, version):
    cr.execute(
        """
        UPDATE batch_job job
           SET work_seconds = (SELECT sum(duration) FROM batch_job_chunk WHERE job_id = job.id)
         WHERE work_seconds IS NULL
        """
    )
    cr.execute(
        """
        UPDATE batch_job
           SET error_masked = %s
         WHERE error IS NOT NULL
           AND error_masked IS NULL
           AND (state = 'failed' OR policy = 'stop')
        """,
        [MASKED],
    )
    cr.execute(
        """
        UPDATE batch_job_event event
           SET reason_masked = %s
          FROM batch_job job
         WHERE job.id = event.job_id
           AND reason IS NOT NULL
           AND reason_masked IS NULL
           AND (event.state = 'failed' OR job.policy = 'stop')
        """,
        [MASKED],
    )
