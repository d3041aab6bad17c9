"""What can be known about a group's values before it is applied, for all of it at once.

A suspect is not condemned: it is kept out of the merged call and tried alone, so that a wrong guess
(a model may accept more than its fields say) costs a little time and never an operation.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from odoo.tools import SQL

from ..engine.coalesce import Group
from ..engine.misfits import CHECKED, X2MANY, is_misfit, lines_of
from ..engine.operations import Operation
from ..engine.outcomes import Failure
from .failures import absent_reference, unknown_field
from .misfits import Misfit
from .wrong_values import wrong_line, wrong_value


@dataclass
class Suspicion:
    """Why an operation is tried alone: what is wrong with its values, and those values that Odoo
    may store as something else than they say."""

    failures: list[Failure] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)

    def explain(self, failure: Failure) -> Failure:
        """The failure that came of it, or the one of these that names its cause better."""
        same_type = [one for one in self.failures if one.type == failure.type]
        same = [one for one in same_type if one.field == failure.field]
        # `foreign_key` and `unknown_field` may come of any misfit of a relational field
        unfit = any(one.failure.type == "bad_value" for one in self.misfits)
        is_vague = failure.type == "error" or unfit and failure.type in _MAY_COME_OF_MISFITS
        return (same or same_type or (self.failures if is_vague else []) or [failure])[0]


_MAY_COME_OF_MISFITS = ("foreign_key", "unknown_field")


def suspects(model, group: Group, only_misfits: bool = False) -> dict[int, Suspicion]:
    """Operations whose values look bad, by position.

    :param only_misfits: leave out those that Odoo is sure to refuse if they are bad
    """
    look = _Look(model, only_misfits)
    for operation in group.operations:
        for place, values in enumerate(records_of(operation)):
            look.at(_Spot(operation.position, place), model, values)
    look.for_absent_records()
    return look.found


def records_of(operation: Operation) -> list[dict]:
    """The values an operation gives, one dict per record or set of records."""
    values = operation.payload.get("values") or {}
    return values if isinstance(values, list) else [values]


class _Spot(NamedTuple):
    """Where values stand: in which record of which operation, or in a line of a field of it."""

    position: int
    place: int | None
    inside: str | None = None


class _Look:
    def __init__(self, model, only_misfits):
        self.found: dict[int, Suspicion] = {}
        self._model = model
        self._only_misfits = only_misfits
        self._fields: dict[str, dict[str, tuple]] = defaultdict(dict)
        self._named: dict[str, dict[int, list[tuple]]] = defaultdict(lambda: defaultdict(list))

    def at(self, spot: _Spot, model, values: dict):
        """This runs for every value there is: what is plain must be over at once."""
        known = self._fields[model._name]
        for name, value in values.items():
            one, plain = known.get(name) or known.setdefault(name, _field_of(model, name))
            if plain is None or type(value) in plain:
                continue
            if one is None:
                self._unknown(spot, model, name)
            elif value is not False:
                self._look_closer(spot, model, one, value)

    def for_absent_records(self):
        """One query for each model that is referred to."""
        for comodel, uses in self._named.items():
            for absent in _absent_ids(self._model.env[comodel], uses):
                for spot, model, name, value in uses[absent]:
                    text = absent_reference(model, name, comodel, absent)
                    failure = self._failure("foreign_key", spot, name, text)
                    self._misfit(spot, model, name, value, failure)

    def _look_closer(self, spot, model, one, value):
        fits = not is_misfit(one.type, value)
        if not fits:
            text = wrong_value(model, one, value)
            failure = self._failure("bad_value", spot, one.name, text)
            self._misfit(spot, model, one.name, value, failure)
        if one.type in X2MANY:
            line = _Spot(spot.position, None, spot.inside or one.name)
            for values in lines_of(value):
                self.at(line, model.env[one.comodel_name], values)
        elif fits:
            self._look_outside(spot, model, one, value)

    def _look_outside(self, spot, model, one, value):
        """What the value alone does not tell."""
        env = self._model.env
        only_misfits = self._only_misfits or spot.inside
        if one.type == "many2one":
            # most have a foreign key, which speaks for itself
            if not only_misfits or one.company_dependent:
                self._named[one.comodel_name][value].append((spot, model, one.name, value))
        elif one.type == "reference":
            comodel, record_id = value.split(",")
            if comodel in env:
                self._named[comodel][int(record_id)].append((spot, model, one.name, value))
        elif one.type == "selection" and not only_misfits:
            if not _is_selectable(one, value, env):
                text = wrong_value(self._model, one, value)
                self._suspect(spot, self._failure("bad_value", spot, one.name, text))

    def _unknown(self, spot, model, name):
        if not self._only_misfits and not spot.inside:
            self._suspect(spot, unknown_field(model, name))

    def _failure(self, kind, spot, name, text):
        if spot.inside:
            name, text = spot.inside, wrong_line(spot.inside, text)
        return Failure(kind, text, self._model._name, name)

    def _misfit(self, spot, model, name, value, failure):
        misfit = Misfit(model._name, name, value, failure, spot.place)
        self._suspect(spot, failure).misfits.append(misfit)

    def _suspect(self, spot, failure) -> Suspicion:
        suspicion = self.found.setdefault(spot.position, Suspicion())
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
    """The field, and the types of values that are plain; None: all of them."""
    one = model._fields.get(name)
    if one is None:
        return None, frozenset()
    return one, _PLAIN.get(one.type, _NOTHING) if one.type in CHECKED else None


def _is_selectable(one, value, env):
    return not value or callable(one.selection) or value in one.get_values(env)


def _absent_ids(comodel, ids):
    if comodel._abstract or comodel._table_query:
        return set()
    query = SQL("SELECT id FROM %s WHERE id = ANY(%s)", SQL.identifier(comodel._table), list(ids))
    return set(ids) - {row[0] for row in comodel.env.execute_query(query)}
