"""The lessons that a job's errors teach about its later operations."""

from psycopg2 import errors as pg

from odoo.exceptions import AccessError

from ...engine.coalesce import Group
from ...engine.errors import OperationFailed
from ...engine.outcomes import Failure
from ..failures import is_still_used
from .database_rules import CheckRule, Referrer, check_rule, referrer
from .unique_keys import UniqueKey, key_columns


class Lessons:
    """What failed attempts have taught. Each lesson names the suspects of a group by one query."""

    def __init__(self):
        self._unique: dict[tuple[str, str], UniqueKey] = {}
        self._required: set[tuple[str, str]] = set()
        self._denied: set[str] = set()
        self._rules: dict[tuple[str, str], CheckRule | Referrer | None] = {}  # by constraint
        # (op, model) to apply in the order of submission: see MergedWrongly
        self.strictly: set[tuple[str, str]] = set()

    def __bool__(self):
        """Whether there is a lesson that names suspects."""
        return bool(self._unique or self._required or self._denied or self._rules)

    def learn(self, failed: OperationFailed, model) -> bool:
        """Take a lesson from an error. True if the lesson is new."""
        error = failed.__cause__
        if isinstance(error, pg.UniqueViolation):
            return self._learn_unique(error, model)
        if isinstance(error, pg.NotNullViolation):
            lesson = (error.diag.table_name, error.diag.column_name)
            return self._add(self._required, lesson)
        if isinstance(error, AccessError):
            return self._add(self._denied, model._name)
        if isinstance(error, pg.CheckViolation):
            return self._learn_rule(error, lambda *names: check_rule(model, *names))
        if isinstance(error, pg.ForeignKeyViolation | pg.RestrictViolation) and is_still_used(
            error
        ):
            return self._learn_rule(error, lambda *names: referrer(model.env, *names))
        return False

    def settled_failures(self, model, group: Group) -> dict[int, Failure]:
        """Operations of a group that are sure to fail with a known error, by position."""
        found: dict[int, Failure] = {}
        for key in self._unique_keys(model) if group.op == "create" else ():
            found |= key.settled_failures(model, group.operations)
        return found

    def suspects(self, model, group: Group) -> set[int]:
        """Positions of operations of a group that will probably fail with a known error."""
        found: set[int] = set()
        if group.op == "create":
            found = self._without_required(model, group) | self._meeting_keys(model, group)
        if group.op in ("write", "unlink") and model._name in self._denied:
            found = self._denied_records(model, group)
        for rule in self._rules_of(model, group.op):
            found |= rule.suspects(model, group)
        return found

    @staticmethod
    def _add(learned, lesson):
        known = lesson in learned
        learned.add(lesson)
        return not known

    def _learn_unique(self, error, model):
        lesson = (error.diag.table_name, error.diag.constraint_name)
        if not all(lesson) or lesson in self._unique:
            return False
        key = self._unique[lesson] = UniqueKey(key_columns(model.env, *lesson), error)
        return bool(key.columns)

    def _learn_rule(self, error, read_rule):
        lesson = (error.diag.table_name, error.diag.constraint_name)
        if not all(lesson) or lesson in self._rules:
            return False
        rule = self._rules[lesson] = read_rule(*lesson)
        return rule is not None

    def _rules_of(self, model, op):
        """The rules that an operation of this kind may break."""
        rules = [rule for rule in self._rules.values() if rule]
        if op == "unlink":
            return [
                one for one in rules if isinstance(one, Referrer) and one.target == model._table
            ]
        if op in ("create", "write"):
            return [
                one for one in rules if isinstance(one, CheckRule) and one.table == model._table
            ]
        return []

    def _without_required(self, model, group):
        columns = [column for table, column in self._required if table == model._table]
        return {
            operation.position
            for operation in group.operations
            for values in operation.vals_list
            for column in columns
            if _is_empty(values.get(column))
        }

    def _meeting_keys(self, model, group):
        found = set()
        for key in self._unique_keys(model):
            found |= key.suspects(model, group.operations)
        return found

    def _unique_keys(self, model):
        return [
            key
            for (table, _name), key in self._unique.items()
            if table == model._table and key.columns
        ]

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
