from odoo.tools import SQL

from ..engine.key_share import budget, most_keys, size_for_keys
from .base import Dispatch
from .slots import Slots


class KeyShares(Dispatch):
    """How many keys a chunk may lock, by the room in PostgreSQL's lock table and by who is at work.

    The lock table is one for all databases of a PostgreSQL server.
    """

    def size(self, at_work: int | None = None) -> int:
        """The most operations in a new chunk of upserts or loads.

        :param at_work: chunks with keys beside it; default: those that run now
        """
        if at_work is None:
            at_work = self._at_work()
        return size_for_keys(self._budget(), Slots(self.env).wanted_runners(), at_work)

    def most(self) -> int:
        """The most keys that the chunk which asks may lock one by one."""
        held, holders = self._held()
        taking = self._at_work() - holders
        return most_keys(self._budget(), Slots(self.env).wanted_runners(), held, taking)

    def _budget(self) -> int:
        self.env.cr.execute(
            SQL(
                """
                SELECT current_setting('max_locks_per_transaction')::bigint
                       * (current_setting('max_connections')::bigint
                          + current_setting('max_prepared_transactions')::bigint)
                """
            )
        )
        return budget(self.env.cr.fetchone()[0])

    def _at_work(self) -> int:
        """Chunks of jobs with keys that run now."""
        self.env.cr.execute(
            SQL(
                """
                SELECT count(*)
                  FROM batch_job_chunk c
                  JOIN batch_job j ON j.id = c.job_id
                 WHERE c.state = 'running'
                   AND j.has_keys
                """
            )
        )
        return self.env.cr.fetchone()[0]

    def _held(self) -> tuple[int, int]:
        """Locks on keys in the table, and the sessions on this database that hold them."""
        self.env.cr.execute(
            SQL(
                """
                SELECT count(*), count(DISTINCT pid) FILTER (WHERE datname = current_database())
                  FROM pg_locks l
                  JOIN pg_database d ON d.oid = l.database
                 WHERE locktype = 'advisory'
                   AND objsubid = 1
                """
            )
        )
        return self.env.cr.fetchone()
