"""Find the records of loaded rows, and their lines, by key.

A line is found among the lines of its record. So a line's key is the record's id and the values of
the line's own key columns.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from odoo.fields import Command, Domain
from odoo.models import fix_import_export_id_paths

from ...engine.outcomes import Failure
from ...engine.row_keys import Level, levels_of
from .find_keys import Keys, key_in
from .relations import relations


@dataclass
class Found:
    """A record of a row, or a line in it, with what its key has found.

    :param values: converted values; they become the values to write
    :param id: None: the record is new
    """

    position: int
    values: dict
    key: tuple
    id: int | None = None
    lines: dict[str, list["Found"]] = field(default_factory=dict)  # by one2many field


class RowKeys:
    """The keys of a load at one level: of the records, or of their lines in one one2many field.

    :param columns: of the load, as they were submitted
    :param inverse: of lines, the field that leads to their record
    :param within: of lines, the domain of their one2many field
    """

    def __init__(self, model, level: Level, columns, inverse=None, within=Domain.TRUE):
        self.model = model
        self.names = list(level.key)
        self._columns = {name: columns[place] for name, place in level.key.items()}
        self._inverse = inverse
        names = [inverse, *self.names] if inverse else self.names
        self.finder = Keys(model, names, within) if self.names else None
        self.lines = {
            name: RowKeys(model.env[one.model], one, columns, *_way_back(model, name))
            for name, one in level.lines.items()
        }

    @classmethod
    def of(cls, model, payload: dict) -> "RowKeys | None":
        """The keys of a load's payload; None if the load has no key."""
        if not payload.get("key"):
            return None
        columns = payload["fields"]
        paths = [fix_import_export_id_paths(column) for column in columns]
        levels = levels_of(model._name, columns, paths, payload["key"], relations(model.env))
        return cls(model, levels, columns)

    def column_of(self, name: str) -> str:
        """The column of a key field, as it was submitted."""
        return self._columns[name]

    def key_of(self, values: dict) -> tuple | Failure:
        """The key in converted values."""
        key = key_in(self.model, self.names, values)
        return self._as_written(key) if isinstance(key, Failure) else key

    def find(self, records: list[Found]) -> dict[int, Failure]:
        """Find the records and their lines. What was found gets its id, and its values become those
        to write.

        :returns: the failures, by position
        """
        failures: dict[int, Failure] = {}
        matches = self.finder.find({one.key for one in records})
        for record in records:
            self._take(record, matches.get(record.key), failures)
        self._find_lines(records, failures)
        return failures

    def may_make(self, values: dict) -> set[tuple] | None:
        """The keys of records that the lines of a record may make; None: any key."""
        found: set[tuple] = set()
        for keys, lines in self._nested(values):
            if keys.model._name != self.model._name:
                continue
            for command in lines:
                given = command[2].keys() & set(self.names)
                if not given:
                    continue
                if command[0] != Command.CREATE or len(given) < len(self.names):
                    return None
                key = self.key_of(command[2])
                if not isinstance(key, Failure):
                    found.add(key)
        return found

    def _nested(self, values: dict) -> Iterator[tuple["RowKeys", list]]:
        """The commands with values, at each level of lines."""
        for name, keys in self.lines.items():
            commands = _with_values(values.get(name))
            yield keys, commands
            for command in commands:
                yield from keys._nested(command[2])

    def _take(self, record: Found, match, failures):
        if match is None:
            return
        if match.failure:
            failures.setdefault(record.position, self._as_written(match.failure))
            return
        record.id = match.id
        for name in self.names:
            record.values.pop(name, None)

    def _find_lines(self, owners: list[Found], failures):
        for name, keys in self.lines.items():
            lines: list[tuple[Found, Found]] = []
            for owner in owners:
                owner.lines[name] = keys._lines_of(owner, name, failures)
                lines += [(owner, line) for line in owner.lines[name]]
            keys._find_among(lines, failures)
            keys._find_lines([line for _owner, line in lines], failures)
            if keys.finder:
                for owner in owners:
                    if owner.lines[name]:
                        owner.values[name] = [_command(line) for line in owner.lines[name]]

    def _lines_of(self, owner: Found, name: str, failures) -> list[Found]:
        """The lines of a record, each key once: a later line updates what an earlier one made."""
        lines: dict[object, Found] = {}
        for command in _with_values(owner.values.get(name)):
            key = self.key_of(command[2]) if self.finder else len(lines)
            if isinstance(key, Failure):
                failures.setdefault(owner.position, key)
            elif key in lines:
                self._merge(lines[key].values, command[2])
            else:
                lines[key] = Found(owner.position, command[2], key, command[1] or None)
        return list(lines.values())

    def _merge(self, values: dict, later: dict):
        for name, value in later.items():
            if name in self.lines and value and values.get(name):
                value = [*values[name], *value]
            values[name] = value

    def _find_among(self, lines: list[tuple[Found, Found]], failures):
        if not self.finder:
            return
        wanted = {(owner.id, *line.key) for owner, line in lines if owner.id}
        matches = self.finder.find(wanted)
        for owner, line in lines:
            if owner.id:
                self._take(line, matches.get((owner.id, *line.key)), failures)

    def check_lines(self, owners: Iterable[Found]):
        """Check that new lines have the keys that were given.

        :raises ValueError: the model has changed a key, so the next run would not find its line
        """
        for name, keys in self.lines.items():
            lines = [(one, line) for one in owners if one.id for line in one.lines.get(name, ())]
            if keys.finder:
                keys._find_new(lines)
            keys.check_lines([line for _owner, line in lines])

    def _find_new(self, lines: list[tuple[Found, Found]]):
        new = [(owner, line) for owner, line in lines if not line.id]
        if not new:
            return
        self.model.env.flush_all()
        found = self.finder.find_all({(owner.id, *line.key) for owner, line in new})
        for owner, line in new:
            ids = found.get((owner.id, *line.key))
            if not ids:
                raise ValueError(self._changed(line.key))
            line.id = ids[-1]

    def _changed(self, key) -> str:
        return self.model.env._(
            "Wrong value for %(model)s.%(field)s: the model stores the key %(value)s of a line "
            "in another form, and would not find the line again. Send it in that form.",
            model=self.model._name,
            field=self.names[0],
            value=", ".join(map(repr, key)),
        )

    def _as_written(self, failure: Failure) -> Failure:
        """The failure with the column of the submission as its field."""
        name = failure.field if failure.field in self._columns else self.names[0]
        return dataclasses.replace(failure, field=failure.field and self._columns[name])


def _way_back(model, name: str) -> tuple[str | None, Domain]:
    """The field of a one2many's lines that leads back to their record, and the one2many's domain.
    Archived lines are lines as well."""
    one2many = model._fields[name]
    active = model.env[one2many.comodel_name]._active_name
    domain = one2many.get_comodel_domain(model)
    domain = domain.map_conditions(lambda one: Domain.TRUE if one.field_expr == active else one)
    return one2many.inverse_name, domain


def _with_values(commands) -> list[tuple]:
    """The commands that create or update a line."""
    if not isinstance(commands, list):
        return []
    return [one for one in commands if one[0] in (Command.CREATE, Command.UPDATE)]


def _command(line: Found) -> tuple:
    return Command.update(line.id, line.values) if line.id else Command.create(line.values)
