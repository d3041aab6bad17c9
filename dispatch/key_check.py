import functools
from collections.abc import Iterator

from odoo.models import fix_import_export_id_paths

from ..engine.errors import BadOperation, BadOperations
from ..engine.row_keys import Level, blank_key, levels_of
from ..engine.submitted import MOST_NAMED
from ..execution.orm.relations import relations
from .base import Dispatch

KEY_TYPES = ("char", "text", "integer", "many2one", "selection", "date", "datetime")


class KeyCheck(Dispatch):
    """Checks the keys of upserts and loads: their fields, and the cells of rows."""

    def _key_problem(self, model, names) -> str | None:
        """Why these fields cannot be a key; None if they can.

        :raises AccessError: the user may not read one
        """
        for name in names:
            field = model._fields.get(name)
            if field is None:
                return self.env._(
                    "the key %(name)s is no field of %(model)s.", name=name, model=model._name
                )
            if not field.store or field.type not in KEY_TYPES:
                return self.env._(
                    "the key %(name)s cannot be looked up; a key is a stored field: %(types)s.",
                    name=name,
                    types=", ".join(KEY_TYPES),
                )
            model._check_field_access(field, "read")
        return None

    def _row_key_problem(self, model, columns: tuple, key: tuple) -> str | None:
        """Why these columns cannot be the key of a load with these columns; None if they can."""
        top = self._level(model._name, columns, key)
        return (
            self._unused_key_problem(top, columns, key)
            or self._both_problem(top, columns)
            or self._no_key_problem(top, key)
            or self._level_problem(model, top, columns)
        )

    def _unused_key_problem(self, top: Level, columns, key):
        levels = list(_levels(top))
        ids = {columns[place] for level in levels for place in level.ids}
        used = {columns[place] for level in levels for place in level.key.values()}
        for column in key:
            if column in ids:
                return self.env._(
                    "the column %s finds a record without a key: leave it out of the key.", column
                )
            if column not in used:
                return self.env._("the key names two columns of one field: leave out %s.", column)
        return None

    def _both_problem(self, level: Level, columns):
        if not level.ids or not level.key:
            return None
        return self.env._(
            "%(ids)s finds a record, and so does the key %(key)s: leave out one of them.",
            ids=columns[level.ids[0]],
            key=", ".join(columns[place] for place in level.key.values()),
        )

    def _no_key_problem(self, top: Level, key):
        if top.key:
            return None
        return self.env._(
            "the key %s is of lines only; name a column of the record, too.", ", ".join(key)
        )

    def _level_problem(self, model, level: Level, columns):
        if problem := self._key_problem(model, level.key):
            return problem
        for name, below in level.below.items():
            if len(below) > 1 or below and model._fields[name].type != "many2one":
                return self.env._(
                    "the key %s leads too far: a key is a field, or a field of a many2one.",
                    columns[level.key[name]],
                )
        for name, lines in level.lines.items():
            problem = self._lines_problem(model, name, lines, columns)
            problem = problem or self._level_problem(self.env[lines.model], lines, columns)
            if problem:
                return problem
        return None

    def _lines_problem(self, model, name, lines: Level, columns):
        if lines.key and not self._leads_back(model._fields[name]):
            return self.env._(
                "lines of %(name)s cannot be found by a key: give %(name)s/id or %(name)s/.id.",
                name=name,
            )
        if lines.key or lines.ids:
            return self._both_problem(lines, columns)
        return self.env._(
            "with a key, each line of %(name)s must be found again, or each run would add it once "
            "more: name a column of the line in the key too (%(column)s, for example), or add the "
            "column %(name)s/id or %(name)s/.id.",
            name=name,
            column=columns[lines.places[0]] if lines.places else f"{name}/name",
        )

    def _leads_back(self, one2many) -> bool:
        """Whether a stored many2one of the lines leads to their record."""
        inverse = self.env[one2many.comodel_name]._fields.get(one2many.inverse_name)
        is_stored = inverse and inverse.store and inverse.type == "many2one"
        return bool(is_stored and not one2many.related)

    def _check_rows(self, operations, first_index, follows):
        """Check that each row with a key has values in the columns of its key.

        :param follows: (operation, operation before it) -> whether the row continues a record
        :raises BadOperation: the message names each bad row
        """
        refused = []
        for index, operation in enumerate(operations, first_index):
            if operation["op"] == "load" and operation.get("key"):
                before = operations[index - first_index - 1] if index > first_index else None
                level, columns = self._level_of(operation), operation["fields"]
                continues = follows(operation, before)
                if problem := blank_key(level, operation["row"], columns, continues):
                    refused.append(BadOperation(index, problem))
                    if len(refused) > MOST_NAMED:
                        break
        if len(refused) > 1:
            raise BadOperations(refused[:MOST_NAMED], there_are_more=len(refused) > MOST_NAMED)
        if refused:
            raise refused[0]

    def _level_of(self, operation) -> Level:
        """The level of the records of a load with a key."""
        return self._level(operation["model"], tuple(operation["fields"]), tuple(operation["key"]))

    @functools.cached_property
    def _level(self):
        """`_level(model, columns, key)`: the same, for each kind of row once."""

        @functools.cache
        def level(model: str, columns: tuple, key: tuple) -> Level:
            paths = [fix_import_export_id_paths(column) for column in columns]
            return levels_of(model, columns, paths, key, relations(self.env))

        return level


def _levels(level: Level) -> Iterator[Level]:
    yield level
    for lines in level.lines.values():
        yield from _levels(lines)
