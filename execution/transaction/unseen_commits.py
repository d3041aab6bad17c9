"""The commits of others that a transaction cannot see with isolation level REPEATABLE READ."""

from odoo.tools import SQL

PATIENCE = "3s"  # the longest wait for a lock; a second connection may wait for its own caller
_XID_COUNT = 2**32  # the transaction ids that a row can hold; after the last id they begin again


def snapshot_of(cr) -> str:
    """The snapshot of a transaction, as PostgreSQL writes it."""
    cr.execute("SELECT pg_current_snapshot()::text")
    return cr.fetchone()[0]


def any_newer(cr, table: str, ids: list[int], snapshot: str) -> bool:
    """Whether one of these rows may have been committed after our transaction took its snapshot.

    A row older than the snapshot is not newer, even if our transaction does not find the row: then
    our transaction has deleted or changed it. The answer may be a false yes: if at our snapshot a
    transaction was at work that began before the one that wrote the row, and has ended since.

    :param cr: a cursor of another transaction, which began later than ours
    :param snapshot: `snapshot_of` our transaction
    """
    if not ids:
        return False
    # `oldest` is the lowest id whose commit our transaction may not see: of those at work at our
    # snapshot that have ended since, in whichever database. The id of a subtransaction, which no
    # snapshot has, is higher than that of its transaction.
    cr.execute(
        SQL(
            """
              WITH ended AS (
                   SELECT pg_snapshot_xip(%(ours)s) AS id
                   EXCEPT
                   SELECT pg_snapshot_xip(pg_current_snapshot())
            ), ours AS (
                   SELECT COALESCE(min(id::text::bigint), pg_snapshot_xmax(%(ours)s)::text::bigint)
                          AS oldest
                     FROM ended)
            SELECT
              FROM %(table)s row, ours
             WHERE row.id IN %(ids)s
               -- compare distances from `oldest`, since the ids in rows wrap
               AND (row.xmin::text::bigint - oldest %% %(xid_count)s + %(xid_count)s)
                   %% %(xid_count)s
                   < pg_snapshot_xmax(pg_current_snapshot())::text::bigint - oldest
            """,
            ours=SQL("%s::pg_snapshot", snapshot),
            table=SQL.identifier(table),
            ids=tuple(ids),
            xid_count=_XID_COUNT,
        )
    )
    return bool(cr.rowcount)
