import os

from odoo.service import server

from . import models

# A test that waits for a worker which nobody wakes need not wait for a minute.
server.SLEEP_INTERVAL = int(os.environ.get("BATCH_JOB_TEST_TICK") or server.SLEEP_INTERVAL)
