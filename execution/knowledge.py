"""What the errors of a job teach about its later operations."""

from psycopg2 import errors as pg

from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..engine.coalesce import Group
from ..engine.errors import OperationFailed
from .failures import model_of_table
from .prechecks import records_of

_COMPARABLE = {"char": str, "text": str, "selection": str, "integer": int, "many2one": int}


class Knowledge:
    """Lessons, each learnt from one failed attempt, that name suspects by one query a group."""

    def __init__(self):
        self._unique: dict[tuple[str, str], tuple[str, ...]] = {}
        self._required: set[tuple[str, str]] = set()
        self._denied: set[str] = set()

    def __bool__(self):
        """Whether there is any lesson."""
        return bool(self._unique or self._required or self._denied)

    def learn(self, failed: OperationFailed, model) -> bool:
        """Take a lesson from an error; True if it is a new one."""
        error = failed.__cause__
        if isinstance(error, pg.UniqueViolation):
            return self._learn_unique(error, model)
        if isinstance(error, pg.NotNullViolation):
            lesson = (error.diag.table_name, error.diag.column_name)
            return self._add(self._required, lesson)
        if isinstance(error, AccessError):
            return self._add(self._denied, model._name)
        return False

    def suspects(self, model, group: Group) -> set[int]:
        """Positions of the operations of a group that will probably meet a known error."""
        if group.op == "create":
            return self._without_required(model, group) | self._meeting_keys(model, group)
        if group.op in ("write", "unlink") and model._name in self._denied:
            return self._denied_records(model, group)
        return set()

    @staticmethod
    def _add(lessons, lesson):
        known = lesson in lessons
        lessons.add(lesson)
        return not known

    def _learn_unique(self, error, model):
        lesson = (error.diag.table_name, error.diag.constraint_name)
        if not all(lesson) or lesson in self._unique:
            return False
        columns = _plain_key_columns(model.env, *lesson)
        self._unique[lesson] = columns
        return bool(columns)

    def _without_required(self, model, group):
        columns = [column for table, column in self._required if table == model._table]
        return {
            operation.position
            for operation in group.operations
            for values in records_of(operation)
            for column in columns
            if _is_empty(values.get(column))
        }

    def _meeting_keys(self, model, group):
        found = set()
        for (table, _name), columns in self._unique.items():
            if table == model._table and columns:
                found |= _meeting_key(model, group, columns)
        return found

    def _denied_records(self, model, group):
        ids = [one for operation in group.operations for one in operation.payload["ids"]]
        allowed = set(model.browse(ids)._filtered_access(group.op)._ids)
        return {
            operation.position
            for operation in group.operations
            if not allowed.issuperset(operation.payload["ids"])
        }


def _is_empty(value):
    return value is None or value is False or value == ""


def _meeting_key(model, group, columns):
    """Operations whose key exists already, or came earlier in the same group."""
    keys: dict[tuple, list[int]] = {}
    for operation in group.operations:
        for values in records_of(operation):
            key = tuple(values.get(column) for column in columns)
            if all(
                type(value) is _COMPARABLE[model._fields[column].type]
                for value, column in zip(key, columns, strict=True)
            ):
                keys.setdefault(key, []).append(operation.position)
    repeated = {position for positions in keys.values() for position in positions[1:]}
    existing = _existing_keys(model, columns, list(keys))
    return repeated | {position for key in existing for position in keys.get(key, ())}


def _existing_keys(model, columns, keys):
    if not keys:
        return []
    model.flush_model(columns)
    names = SQL(", ").join(map(SQL.identifier, columns))
    query = SQL(
        "SELECT %s FROM %s WHERE (%s) IN %s",
        names,
        SQL.identifier(model._table),
        names,
        tuple(keys),
    )
    return model.env.execute_query(query)


def _plain_key_columns(env, table, constraint):
    """The columns of a unique constraint or index, () if values cannot be compared with it."""
    model = model_of_table(env, table)
    rows = env.execute_query(
        SQL(
            """
            SELECT a.attname
              FROM pg_index i
              JOIN pg_class c ON c.oid = i.indexrelid
              JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
             WHERE c.relname = %s
               AND i.indrelid = %s::regclass
               AND i.indexprs IS NULL
               AND i.indpred IS NULL
             ORDER BY array_position(i.indkey::int2[], a.attnum)
            """,
            constraint,
            table,
        )
    )
    columns = tuple(row[0] for row in rows)
    if model is None or not all(
        column in model._fields
        and model._fields[column].type in _COMPARABLE
        and not model._fields[column].translate
        and not model._fields[column].company_dependent
        for column in columns
    ):
        return ()
    return columns
