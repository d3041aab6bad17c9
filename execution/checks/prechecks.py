"""Find suspects by their values, for a whole group at once, before the group is applied.

A suspect is tried alone, outside of the merged call. A model may accept more than its fields say,
so the guess may be wrong: then it costs a little time, and the operation succeeds.
"""

import dataclasses
from collections import defaultdict
from typing import NamedTuple

from odoo.tools import SQL

from ...engine.coalesce import Group
from ...engine.examples import as_example
from ...engine.misfits import CHECKED, X2MANY, is_misfit, lines_of
from ...engine.outcomes import Failure
from ..failures import absent_reference, unknown_field
from .misfits import Misfit
from .wrong_values import wrong_line, wrong_value


@dataclasses.dataclass
class Suspicion:
    """Why an operation is tried alone: the failures that its values will probably cause, and its
    misfits."""

    failures: list[Failure] = dataclasses.field(default_factory=list)
    misfits: list[Misfit] = dataclasses.field(default_factory=list)

    def explain(self, failure: Failure) -> Failure:
        """The failure that names the cause best: an expected failure, or the one that came."""
        same_type = [one for one in self.failures if one.type == failure.type]
        same = [one for one in same_type if one.field == failure.field]
        # any misfit of a relational field may cause `foreign_key` or `unknown_field`
        unfit = any(one.failure.type == "bad_value" for one in self.misfits)
        is_vague = failure.type == "error" or unfit and failure.type in _MAY_COME_OF_MISFITS
        return (same or same_type or (self.failures if is_vague else []) or [failure])[0]


_MAY_COME_OF_MISFITS = ("foreign_key", "unknown_field")


def suspects(model, group: Group, only_misfits: bool = False) -> dict[int, Suspicion]:
    """Operations with values that look bad, by position.

    :param only_misfits: leave out values that Odoo refuses itself if they are bad
    """
    precheck = _Precheck(model, only_misfits)
    for operation in group.operations:
        for place, values in enumerate(operation.vals_list):
            precheck.check_values(_Origin(operation.position, place), model, values)
    precheck.find_absent_records()
    return precheck.found


class _Origin(NamedTuple):
    """Where values come from: which record of which operation, or inside which x2many field."""

    position: int
    place: int | None
    inside: str | None = None


class _Precheck:
    """Looks at the values of one group and collects the suspicions, by position."""

    def __init__(self, model, only_misfits):
        self.found: dict[int, Suspicion] = {}
        self._model = model
        self._only_misfits = only_misfits
        self._fields: dict[str, dict[str, tuple]] = defaultdict(dict)
        self._named: dict[str, dict[int, list[tuple]]] = defaultdict(lambda: defaultdict(list))

    def check_values(self, origin: _Origin, model, values: dict):
        """Check the values of a record. This loop runs for every value of every operation, so a
        plain value must cost almost nothing."""
        known = self._fields[model._name]
        for name, value in values.items():
            field, plain = known.get(name) or known.setdefault(name, _field_of(model, name))
            if plain is None or type(value) in plain:
                continue
            if field is None:
                self._unknown(origin, model, name)
            elif value is not False:
                self._check_value(origin, model, field, value)

    def find_absent_records(self):
        """Find ids of records that do not exist, with one query for each model."""
        for comodel, uses in self._named.items():
            for absent in _absent_ids(self._model.env[comodel], uses):
                for origin, model, name, value in uses[absent]:
                    text = absent_reference(model, name, comodel, absent)
                    failure = self._failure("foreign_key", origin, name, text, absent)
                    self._misfit(origin, model, name, value, failure)

    def _check_value(self, origin, model, field, value):
        fits = not is_misfit(field.type, value)
        if not fits:
            text = wrong_value(model, field, value)
            failure = self._failure("bad_value", origin, field.name, text, value)
            self._misfit(origin, model, field.name, value, failure)
        if field.type in X2MANY:
            line = _Origin(origin.position, None, origin.inside or field.name)
            for values in lines_of(value):
                self.check_values(line, model.env[field.comodel_name], values)
        elif fits:
            self._check_meaning(origin, model, field, value)

    def _check_meaning(self, origin, model, field, value):
        """Check what the value alone does not tell: records of other models, and selections."""
        env = self._model.env
        only_misfits = self._only_misfits or origin.inside
        if field.type == "many2one":
            # most many2one fields have a foreign key, so PostgreSQL refuses a missing record
            if not only_misfits or field.company_dependent:
                self._named[field.comodel_name][value].append((origin, model, field.name, value))
        elif field.type == "reference":
            comodel, record_id = value.split(",")
            if comodel in env:
                self._named[comodel][int(record_id)].append((origin, model, field.name, value))
        elif field.type == "selection" and not only_misfits:
            if not _is_selectable(field, value, env):
                text = wrong_value(self._model, field, value)
                failure = self._failure("bad_value", origin, field.name, text, value)
                self._suspect(origin, failure)

    def _unknown(self, origin, model, name):
        if not self._only_misfits and not origin.inside:
            self._suspect(origin, unknown_field(model, name))

    def _failure(self, kind, origin, name, text, value):
        example = as_example(name, value)
        if origin.inside:
            name, text = origin.inside, wrong_line(origin.inside, text)
        return Failure(kind, text, self._model._name, name, value=example)

    def _misfit(self, origin, model, name, value, failure):
        misfit = Misfit(model._name, name, value, failure, origin.place)
        self._suspect(origin, failure).misfits.append(misfit)

    def _suspect(self, origin, failure) -> Suspicion:
        suspicion = self.found.setdefault(origin.position, Suspicion())
        suspicion.failures.append(failure)
        return suspicion


_TEXT = frozenset((str, type(None)))
_NOTHING = frozenset((type(None),))
# the types of values that need no closer look
_PLAIN = {
    "char": _TEXT | {int, float},
    "text": _TEXT | {int, float},
    "html": _TEXT,
    "binary": _TEXT,
    "boolean": _NOTHING | {bool},
    "float": _NOTHING | {float},
    "monetary": _NOTHING | {float},
}


def _field_of(model, name):
    """The field, and the types of its plain values; None instead of types: all values are plain."""
    field = model._fields.get(name)
    if field is None:
        return None, frozenset()
    return field, _PLAIN.get(field.type, _NOTHING) if field.type in CHECKED else None


def _is_selectable(field, value, env):
    return not value or callable(field.selection) or value in field.get_values(env)


def _absent_ids(comodel, ids):
    if comodel._abstract or comodel._table_query:
        return set()
    query = SQL("SELECT id FROM %s WHERE id = ANY(%s)", SQL.identifier(comodel._table), list(ids))
    return set(ids) - {row[0] for row in comodel.env.execute_query(query)}
