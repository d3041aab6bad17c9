"""Jobs count the operations that a cancel kept from running: the button that runs them needs it."""


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
