from odoo.tools import SQL


def any_unlocked(cr, table: str, ids: list[int]) -> bool:
    """Whether one of these rows is changed by no open transaction.

    What a transaction cannot see and another one can was either committed since it began, or has
    been deleted or changed by itself: those rows it holds locked.
    """
    if not ids:
        return False
    query = SQL(
        "SELECT FROM %s WHERE id IN %s FOR SHARE SKIP LOCKED", SQL.identifier(table), tuple(ids)
    )
    cr.execute(query)
    return bool(cr.rowcount)
