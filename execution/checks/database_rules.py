"""Rules of the database: learn a rule from its first violation, then ask the database which
operations of a group break the rule."""

import json
from dataclasses import dataclass

from odoo.tools import SQL

from ...engine.coalesce import Group
from ...engine.misfits import is_misfit
from ..transaction.transient import is_transient

# fields whose values PostgreSQL reads from JSON as Odoo stores them
_READABLE = frozenset(
    (
        *("boolean", "char", "date", "datetime", "float", "integer", "many2one", "monetary"),
        *("selection", "text"),
    )
)


@dataclass(frozen=True)
class CheckRule:
    """A CHECK constraint; `expression` is its SQL."""

    table: str
    columns: tuple[str, ...]
    expression: str

    def suspects(self, model, group: Group) -> set[int]:
        """Positions of the creates or writes whose values break the rule.

        Nothing if that would be most of the group: the model then stores other values than these.
        """
        model.flush_model(self.columns)
        cr = model.env.cr
        try:
            with cr.savepoint(flush=False):
                rows = self._changed(model, group) if group.op == "write" else []
                rows += self._new_rows(model, group) if group.op == "create" else []
                broken = self._broken(model.env, rows, stored=group.op == "write")
        except Exception as error:  # a number too large, or a default that fails: not our affair
            if is_transient(error) or cr.closed:
                raise
            return set()
        return broken if 2 * len(broken) <= len(group.operations) else set()

    def _new_rows(self, model, group) -> list[dict]:
        defaults = model.default_get(list(self.columns))
        return [
            row
            for operation in group.operations
            for values in operation.vals_list
            if (row := self._row(model, operation, defaults | values))
        ]

    def _changed(self, model, group) -> list[dict]:
        return [
            {**row, "id": record_id}
            for operation in group.operations
            if not operation.payload["values"].keys().isdisjoint(self.columns)
            if (row := self._row(model, operation, operation.payload["values"]))
            for record_id in operation.payload["ids"]
        ]

    def _row(self, model, operation, values) -> dict | None:
        """The values of the rule's columns; None if PostgreSQL could not read one."""
        given = {name: values[name] for name in self.columns if name in values}
        fields = model._fields
        if any(value and is_misfit(fields[name].type, value) for name, value in given.items()):
            return None
        # Odoo's false is NULL, but in a boolean
        row = {
            name: value if value is not False or fields[name].type == "boolean" else None
            for name, value in given.items()
        }
        return {"position": operation.position, "values": row}

    def _broken(self, env, rows, stored: bool) -> set[int]:
        table = SQL.identifier(self.table)
        before = (
            SQL("%s stored WHERE stored.id = (batch_job_given->>'id')::int", table)
            if stored
            else SQL("(SELECT NULL::%s AS stored) none", table)
        )
        query = SQL(
            """
            SELECT DISTINCT (batch_job_given->>'position')::int
              FROM jsonb_array_elements(%s::jsonb) AS batch_job_given
             CROSS JOIN LATERAL (
                    SELECT (jsonb_populate_record(stored, batch_job_given->'values')).*
                      FROM %s) made
             WHERE NOT (%s)
            """,
            json.dumps(rows),
            before,
            SQL(self.expression.replace("%", "%%")),
        )
        return {position for (position,) in env.execute_query(query)}


@dataclass(frozen=True)
class Referrer:
    """A column that may name records of a table, and then keeps them from being deleted."""

    table: str
    column: str
    target: str

    def suspects(self, model, group: Group) -> set[int]:
        """Positions of the unlinks of records that are still named."""
        model.env.flush_all()
        column = SQL.identifier(self.column)
        query = SQL(
            "SELECT DISTINCT %s FROM %s WHERE %s = ANY(%s)",
            column,
            SQL.identifier(self.table),
            column,
            group.ids,
        )
        named = {one for (one,) in model.env.execute_query(query)}
        return {
            operation.position
            for operation in group.operations
            if not named.isdisjoint(operation.payload["ids"])
        }


def check_rule(model, table: str, constraint: str) -> CheckRule | None:
    """The rule of a CHECK constraint; None if its columns hold what we cannot ask about."""
    found = model.env.execute_query(
        SQL(
            """
            SELECT pg_get_expr(c.conbin, c.conrelid),
                   ARRAY(SELECT a.attname::text
                           FROM pg_attribute a
                          WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey))
              FROM pg_constraint c
             WHERE c.conname = %s AND c.conrelid = %s::regclass AND c.contype = 'c'
            """,
            constraint,
            table,
        )
    )
    for expression, columns in found:
        if columns and all(_is_readable(model, column) for column in columns):
            return CheckRule(table, tuple(columns), expression)
    return None


def referrer(env, table: str, constraint: str) -> Referrer | None:
    """The column of a foreign key to a record's id; None if the key is of another kind."""
    found = env.execute_query(
        SQL(
            """
            SELECT a.attname, target.relname
              FROM pg_constraint c
              JOIN pg_class target ON target.oid = c.confrelid
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
              JOIN pg_attribute key ON key.attrelid = c.confrelid AND key.attnum = c.confkey[1]
             WHERE c.conname = %s
               AND c.conrelid = %s::regclass
               AND c.contype = 'f'
               AND cardinality(c.conkey) = 1
               AND key.attname = 'id'
            """,
            constraint,
            table,
        )
    )
    return Referrer(table, *found[0]) if found else None


def _is_readable(model, column) -> bool:
    field = model._fields.get(column)
    return (
        field is not None
        and field.type in _READABLE
        and not field.translate
        and not field.company_dependent
    )
