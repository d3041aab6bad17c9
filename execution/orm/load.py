"""Load: import rows as Odoo's `load()` does, but a bad row costs only its record.

Odoo's `load()` keeps all rows or no row, and after a failure it continues one record at a time. So
this module takes the steps of `load()` itself: extract, convert, create or update by external id.
It calls the same private methods of the model, and sorts their messages by row.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from odoo.models import fix_import_export_id_paths
from odoo.tools.lru import LRU

from ...engine.examples import as_example
from ...engine.messages import _lt
from ...engine.operations import Operation
from ...engine.outcomes import Failure, Outcome
from ..checks.lessons import Lessons
from ..transaction.savepoint import repairing_savepoint
from .load_keys import RowKeys
from .load_write import Record, Waiting

FINDER = "batch_job_finder"  # in the context: see models/ir_fields_converter.py
MAKES_NAMES = "name_create_enabled_fields"  # Odoo's: converting a row may create records
SKIPS = "import_skip_records"  # Odoo's: a row without a match in one of these fields is left out


@dataclass
class Finder:
    """What a search for referred records may use: the models that the rows write to, and a cache
    of records found in other models."""

    creatable: set[str]
    found: LRU


class _ReloadGoodRows(Exception):
    """Bad rows may have left records behind: undo all rows, and load the good rows again."""


class Loader:
    """Loads records, each from its first row and its followers.

    :param lessons: names the suspects; None: the first bad record fails all rows
    """

    def __init__(self, model, lessons: Lessons | None):
        self.model = model
        self.lessons = lessons
        self.released = 0  # savepoints released

    def load(self, operations: list[Operation]) -> list[Outcome]:
        failures = _without_number(self.model, operations)
        outcomes: list[Outcome] = []
        while len(failures) + len(outcomes) < len(operations):
            rest = [o for o in operations if o.position not in failures]
            loading = _Loading(self.model, rest, self.lessons)
            with suppress(_ReloadGoodRows), repairing_savepoint(self.model.env) as savepoint:
                loading.run(savepoint)
                outcomes = loading.outcomes()
                self.released += 1 + loading.waiting.released
            failures |= loading.failures
        return outcomes + [Outcome(at, "failed", failure=why) for at, why in failures.items()]


class _Loading:
    """One pass over rows. It sets the same context keys as Odoo's `load()`."""

    def __init__(self, model, operations: list[Operation], lessons: Lessons | None):
        module = model.env.context.get("module", "__import__")
        self.operations = operations
        self.model = model.with_context(_import_current_module=module)
        self.paths = [fix_import_export_id_paths(f) for f in operations[0].payload["fields"]]
        self.finder = Finder(self._creatable_models(), LRU(1024))
        self.keys = RowKeys.of(self.model, operations[0].payload)
        self.waiting = Waiting(self.model, lessons, self.keys)
        self.failures = self.waiting.failures
        self.notes: dict[int, str] = {}
        self.left_out: set[int] = set()  # positions
        self.rows: list[list[str]] = []
        self.owners: list[int] = []  # for each row the position of its record's operation
        self.starts: list[int] = []  # the first row of each record

    def run(self, savepoint):
        converting = self.model.with_context(
            import_flush=self._flush, import_cache=LRU(1024), **{FINDER: self.finder}
        )
        self.rows = self._rows()
        extracted = converting._extract_records(self.paths, self.rows, log=self._note)
        converted = converting._convert_records(extracted, log=self._note, savepoint=savepoint)
        for record in converted:
            self._add(*record)
        self.waiting.write_all()
        owners = self.owners
        if self.starts != [at for at, one in enumerate(owners) if not at or one != owners[at - 1]]:
            raise ValueError(
                _lt("These rows belong together in another way than they were submitted.")
            )
        if self.failures and self.model.env.context.get(MAKES_NAMES):
            raise _ReloadGoodRows

    def outcomes(self) -> list[Outcome]:
        return [
            Outcome(
                position,
                "done",
                ids=[record_id],
                value=self.waiting.ends.get(position),
                note=self.notes.get(position),
            )
            for position, record_id in self.waiting.ids.items()
        ] + [
            Outcome(position, "done", ids=[], note=self.notes[position])
            for position in self.left_out
        ]

    def _rows(self) -> list[list[str]]:
        rows = []
        for operation in self.operations:
            own = [operation.payload["row"], *operation.payload.get("more_rows", ())]
            rows += [list(map(_as_text, row)) for row in own]
            self.owners += [operation.position] * len(own)
        return rows

    def _creatable_models(self) -> set[str]:
        """The models that rows write to. Only a search in these must wait until earlier rows are
        written."""
        names = {self.model._name, *self.model._inherits}
        for path in self.paths:
            model = self.model
            for name in path:
                field = model._fields.get(name)
                if field is None or field.type != "one2many":
                    break
                model = model.env[field.comodel_name]
                names.add(model._name)
        return names

    def _note(self, message):
        position = self.owners[message.get("rows", {}).get("from", 0)]
        if message["type"] == "error":
            self.failures.setdefault(position, self._failure(message))
        else:
            self.notes.setdefault(position, message["message"])

    def _failure(self, message) -> Failure:
        field = message.get("field")
        if not field:
            return Failure("bad_value", message["message"], self.model._name)
        path = list(map(str, field)) if isinstance(field, list | tuple) else [field]
        column = self._as_written(path)
        return bad_cell(self.model, column, message["message"], self._cell(message, column))

    def _cell(self, message, column) -> str | None:
        """The cell at fault; None if one of several columns of a line may be at fault."""
        columns = self.operations[0].payload["fields"]
        at = message.get("rows", {}).get("from", 0)
        return self.rows[at][columns.index(column)] if column in columns else None

    def _as_written(self, path: list[str]) -> str:
        """The column of the submission for a field. If several columns lead into one relation, the
        path of the relation."""
        columns = self.operations[0].payload["fields"]
        within = [
            column
            for column, own in zip(columns, self.paths, strict=True)
            if own[: len(path)] == path
        ]
        return within[0] if len(within) == 1 else "/".join(path)

    def _add(self, database_id, external_id, values, info):
        """Add a converted record to the waiting records, unless its conversion has failed."""
        start = info["rows"]["from"]
        self.starts.append(start)
        position = self.owners[start]
        if position in self.failures or self._leaves_out(position, values):
            return
        if external_id:
            external_id = self.waiting.qualified(external_id)
        elif database_id:
            values["id"] = database_id
        key = self.keys and self.keys.key_of(values)
        if isinstance(key, Failure):
            self.failures[position] = key
            return
        self.waiting.add(Record(position, external_id or None, values, info, key))

    def _leaves_out(self, position: int, values: dict) -> bool:
        """Leave a record out if one of its values has no match, and the import says so."""
        context = self.model.env.context
        for path in context.get(SKIPS, ()) if context.get("import_file") else ():
            if without_match(values, path.split("/")):
                self.left_out.add(position)
                self.notes[position] = self.model.env._(
                    "Skipped, as the import was told: the value of %s has no match.", path
                )
                return True
        return False

    def _flush(self, *, xml_id=None, model=None):
        """Write the waiting records if a row may refer to one of them. The conversion calls this
        before it searches."""
        if not self.waiting or model and model not in self.finder.creatable:
            return
        if xml_id is None or xml_id in self.waiting.names:
            self.waiting.write_all()


def without_match(values: dict, path: list[str]) -> bool:
    """Whether a converted value, or that of one of the lines, had no match: Odoo makes None of it.

    Odoo itself looks only at fields of the record, and takes one that is no column for one without
    a match.
    """
    name, *rest = path
    value = values.get(name, False)
    if not rest:
        return value is None
    commands = value if isinstance(value, list) else ()
    return any(
        isinstance(one, tuple) and isinstance(one[-1], dict) and without_match(one[-1], rest)
        for one in commands
    )


def only_looking(model, paths: list[list[str]], rows: list[list]) -> Iterator[tuple]:
    """Convert rows that fill no lines, and make no record on the way.

    :returns: for each row (values, None), or (values without the bad cell, Odoo's message)
    """
    problems: dict[int, dict] = {}

    def note(message):
        if message["type"] == "error":
            problems.setdefault(message["rows"]["from"], message)

    model = model.with_context(
        _import_current_module=model.env.context.get("module", "__import__"),
        import_flush=lambda **_what: None,
        import_cache=LRU(1024),
        **{FINDER: Finder(set(), LRU(1024)), MAKES_NAMES: {}},
    )
    texts = [list(map(_as_text, row)) for row in rows]
    extracted = model._extract_records(paths, texts, log=note)
    converted = model._convert_records(extracted, log=note, savepoint=None)
    for _id, _external_id, values, info in converted:
        yield values, problems.get(info["rows"]["from"])


def bad_cell(model, column: str, problem: str, cell: str | None) -> Failure:
    text = model.env._("Column %(column)s: %(problem)s", column=column, problem=problem)
    value = cell and as_example(column, cell)
    return Failure("bad_value", text, model._name, column, value=value or None)


def _without_number(model, operations) -> dict[int, Failure]:
    """Failures of rows whose database id is no number, by position: PostgreSQL would raise an
    error."""
    columns = operations[0].payload["fields"]
    if ".id" not in columns or model._fields["id"].type != "integer":
        return {}
    cells = {o.position: _as_text(o.payload["row"][columns.index(".id")]) for o in operations}
    return {
        position: bad_cell(
            model, ".id", model.env._("'%s' is not the number of a record", cell), cell
        )
        for position, cell in cells.items()
        if cell and not cell.isdecimal()
    }


def _as_text(cell: Any) -> str:
    """A cell as the text of a file: Odoo's conversion expects texts."""
    if cell is True:
        return "true"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell) if cell else ""
