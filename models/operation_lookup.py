"""How operations are found within a job, whatever PostgreSQL's statistics know of the job.

Of a job that the statistics do not know PostgreSQL expects one row. Then all indexes that begin
with `job_id` look equally good, and a statement about one chunk may read the whole job. So only one
index begins with `job_id` itself. The others begin with expressions of `job_id` that no other index
has: a condition on such an expression fits one index only (decision 21).
"""

from odoo.tools import SQL

from ..engine.outcomes import CAUSE_KEYS

TABLE = "batch_job_operation"

INDEXES = "(job_id DESC, index)"  # the order of lists
POSITIONS = "((job_id::bigint), position)"
REFS = "((-job_id), ref) WHERE ref IS NOT NULL"
MAKES = "((-job_id), makes) WHERE makes IS NOT NULL"
# A failure has a type, what is done has none. So these two cost only failures something, and the
# outcomes of the others are still updated in place (decision 30). Both end with the index, which is
# the order of lists: a page of a list reads its own rows only (decision 36).
FAILURES = "((job_id - 0), index) WHERE error_type IS NOT NULL"
# a field may have any length; with IS NULL instead of a text PostgreSQL would not trust the order
CAUSES = (
    "((job_id + 0), error_type, COALESCE(left(error_field, 64), ''), index)"
    " WHERE error_type IS NOT NULL"
)


def at_indexes(job_id, first, last) -> SQL:
    """The condition on operations from an index to another one."""
    return SQL("job_id = %s AND index BETWEEN %s AND %s", job_id, first, last)


def at_positions(job_id, first, last) -> SQL:
    """The condition on operations from a position to another one."""
    return SQL("job_id::bigint = %s AND position BETWEEN %s AND %s", job_id, first, last)


def with_names(job_id, column, names) -> SQL:
    """The condition on operations with one of some names in the column `ref` or `makes`."""
    return SQL("-job_id = %s AND %s = ANY(%s)", -job_id, SQL.identifier(column), list(names))


def of_cause(cause: dict, table: str = TABLE) -> SQL:
    """The condition on operations whose error has a cause: type, model, field and constraint.

    This alone finds them slowly: see `failed_of`.
    """
    conditions = [_is(SQL.identifier(table, f"error_{key}"), cause.get(key)) for key in CAUSE_KEYS]
    return SQL("(%s)", SQL(" AND ").join(conditions))


def failed_of(job_id, cause: dict | None = None, skipped=False, table: str = TABLE) -> SQL:
    """The condition on the failed operations of a job, or on those of one of its causes.

    :param skipped: also those that were skipped and say why
    :param table: the name that the table has in the query
    """
    job, kind, field, state = (
        SQL.identifier(table, name) for name in ("job_id", "error_type", "error_field", "state")
    )
    states = ("failed", "skipped") if skipped else ("failed",)
    failed = SQL("%s IS NOT NULL AND %s IN %s", kind, state, states)
    if cause is None:
        return SQL("%s - 0 = %s AND %s", job, job_id, failed)
    start = (cause.get("field") or "")[:64]
    return SQL(
        "%s + 0 = %s AND COALESCE(left(%s, 64), '') = %s AND %s AND %s",
        *(job, job_id, field, start, failed, of_cause(cause, table)),
    )


def one_of(column, numbers) -> SQL:
    """The condition on operations with one of many numbers in a column.

    A subquery, so that PostgreSQL does not count the numbers: with many of them it would rather
    read the whole job than look each of them up.
    """
    return SQL("%s = ANY((SELECT %s)::int[])", SQL.identifier(column), list(numbers))


def _is(expression: SQL, value) -> SQL:
    # an index knows no IS NOT DISTINCT FROM
    return SQL("%s = %s", expression, value) if value else SQL("%s IS NULL", expression)
