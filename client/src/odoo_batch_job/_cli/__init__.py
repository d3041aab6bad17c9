"""The command line ``odoo-batch``."""

from ._main import main

__all__ = ["main"]
