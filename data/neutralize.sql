-- a copy of a production database must not run the production's jobs
INSERT INTO batch_job_event (
       job_id, owner_id, company_id, at, event, actor, state, reason,
       again, succeeded, failed, skipped, seconds, cause_counts)
SELECT id, user_id, company_id, now() AT TIME ZONE 'UTC', 'pause', 'Odoo', 'paused',
       'Paused because this database is a neutralized copy.',
       0, COALESCE((unrecorded ->> 'succeeded')::int, 0),
       COALESCE((unrecorded ->> 'failed')::int, 0), COALESCE((unrecorded ->> 'skipped')::int, 0),
       COALESCE((unrecorded ->> 'seconds')::float, 0), COALESCE(unrecorded -> 'causes', '[]'::jsonb)
  FROM batch_job
 WHERE state IN ('queued', 'running');

UPDATE batch_job
   SET state = 'paused',
       unrecorded = NULL,
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

UPDATE batch_job_schedule
   SET active = FALSE,
       last_result = 'paused',
       note = 'Paused because this database is a neutralized copy.'
 WHERE active;
