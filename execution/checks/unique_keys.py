"""Unique keys: learn a key from its first violation, then look it up for a whole group at once."""

from dataclasses import dataclass, replace

from psycopg2 import errors as pg

from odoo.models import MAGIC_COLUMNS, BaseModel
from odoo.tools import SQL

from ...engine.examples import as_example
from ...engine.operations import Operation
from ...engine.outcomes import Failure
from ..failures import describe, model_of_table

_COMPARABLE = {"char": str, "text": str, "selection": str, "integer": int, "many2one": int}
_OWN_OVERRIDES = "odoo.addons.batch_job.models.base"  # these change no values
# a model that overrides one of these methods may change the values of a create
_CREATE_METHODS = ("create", "_create", "_prepare_create_values", "_add_precomputed_values")


@dataclass(frozen=True)
class UniqueKey:
    """A unique key that was violated. `columns` is empty if we cannot compare values with it."""

    columns: tuple[str, ...]
    error: pg.UniqueViolation

    def settled_failures(self, model, operations: list[Operation]) -> dict[int, Failure]:
        """Failures of the creates whose unique key a stored record has already, by position.

        Only for a model that stores these values unchanged: a try of such a create would end in the
        same failure, and cost a rollback.
        """
        if not self._takes_values_as_they_are(model):
            return {}
        keys = self._keys(model, operations)
        existing = self._existing(model, keys)
        failure = describe(self.error, model) if existing else None
        return {
            position: self._about(failure, key)
            for key in existing
            for position in keys.get(key, ())
        }

    def suspects(self, model, operations: list[Operation]) -> set[int]:
        """Positions of creates whose unique key exists already or comes earlier in the group."""
        keys = self._keys(model, operations)
        repeated = {position for positions in keys.values() for position in positions[1:]}
        if self._takes_values_as_they_are(model):
            return repeated
        existing = self._existing(model, keys)
        return repeated | {position for key in existing for position in keys.get(key, ())}

    def _keys(self, model, operations) -> dict[tuple, list[int]]:
        """Positions by unique key, without operations that leave a column to a default or NULL."""
        types = [_COMPARABLE[model._fields[column].type] for column in self.columns]
        keys: dict[tuple, list[int]] = {}
        for operation in operations:
            for values in operation.vals_list:
                key = tuple(map(values.get, self.columns))
                if [type(value) for value in key] == types:
                    keys.setdefault(key, []).append(operation.position)
        return keys

    def _existing(self, model, keys) -> list[tuple]:
        if not keys:
            return []
        model.flush_model(self.columns)
        names = SQL(", ").join(map(SQL.identifier, self.columns))
        query = SQL(
            "SELECT %s FROM %s WHERE (%s) IN %s",
            names,
            SQL.identifier(model._table),
            names,
            tuple(keys),
        )
        return model.env.execute_query(query)

    def _takes_values_as_they_are(self, model) -> bool:
        constraint = model._table_objects.get(self.error.diag.constraint_name)
        if constraint is not None and callable(constraint.message):
            return False  # the message may depend on the values of the key
        overridden = (
            name in vars(one)
            for one in type(model).__mro__
            if one is not BaseModel and one.__module__ != _OWN_OVERRIDES
            for name in _CREATE_METHODS
        )
        fields = [model._fields[column] for column in self.columns]
        computed = (field.compute or field.name in MAGIC_COLUMNS for field in fields)
        return not any(overridden) and not any(computed)

    def _about(self, failure: Failure, key) -> Failure:
        """The failure with the values of this key, also in its message."""
        detail = self.error.diag.message_detail
        names, values = ", ".join(self.columns), ", ".join(map(str, key))
        message = failure.message
        if detail:
            message = message.replace(detail, f"Key ({names})=({values}) already exists.")
        return replace(failure, message=message, value=as_example(names, values))


def key_columns(env, table, constraint) -> tuple[str, ...]:
    """The columns of a unique constraint or index; () if we cannot compare values with them."""
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
               AND i.indimmediate
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
