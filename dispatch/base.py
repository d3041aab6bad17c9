"""What the classes of the queue have in common."""

from odoo.api import Environment
from odoo.tools import SQL

# to the microsecond, and not the transaction's beginning as now() is
NOW = SQL("clock_timestamp() AT TIME ZONE 'UTC'")


class Dispatch:
    """A part of the queue, at work in the transaction of an environment."""

    def __init__(self, env: Environment):
        self.env = env

    def begin(self):
        """End the transaction; the next one sees at each statement what others committed."""
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.env.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
