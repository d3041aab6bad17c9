"""Upsert: update the record that has the key, or create one; one look-up for a whole group."""

import dataclasses

from odoo.tools import SQL

from ..engine.coalesce import coalesce
from ..engine.operations import Operation
from ..engine.outcomes import Failure, Outcome
from ..engine.references import qualified
from . import crud


def upsert(model, operations: list[Operation]) -> list[Outcome]:
    """Apply upserts that have the same key fields. Two with the same key are one record."""
    finder = _ExternalIds(model) if "xml_id" in operations[0].payload else _Keys(model, operations)
    matches = finder.find(operations)
    outcomes: list[Outcome] = []
    creators: dict[tuple, Operation] = {}
    updates: list[tuple[Operation, int | None]] = []
    for operation in operations:
        key = finder.key_of(operation)
        match = matches.get(key)
        if match and match.failure:
            outcomes.append(Outcome(operation.position, "failed", failure=match.failure))
        elif match:
            updates.append((operation, match.id))
        elif key in creators:
            updates.append((operation, None))
        elif failure := finder.refuse_new(operation):
            outcomes.append(Outcome(operation.position, "failed", failure=failure))
        else:
            creators[key] = operation
    made = _create(model, finder, list(creators.values()))
    ids = {key: made[operation.position].ids[0] for key, operation in creators.items()}
    written = [(o, one or ids[finder.key_of(o)]) for o, one in updates]
    return outcomes + list(made.values()) + _update(model, finder, written)


@dataclasses.dataclass(frozen=True)
class _Match:
    id: int | None = None
    failure: Failure | None = None


def _create(model, finder, operations):
    outcomes = crud.create(model, operations) if operations else []
    finder.created(operations, outcomes)
    return {o.position: dataclasses.replace(o, value="created") for o in outcomes}


def _update(model, finder, updates):
    """Write in order; the writes of one record stay apart, those of others are merged."""
    writes = [
        dataclasses.replace(
            operation,
            op="write",
            payload={"ids": [record_id], "values": finder.values_to_write(operation)},
        )
        for operation, record_id in updates
    ]
    outcomes = [o for group in coalesce(writes) for o in crud.write(model, group.operations)]
    return [dataclasses.replace(outcome, value="updated") for outcome in outcomes]


class _Keys:
    """Records found by the values of stored fields: archived ones too, as the user sees them."""

    def __init__(self, model, operations):
        self.model = model
        self.names = operations[0].payload["key"]

    def key_of(self, operation):
        return key_values(self.model, operation)

    def find(self, operations) -> dict[tuple, _Match]:
        wanted = {self.key_of(operation) for operation in operations}
        domain = [
            (name, "in", list({key[place] for key in wanted}))
            for place, name in enumerate(self.names)
        ]
        everything = self.model.sudo().with_context(active_test=False)
        found: dict[tuple, list[int]] = {}
        for record in everything.search_fetch(domain, self.names, order="id"):
            key = tuple(_normal(self.model, name, record[name]) for name in self.names)
            if key in wanted:
                found.setdefault(key, []).append(record.id)
        ids = [one for several in found.values() for one in several]
        visible = set(self.model.browse(ids)._filtered_access("read")._ids)
        return {key: self._match(several, visible) for key, several in found.items()}

    def _match(self, ids, visible):
        seen = [one for one in ids if one in visible]
        if len(seen) == 1:
            return _Match(seen[0])
        if seen:
            return _Match(failure=_ambiguous(self.model, self.names, seen))
        return _Match(failure=hidden(self.model, ids))

    def values_to_write(self, operation):
        values = operation.payload["values"]
        return {name: value for name, value in values.items() if name not in self.names}

    def refuse_new(self, operation):
        return None

    def created(self, operations, outcomes):
        pass


class _ExternalIds:
    """Records found by their external id."""

    def __init__(self, model):
        self.model = model
        self.data = model.env["ir.model.data"].sudo()

    def key_of(self, operation):
        return qualified(operation.payload["xml_id"])

    def find(self, operations) -> dict[str, _Match]:
        wanted = list({self.key_of(operation) for operation in operations})
        rows = self.data._lookup_xmlids(wanted, self.model)
        gone = [row[0] for row in rows if not row[6] and row[3] == self.model._name]
        self.data.browse(gone).unlink()
        ids = [row[4] for row in rows if row[6]]
        self.visible = set(self.model.browse(ids)._filtered_access("read")._ids)
        return {f"{row[1]}.{row[2]}": self._match(row) for row in rows if row[0] not in gone}

    def _match(self, row):
        _id, module, name, model_name, res_id, _noupdate, _record_id = row
        if model_name != self.model._name:
            text = f"The external id {module}.{name} belongs to a record of {model_name}."
            return _Match(failure=Failure("bad_value", text, self.model._name))
        if res_id not in self.visible:
            return _Match(failure=hidden(self.model, [res_id]))
        return _Match(res_id)

    def values_to_write(self, operation):
        return operation.payload["values"]

    def refuse_new(self, operation):
        return foreign_module(self.model, self.key_of(operation))

    def created(self, operations, outcomes):
        records = self.model.browse([outcome.ids[0] for outcome in outcomes])
        self.data._update_xmlids(
            [
                {"xml_id": self.key_of(operation), "record": record, "noupdate": False}
                for operation, record in zip(operations, records, strict=True)
            ]
        )


def key_values(model, operation: Operation) -> tuple:
    """The values of an upsert's key fields, in the form in which equal values are equal."""
    values = operation.payload["values"]
    return tuple(_normal(model, name, values[name]) for name in operation.payload["key"])


def _normal(model, name, value):
    return model._fields[name].convert_to_cache(value, model)


def _ambiguous(model, names, ids):
    text = model.env._(
        "%(count)s records of %(model)s have this %(key)s: ids %(ids)s. "
        "Merge them, or use a key that is unique.",
        count=len(ids),
        model=model._name,
        key=", ".join(names),
        ids=", ".join(map(str, ids[:20])),
    )
    return Failure("ambiguous_key", text, model._name, names[0])


def hidden(model, ids) -> Failure:
    text = model.env._(
        "A record of %(model)s with this key exists, id %(ids)s, but a record rule hides it from "
        "you. It was left alone, and no second one was made.",
        model=model._name,
        ids=", ".join(map(str, ids[:20])),
    )
    return Failure("access", text, model._name)


def foreign_module(model, external_id: str) -> Failure | None:
    """A new external id may not carry an installed module's name: Odoo would delete the record at
    that module's next upgrade."""
    module = external_id.partition(".")[0]
    query = SQL("SELECT 1 FROM ir_module_module WHERE name = %s AND state = 'installed'", module)
    if not model.env.execute_query(query):
        return None
    text = model.env._(
        "The external id %(xml_id)s is new and has the name of the installed module %(module)s: "
        "its record would be deleted when that is upgraded. Use another prefix, or none.",
        xml_id=external_id,
        module=module,
    )
    return Failure("bad_value", text, model._name)
