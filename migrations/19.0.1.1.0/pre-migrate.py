"""The scheduled actions of the runners call `batch.job`: the model that they named is gone."""


def migrate(cr, version):
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
