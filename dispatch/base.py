"""What the classes of the queue have in common."""

from odoo.api import Environment
from odoo.tools import SQL

# the time by the clock; SQL's now() is the time at which the transaction began
NOW = SQL("clock_timestamp() AT TIME ZONE 'UTC'")


class Dispatch:
    """A part of the queue. It works in the transaction of its environment."""

    def __init__(self, env: Environment):
        self.env = env

    def begin(self):
        """Commit, and begin a transaction in READ COMMITTED.

        There, each statement sees what others have committed before it.
        """
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.env.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
