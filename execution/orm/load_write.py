"""Write the converted records of a load to the database, many at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...engine.coalesce import Group, in_turns
from ...engine.commands import Effect, effect
from ...engine.errors import MergedWrongly
from ...engine.operations import Operation
from ...engine.outcomes import Failure
from ...engine.segments import Step, segments
from ..checks.lessons import Lessons
from ..failures import describe
from ..transaction.savepoint import note_external_ids, repairing_savepoint
from ..transaction.transient import TransientError
from .find_external_ids import foreign_module, known
from .load_keys import Found, RowKeys
from .made_beside import noticing_others
from .relations import new_names_kin, relations


@dataclass
class Record:
    """A converted record that is not yet in the database."""

    position: int
    external_id: str | None
    values: dict
    info: dict
    key: tuple | None = None  # of a load with a key
    found: Found | None = None  # what the key has found


class Waiting:
    """Records that wait to be written together: until the last row, or until a row needs one.

    :param model: with the context that `load()` sets
    :param lessons: names the suspects; None: the first bad record fails all rows
    :param row_keys: finds the records of a load with a key
    """

    def __init__(self, model, lessons: Lessons | None, row_keys: RowKeys | None = None):
        self.model = model
        self.lessons = lessons
        self.row_keys = row_keys
        self.update = model.env.context.get("mode", "init") == "update"
        self.noupdate = model.env.context.get("noupdate", False)
        self.names: set[str] = set()  # external ids that waiting records may get
        self.ids: dict[int, int] = {}  # position -> id of the written record
        self.ends: dict[int, str] = {}  # position -> created or updated, of a load with a key
        self.failures: dict[int, Failure] = {}
        self.released = 0  # savepoints released
        self._records: list[Record] = []
        self._keys: set[tuple] | None = set()  # that waiting records may get; None: any key

    def __len__(self):
        return len(self._records)

    def add(self, record: Record):
        if record.external_id in self.names or self._has_key_of(record):
            self.write_all()  # the later record updates the earlier record
        self._records.append(record)
        self.names.update(self._new_names(record))
        if self.row_keys:
            self._note_keys(record)

    def qualified(self, external_id: str) -> str:
        module = self.model.env.context["_import_current_module"]
        return external_id if "." in external_id else f"{module}.{external_id}"

    def write_all(self):
        records, self._records, self.names, self._keys = self._records, [], set(), set()
        records = self._without_foreign_names(records)
        if self.row_keys:
            records = self._found(records)
        suspects, last = self._suspects(records), -1
        for turn in in_turns(records, suspects, self._is_strict()):
            first = turn[0].position
            if first not in suspects:
                self._write(turn)
            elif self._write_alone(turn[0]) and first < last:
                raise MergedWrongly("load", self.model._name)
            last = max(last, turn[-1].position)

    def _has_key_of(self, record) -> bool:
        return record.key is not None and (self._keys is None or record.key in self._keys)

    def _note_keys(self, record):
        made = self.row_keys.may_make(record.values)
        if made is None:
            self._keys = None
        else:
            self._keys.update(made, [record.key])

    def _found(self, records) -> list[Record]:
        """Records with what their keys have found, without those that failed, and without those
        that leave nothing to write."""
        for one in records:
            one.found = Found(one.position, one.values, one.key)
        self.failures.update(self.row_keys.find([one.found for one in records]))
        left = []
        for one in records:
            if one.position in self.failures:
                continue
            self.ends[one.position] = "updated" if one.found.id else "created"
            if one.found.id and not one.values:
                self.ids[one.position] = one.found.id
                continue
            if one.found.id:
                one.values["id"] = one.found.id
            left.append(one)
        return left

    def _is_strict(self) -> bool:
        return self.lessons is not None and ("load", self.model._name) in self.lessons.strictly

    def _new_names(self, record) -> Iterator[str]:
        """The external ids that a record and its lines may get."""
        if record.external_id:
            yield record.external_id
        yield from map(self.qualified, _names_of_lines(record.values))

    def _without_foreign_names(self, records) -> list[Record]:
        """Records without those whose new external id has the name of an installed module. An
        external id that already has a record may have such a name."""
        foreign: dict[str, tuple[int, Failure]] = {}
        for record in records:
            for name in self._new_names(record):
                if failure := foreign_module(self.model, name):
                    foreign[name] = record.position, failure
        existing = self._with_record(foreign)
        for name, (position, failure) in foreign.items():
            if name not in existing:
                self.failures.setdefault(position, failure)
        return [one for one in records if one.position not in self.failures]

    def _with_record(self, names) -> set[str]:
        """Which external ids have a record."""
        return {name for name, one in known(self.model, names).items() if one.found}

    def _suspects(self, records) -> set[int]:
        """Positions of new records that will probably fail with a known error."""
        if not self.lessons:
            return set()
        name = self.model._name
        existing = self._with_record([one.external_id for one in records if one.external_id])
        creates = [
            Operation(one.position, one.position, "create", name, {"values": one.values})
            for one in records
            if one.external_id not in existing and not one.values.get("id")
        ]
        return self.lessons.suspects(self.model, Group("create", name, creates))

    def _write(self, records: list[Record]):
        """Write records in parts, because `_load_records` makes all updates before all creates."""
        if len(records) < 2:
            parts = [records] if records else []
        else:
            steps = segments(self._steps(records), creates_first=False)
            parts = [[step.item for step in part] for part in steps]
        for part in parts:
            self.model.env.flush_all()
            self._write_part(part)

    def _steps(self, records) -> Iterator[Step]:
        name, relation_of = self.model._name, relations(self.model.env)
        found = known(self.model, [one.external_id for one in records if one.external_id])
        for record in records:
            existing = found.get(record.external_id)
            record_id = existing.found if existing else record.values.get("id")
            yield Step(
                record,
                creates=not record_id,
                names_its_model=new_names_kin(self.model, record.values),
                alone=effect(name, record.values, relation_of, not record_id) is Effect.CHANGES,
                id=record_id,
            )

    def _write_part(self, records: list[Record]):
        note_external_ids(self.model.env)
        data = [
            {
                "xml_id": one.external_id,
                "values": one.values,
                "info": one.info,
                "noupdate": self.noupdate,
            }
            for one in records
        ]
        ids = self._load(records, data)
        self.ids.update(zip((one.position for one in records), ids, strict=True))

    def _load(self, records: list[Record], data: list[dict]) -> tuple[int, ...]:
        new = {one.key: one.found for one in records if one.found and not one.found.id}
        finder = self.row_keys and self.row_keys.finder
        with noticing_others(self.model, finder, set(new)):
            ids = self.model._load_records(data, self.update)._ids
            if self.row_keys:
                for one, record_id in zip(records, ids, strict=True):
                    one.found.id = record_id
                finder.created({key: found.id for key, found in new.items()})
                self.row_keys.check_lines([one.found for one in records])
        return ids

    def _write_alone(self, record: Record) -> bool:
        """Write a suspect. True if it was written, False if it failed."""
        try:
            with repairing_savepoint(self.model.env):
                self._write([record])
        except (Exception, SystemExit) as error:
            if isinstance(error, TransientError) or self.model.env.cr.closed:
                raise
            self.failures[record.position] = describe(error, self.model)
            return False
        self.released += 1
        return True


def _names_of_lines(values: dict) -> Iterator[str]:
    """External ids of new one2many lines, and of their own lines. Odoo creates these ids together
    with the lines."""
    for value in values.values():
        for command in value if isinstance(value, list) else ():
            if isinstance(command, tuple) and len(command) == 3 and isinstance(command[2], dict):
                if isinstance(command[2].get("id"), str):
                    yield command[2]["id"]
                yield from _names_of_lines(command[2])
