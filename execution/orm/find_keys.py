"""Find records by key: by the values of stored fields."""

import dataclasses

from odoo.fields import Domain
from odoo.tools import SQL

from ...engine.examples import as_example
from ...engine.misfits import is_misfit
from ...engine.operations import Operation
from ...engine.outcomes import Failure
from ..checks.wrong_values import shown
from ..transaction.unseen_commits import any_newer

MOST_NAMED = 20  # ids in a message


@dataclasses.dataclass(frozen=True)
class Match:
    """The record of a key, or the failure if the key's record cannot be used."""

    id: int | None = None
    failure: Failure | None = None


class Keys:
    """Finds records by key, archived records too. A record that the user cannot see is a
    failure.

    :param within: only records of this domain are looked at
    """

    def __init__(self, model, names: list[str], within: Domain = Domain.TRUE):
        self.model = model
        self.names = names
        self.within = within

    def key_of(self, operation: Operation) -> tuple | Failure:
        """The operation's key, with values in the form of the database."""
        return key_in(self.model, self.names, operation.payload["values"])

    def find(self, wanted: set[tuple]) -> dict[tuple, Match]:
        """The matches of keys. A key without a record has no match."""
        found = self.find_all(wanted) if wanted else {}
        ids = [one for several in found.values() for one in several]
        visible = set(self.model.browse(ids)._filtered_access("read")._ids)
        return {key: self._match(key, several, visible) for key, several in found.items()}

    def afresh(self, cr) -> "Keys":
        """The same finder on another cursor, which sees later commits."""
        return Keys(self.model.with_env(self.model.env(cr=cr)), self.names, self.within)

    def finds_newer(self, wanted: set[tuple], snapshot: str) -> bool:
        """Whether another transaction may have made a record of these keys since ours began.

        Our transaction cannot see that: call `finds_newer` on another cursor.

        :param snapshot: `snapshot_of` our transaction
        """
        found = self.find_all(wanted)
        ids = [one for several in found.values() for one in several]
        return any_newer(self.model.env.cr, self.model._table, ids, snapshot)

    def values_to_write(self, operation: Operation) -> dict:
        values = operation.payload["values"]
        return {name: value for name, value in values.items() if name not in self.names}

    def refuse_new(self, key) -> None:
        """Any key may be new."""

    def created(self, ids: dict[tuple, int]):
        """Check that the new records have the keys that were given.

        :raises ValueError: the model has changed a key. The key would never find the record again,
            so each submission would create another record.
        """
        records = self.model.browse(ids.values()).sudo()
        # compute a key field that is computed, and let the database check its constraint
        records.flush_recordset(self.names)
        # a record may be gone already: its own commands may delete its parent
        present = set(records.exists()._ids)
        for key, record in zip(ids, records, strict=True):
            if record.id in present:
                self._refuse_changed(key, record)

    def _refuse_changed(self, key, record):
        for name, value in zip(self.names, key, strict=True):
            stored = record._fields[name].convert_to_cache(record[name], record)
            if stored != value:
                raise ValueError(_changed_key(self.model, name, value, stored))

    def find_all(self, wanted: set[tuple]) -> dict[tuple, list[int]]:
        """Ids by key, with one query and with the rights of the system: the caller checks the
        user's rights to the records.

        :raises AccessError: the user may not read a key field, so its values must stay unknown
        """
        for name in self.names:
            self.model._check_field_access(self.model._fields[name], "read")
        everything = self.model.sudo().with_context(active_test=False)
        domain = Domain(
            [
                (name, "in", list({key[place] for key in wanted}))
                for place, name in enumerate(self.names)
            ]
        )
        query = everything._search(domain & self.within, order="id")
        columns = [everything._field_to_sql(query.table, name, query) for name in self.names]
        if len(columns) > 1:
            # the domain alone would also find mixed keys: a field from one key, one from another
            query.add_where(SQL("(%s) IN %s", SQL(", ").join(columns), tuple(wanted)))
        found: dict[tuple, list[int]] = {}
        rows = self.model.env.execute_query(
            query.select(SQL.identifier(query.table, "id"), *columns)
        )
        for record_id, *key in rows:
            found.setdefault(tuple(key), []).append(record_id)
        return {key: ids for key, ids in found.items() if key in wanted}

    def _match(self, key, ids, visible):
        seen = [one for one in ids if one in visible]
        if len(seen) == 1:
            return Match(seen[0])
        value = as_example(", ".join(self.names), ", ".join(map(str, key)))
        if seen:
            return Match(failure=_ambiguous(self.model, self.names, seen, value))
        return Match(failure=hidden(self.model, ids, value))


def key_in(model, names: list[str], values: dict) -> tuple | Failure:
    """The key in some values, in the form of the database."""
    key = []
    for name in names:
        try:
            key.append(_comparable(model, name, values[name]))
        except (ValueError, TypeError, OverflowError):
            return _bad_key(model, name, values[name])
    return tuple(key)


def hidden(model, ids, value) -> Failure:
    text = model.env._(
        "A record of %(model)s with this key exists, id %(ids)s, but a record rule hides it from "
        "you. It was left alone, and no second one was made.",
        model=model._name,
        ids=", ".join(map(str, ids[:MOST_NAMED])),
    )
    return Failure("access", text, model._name, value=value)


def _comparable(model, name, value):
    """A value of a key field in the form of the database.

    :raises ValueError: the field cannot hold the value, or the value is empty
    """
    field = model._fields[name]
    if value is False or is_misfit(field.type, value):
        raise ValueError(value)
    found = field.convert_to_cache(value, model)
    if found in (None, ""):
        raise ValueError(value)
    return found


def _bad_key(model, name, value) -> Failure:
    field = model._fields[name]
    text = model.env._(
        "The key %(field)s (%(label)s): %(value)s is not a valid %(type)s.",
        field=name,
        label=field._description_string(model.env),
        value=shown(name, value),
        type=field.type,
    )
    return Failure("bad_value", text, model._name, name, value=as_example(name, value))


def _changed_key(model, name, value, stored) -> str:
    return model.env._(
        "Wrong value for %(model)s.%(field)s: the model stores the key %(value)s as %(stored)s, "
        "and would not find it again. Send it in that form.",
        model=model._name,
        field=name,
        value=shown(name, value),
        stored=shown(name, stored),
    )


def _ambiguous(model, names, ids, value):
    text = model.env._(
        "%(count)s records of %(model)s have this %(key)s: ids %(ids)s. "
        "Merge them, or use a key that is unique.",
        count=len(ids),
        model=model._name,
        key=", ".join(names),
        ids=", ".join(map(str, ids[:MOST_NAMED])),
    )
    return Failure("ambiguous_key", text, model._name, names[0], value=value)
