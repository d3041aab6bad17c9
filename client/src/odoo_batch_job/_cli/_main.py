"""The commands of ``odoo-batch``: each module adds its own to ``main``."""

from ._command import main
from ._login import login
from ._look import history, list_, status, watch
from ._results import results
from ._submit import submit
from ._verbs import cancel, duplicate, pause, resume, retry, start

__all__ = [
    "cancel",
    "duplicate",
    "history",
    "list_",
    "login",
    "main",
    "pause",
    "results",
    "resume",
    "retry",
    "start",
    "status",
    "submit",
    "watch",
]
