"""Odoo's own app for messages, in the database of a module that wants it."""

import os
import subprocess

# the app's queue does not stand it when a commit sends the same mail at the same moment
NO_QUEUE = """
    UPDATE ir_cron SET active = FALSE
     WHERE id = (SELECT res_id FROM ir_model_data
                  WHERE module = 'mail' AND name = 'ir_cron_mail_scheduler_action')
 RETURNING id
"""


def install_mail(database, log):
    environment = os.environ
    subprocess.run(
        [
            *(environment["BATCH_JOB_PYTHON"], environment["BATCH_JOB_ODOO"]),
            f"--database={database.name}",
            f"--addons-path={environment['BATCH_JOB_ADDONS_PATH']}",
            f"--logfile={log}",
            *("--init=mail", "--stop-after-init", "--no-http"),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert len(database.rows(NO_QUEUE)) == 1
