"""What a transaction of isolation level REPEATABLE READ cannot see."""

from odoo.tools import SQL

PATIENCE = "3s"  # for what another transaction, or the one beside, has locked
_XIDS = 2**32  # they begin anew after so many


def oldest_unseen(cr) -> int:
    """The first transaction id of which this transaction may not see what it has committed."""
    cr.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return cr.fetchone()[0]


def any_newer(cr, table: str, ids: list[int], oldest: int) -> bool:
    """Whether one of these rows may have been committed since another transaction took its
    snapshot. What is older and yet not found there, that transaction has itself deleted or changed.

    A row looks newer than it is if a transaction that was at work then is older than the row.

    :param oldest: `oldest_unseen` of the other transaction
    """
    if not ids:
        return False
    cr.execute(
        SQL(
            """
            SELECT FROM %(table)s
             WHERE id IN %(ids)s
               AND (xmin::text::bigint - %(oldest)s + %(xids)s) %% %(xids)s
                   < pg_snapshot_xmax(pg_current_snapshot())::text::bigint - %(oldest_ever)s
            """,
            table=SQL.identifier(table),
            ids=tuple(ids),
            oldest=oldest % _XIDS,
            oldest_ever=oldest,
            xids=_XIDS,
        )
    )
    return bool(cr.rowcount)
