"""The scheduled actions of the runners call `batch.job`: the model that they named is gone.

Causes have example values, which not everybody may see: `causes` is computed, of a hidden column.
"""

from odoo.tools import sql


def migrate(cr, version):
    for table in ("batch_job", "batch_job_chunk", "batch_job_event"):
        if sql.column_exists(cr, table, "causes"):
            sql.rename_column(cr, table, "causes", "cause_counts")
    # before Odoo deletes the old model, and with it the actions that name it
    cr.execute(
        """
        UPDATE ir_act_server action
           SET model_id = job.id,
               code = replace(code, 'model._run(', 'model._run_slot(')
          FROM ir_model job, ir_model runner
         WHERE job.model = 'batch.job'
           AND runner.model = 'batch.job.runner'
           AND action.model_id = runner.id
        """
    )
