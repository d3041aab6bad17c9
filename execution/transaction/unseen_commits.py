"""The commits of others that a transaction cannot see with isolation level REPEATABLE READ."""

from odoo.tools import SQL

PATIENCE = "3s"  # the longest wait for a lock; a second connection may wait for its own caller
_XID_COUNT = 2**32  # the transaction ids that a row can hold; after the last id they begin again


def oldest_unseen(cr) -> int:
    """The lowest transaction id whose commit may be invisible to this transaction.

    Every transaction with a lower id had ended before our snapshot.
    """
    cr.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return cr.fetchone()[0]


def any_newer(cr, table: str, ids: list[int], oldest: int) -> bool:
    """Whether one of these rows may have been committed after our transaction took its snapshot.

    A row older than the snapshot is not newer, even if our transaction does not find the row: then
    our transaction has deleted or changed it. The answer may be a false yes: if at our snapshot a
    transaction was at work that began before the one that wrote the row.

    :param cr: a cursor of another transaction, which began later than ours
    :param oldest: `oldest_unseen` of our transaction
    """
    if not ids:
        return False
    cr.execute(
        SQL(
            """
            SELECT FROM %(table)s
             WHERE id IN %(ids)s
               -- compare distances from `oldest`, since ids wrap
               AND (xmin::text::bigint - %(oldest)s + %(xid_count)s) %% %(xid_count)s
                   < pg_snapshot_xmax(pg_current_snapshot())::text::bigint - %(oldest_ever)s
            """,
            table=SQL.identifier(table),
            ids=tuple(ids),
            oldest=oldest % _XID_COUNT,
            oldest_ever=oldest,
            xid_count=_XID_COUNT,
        )
    )
    return bool(cr.rowcount)
