"""Load: import rows as Odoo's `load()` does, but a bad row costs only its record.

`load()` itself is all or nothing, and once something fails it goes on one record at a time. So its
steps (extract, convert, create or update by external id) are taken here, with the same private
methods of the model, and what they say of a row is kept apart from the other rows.
"""

from odoo.models import fix_import_export_id_paths
from odoo.tools.lru import LRU

from ..engine.operations import Operation
from ..engine.outcomes import Failure, Outcome
from .find_external_ids import foreign_module
from .guards import repairing_savepoint


class _BadRows(Exception):
    """Undoes the attempt. `failures` by position."""

    def __init__(self, failures):
        super().__init__(len(failures))
        self.failures = failures


def load(model, operations: list[Operation]) -> list[Outcome]:
    """Load records, each from its row and the rows that continue it."""
    failures: dict[int, Failure] = {}
    rest = operations
    while rest:
        try:
            with repairing_savepoint(model.env):
                outcomes = _Loading(model, rest).run()
        except _BadRows as bad:
            failures |= bad.failures
            rest = [o for o in rest if o.position not in failures]
        else:
            break
    else:
        outcomes = []
    return outcomes + [Outcome(at, "failed", failure=why) for at, why in failures.items()]


class _Loading:
    """One pass over some rows. The names in the context are those that `load()` sets."""

    def __init__(self, model, operations: list[Operation]):
        context = model.env.context
        self.operations = operations
        self.update = context.get("mode", "init") == "update"
        self.module = context.get("module", "__import__")
        self.noupdate = context.get("noupdate", False)
        self.model = model.with_context(_import_current_module=self.module)
        self.paths = [fix_import_export_id_paths(f) for f in operations[0].payload["fields"]]
        self.creatable = self._creatable_models()
        self.foreign: dict[str, Failure | None] = {}
        self.waiting: list[tuple] = []  # converted records, not yet in the database
        self.waiting_ids: set[str] = set()
        self.ids: list[int] = []
        self.messages: list[dict] = []
        self.failures: dict[int, Failure] = {}

    def run(self) -> list[Outcome]:
        rows, owners = self._rows()
        converting = self.model.with_context(import_flush=self._flush, import_cache=LRU(1024))
        extracted = converting._extract_records(self.paths, rows, log=self.messages.append)
        with self.model.env.cr.savepoint() as savepoint:
            converted = converting._convert_records(
                extracted, log=self.messages.append, savepoint=savepoint
            )
            starts = [self._add(owners, *record) for record in converted]
            self._note_messages(owners)
            if self.failures:
                raise _BadRows(self.failures)
            self._flush()
        if starts != [
            row for row, owner in enumerate(owners) if owner != owners[row - 1] or not row
        ]:
            raise ValueError("These rows belong together in another way than they were submitted.")
        return [
            Outcome(o.position, "done", ids=[record_id])
            for o, record_id in zip(self.operations, self.ids, strict=True)
        ]

    def _rows(self):
        """All rows, and for each the position of the operation whose record it is part of."""
        rows, owners = [], []
        for operation in self.operations:
            own = [operation.payload["row"], *operation.payload.get("more_rows", ())]
            rows += own
            owners += [operation.position] * len(own)
        return rows, owners

    def _creatable_models(self):
        """Models that rows write to: a search for others by name need not wait for the rows."""
        names = {self.model._name}
        for path in self.paths:
            model = self.model
            for name in path:
                field = model._fields.get(name)
                if field is None or field.type != "one2many":
                    break
                model = model.env[field.comodel_name]
                names.add(model._name)
        return names

    def _add(self, owners, database_id, external_id, values, info):
        if external_id:
            external_id = external_id if "." in external_id else f"{self.module}.{external_id}"
            self.waiting_ids.add(external_id)
            if failure := self._refuse_new(external_id):
                self.failures.setdefault(owners[info["rows"]["from"]], failure)
        elif database_id:
            values["id"] = database_id
        self.waiting.append((external_id, values, info))
        return info["rows"]["from"]

    def _flush(self, *, xml_id=None, model=None):
        """Write what waits; called from within the conversion when a row refers to a record of
        an earlier one."""
        if not self.waiting or model and model not in self.creatable:
            return
        if xml_id and xml_id not in self.waiting_ids:
            return
        waiting, self.waiting = self.waiting, []
        self.waiting_ids = set()
        data = [
            {"xml_id": external_id, "values": values, "info": info, "noupdate": self.noupdate}
            for external_id, values, info in waiting
        ]
        self.ids += self.model._load_records(data, self.update)._ids

    def _note_messages(self, owners):
        for message in self.messages:
            if message["type"] == "error":
                position = owners[message.get("rows", {}).get("from", 0)]
                self.failures.setdefault(position, self._failure(message))

    def _failure(self, message):
        field = message.get("field")
        name = "/".join(map(str, field)) if isinstance(field, list | tuple) else field
        text = f"Column {name}: {message['message']}" if name else message["message"]
        return Failure("bad_value", text, self.model._name, name or None)

    def _refuse_new(self, external_id):
        prefix = external_id.partition(".")[0]
        if prefix not in self.foreign:
            self.foreign[prefix] = foreign_module(self.model, external_id)
        if not self.foreign[prefix]:
            return None
        known = self.model.env["ir.model.data"].sudo()._lookup_xmlids([external_id], self.model)
        return None if known else foreign_module(self.model, external_id)
