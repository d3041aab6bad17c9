"""Odoo's own app for messages, in the database of a module that wants it."""

import os
import subprocess


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
