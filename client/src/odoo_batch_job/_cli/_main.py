"""The commands of ``odoo-batch``: each module adds its own to ``main``."""

from . import _login, _look, _results, _submit, _verbs
from ._command import main

__all__ = ["_login", "_look", "_results", "_submit", "_verbs", "main"]
