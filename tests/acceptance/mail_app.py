"""Odoo's own app for messages, in the database of a module that wants it."""

# the app's queue does not stand it when a commit sends the same mail at the same moment
NO_QUEUE = """
    UPDATE ir_cron SET active = FALSE
     WHERE id = (SELECT res_id FROM ir_model_data
                  WHERE module = 'mail' AND name = 'ir_cron_mail_scheduler_action')
 RETURNING id
"""


def stop_mail_queue(database):
    assert len(database.rows(NO_QUEUE)) == 1
