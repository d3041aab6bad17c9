"""Jobs count the operations that a cancel kept from running, and the seconds at work.

The button that runs what is left needs the former; the screens show the latter.
"""


def migrate(cr, version):
    cr.execute(
        """
        UPDATE batch_job job
           SET cancelled = (SELECT count(*)
                              FROM batch_job_operation
                             WHERE job_id = job.id
                               AND state = 'cancelled')
         WHERE skipped > 0
        """
    )
    cr.execute(
        """
        UPDATE batch_job job
           SET work_seconds = (SELECT sum(duration) FROM batch_job_chunk WHERE job_id = job.id)
         WHERE work_seconds IS NULL
        """
    )
