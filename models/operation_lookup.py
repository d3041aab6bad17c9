"""How operations are found within a job, whatever PostgreSQL's statistics know of the job.

Of a job that the statistics do not know PostgreSQL expects one row. Then all indexes that begin
with `job_id` look equally good, and a statement about one chunk may read the whole job. So only one
index begins with `job_id` itself. The others begin with expressions of `job_id` that no other index
has: a condition on such an expression fits one index only (decision 21).
"""

from odoo.tools import SQL

INDEXES = "(job_id DESC, index)"  # the order of lists
POSITIONS = "((job_id::bigint), position)"
REFS = "((-job_id), ref) WHERE ref IS NOT NULL"
MAKES = "((-job_id), makes) WHERE makes IS NOT NULL"


def at_indexes(job_id, first, last) -> SQL:
    """The condition on operations from an index to another one."""
    return SQL("job_id = %s AND index BETWEEN %s AND %s", job_id, first, last)


def at_positions(job_id, first, last) -> SQL:
    """The condition on operations from a position to another one."""
    return SQL("job_id::bigint = %s AND position BETWEEN %s AND %s", job_id, first, last)


def with_names(job_id, column, names) -> SQL:
    """The condition on operations with one of some names in the column `ref` or `makes`."""
    return SQL("-job_id = %s AND %s = ANY(%s)", -job_id, SQL.identifier(column), list(names))


def of_cause(cause) -> SQL:
    """The condition on operations that failed for a cause: type, model, field, constraint."""
    columns = {"type": "error_type", "model": "error_model", "field": "error_field"}
    columns["constraint"] = "error_constraint"
    return SQL(" AND ").join(
        SQL("%s IS NOT DISTINCT FROM %s", SQL.identifier(column), cause[name])
        for name, column in columns.items()
    )
