-- a copy of a production database must not run the production's jobs
UPDATE batch_job
   SET state = 'paused',
       needs_runner = FALSE,
       error = 'Paused because this database is a neutralized copy.'
 WHERE state IN ('queued', 'running');

UPDATE batch_job
   SET needs_runner = FALSE,
       on_end_state = 'skipped'
 WHERE on_end_state = 'pending';

UPDATE batch_job_chunk
   SET state = 'queued'
 WHERE state = 'running';
