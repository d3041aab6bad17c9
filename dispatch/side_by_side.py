import dataclasses

from odoo.tools import SQL

from ..engine.footprint import Footprint, Relation, footprint_of, record_number
from ..engine.next_chunk import ChunkNow
from ..engine.pace import Pace
from ..engine.stages import ALONE, cut
from ..engine.states import is_in_stages
from .base import Dispatch
from .slots import Slots

_RELATIONAL = ("many2one", "one2many", "many2many", "reference")


class SideBySide(Dispatch):
    """Chunks of a job that run at once, where the job leaves their number to the server: where they
    end, which may run beside which, and how many. Called under the lock on the job's row."""

    def limit(self, row) -> int:
        """How many chunks of the job may run at once now."""
        if row["max_parallel"]:
            return row["max_parallel"]
        return self.pace(row).limit if is_in_stages(row) else 1

    def pace(self, row) -> Pace:
        return Pace(**(row["pace"] or {})).at_most(Slots(self.env).wanted_runners())

    def _keep(self, job, row, pace):
        row["pace"] = dataclasses.asdict(pace)
        job._set(pace=row["pace"])

    def note_calm(self, job, row, ended):
        """Chunks have landed."""
        if ended and is_in_stages(row):
            most = Slots(self.env).wanted_runners()
            self._keep(job, row, self.pace(row).after_calm(len(ended), most))

    def note_trouble(self, job, row):
        """Two chunks were in each other's way, or a worker died."""
        if is_in_stages(row):
            self._keep(job, row, self.pace(row).after_trouble())

    def note_missed(self, job, row):
        """A runner leaves because no second chunk can begin now."""
        pace = self.pace(row)
        if is_in_stages(row) and not pace.missed:
            self._keep(job, row, dataclasses.replace(pace, missed=True))

    def call_missed(self, job, row, running, stage):
        """Wake the runners that have left, once they can help: a chunk has just been claimed."""
        pace = self.pace(row)
        room = len(running) + 1 < pace.limit and stage != ALONE
        if room and pace.missed:
            self._keep(job, row, dataclasses.replace(pace, missed=False))
            Slots(self.env).wake()

    # Stages

    def end_of_next(self, row, size) -> tuple[int, str]:
        """(first position after the next chunk, its stage)."""
        first = row["next_position"]
        stored = self.env["batch.job.operation"]
        starts = stored._stage_starts(row["id"], max(first - 1, 0), first + size)
        models = {position: model for position, _kind, model in starts}
        kinds = [(position, kind) for position, kind, _model in starts]
        end, stage = cut(kinds, first, size, row["total"])
        begun = max(position for position in models if position <= first)
        return end, ALONE if self._is_tree(models[begun]) else stage

    def _is_tree(self, model) -> bool:
        """Whether records of the model keep the path to their root: a record that moves rewrites
        those of all records below, which nobody names."""
        return model not in self.env or self.env[model]._parent_store

    # What chunks target and name

    def seen(self, row, chunks, look) -> list[ChunkNow]:
        """The chunks as `next_step` sees them.

        :param look: whether it matters what may run beside what
        """
        return [self.seen_one(row, chunk, look) for chunk in chunks]

    def seen_one(self, row, chunk, look=True) -> ChunkNow:
        now = ChunkNow(
            chunk["id"], chunk["wave"] or 0, bool(chunk["suspect"]), bool(chunk["waits"])
        )
        if not look:
            return now
        stage, footprint = self._known(chunk)
        if stage is None or footprint is None and stage != ALONE:
            stage, footprint = self._looked_at(row, chunk, stage)
        return dataclasses.replace(now, stage=stage, footprint=footprint)

    def _known(self, chunk):
        if chunk["targets"] is None:
            return chunk["stage"], None
        return chunk["stage"], Footprint.unpacked(bytes(chunk["targets"]), bytes(chunk["names"]))

    def _looked_at(self, row, chunk, stage):
        """Find out what a chunk targets and names, and keep it for the next claims."""
        place = row["id"], chunk["first_position"], chunk["last_position"]
        if stage is None:
            kinds = self.env["batch.job.operation"]._kinds_of(*place)
            single = len(kinds) == 1 and not self._is_tree(kinds[0][1])
            stage = kinds[0][0] if single else ALONE
        footprint = self._footprint(row, place) if stage != ALONE else Footprint()
        if footprint is None:
            stage, footprint = ALONE, Footprint()
        targets, names = footprint.packed()
        self.env["batch.job.chunk"]._update(
            chunk["id"], stage=stage, targets=targets, names=names
        )
        return stage, footprint

    def _footprint(self, row, place) -> Footprint | None:
        if not row["has_targets"]:
            return Footprint()
        operations = self.env["batch.job.operation"]._pending(*place)
        footprint = footprint_of(operations, self._relations_of)
        return footprint and dataclasses.replace(
            footprint, targets=footprint.targets | self._parents_of(operations)
        )

    def _relations_of(self, model) -> dict[str, Relation]:
        fields = self.env[model]._fields if model in self.env else {}
        return {
            name: Relation(field.type, field.comodel_name or "")
            for name, field in fields.items()
            if field.type in _RELATIONAL
        }

    def _parents_of(self, operations) -> set[int]:
        """The records that are written through those that operations target (`_inherits`)."""
        found: set[int] = set()
        model = self.env.get(operations[0].model) if operations else None
        if model is None or not model._inherits:
            return found
        ids = [one for o in operations for one in o.payload.get("ids") or () if type(one) is int]
        for parent, column in model._inherits.items():
            if not model._fields[column].store:
                continue
            self.env.cr.execute(
                SQL(
                    "SELECT %s FROM %s WHERE id = ANY(%s)",
                    SQL.identifier(column),
                    SQL.identifier(model._table),
                    ids,
                )
            )
            found.update(record_number(parent, one) for one, in self.env.cr.fetchall() if one)
        return found
