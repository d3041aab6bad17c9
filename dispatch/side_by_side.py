from dataclasses import asdict, replace

from odoo.tools import SQL

from ..engine.footprint import Footprint, Relation, footprint_of, record_number
from ..engine.next_chunk import ChunkNow
from ..engine.pace import Pace
from ..engine.stages import ALONE, cut
from ..engine.states import is_in_stages
from .base import Dispatch
from .locked_job import LockedJob
from .slots import Slots

_RELATIONAL = ("many2one", "one2many", "many2many", "reference")


class SideBySide(Dispatch):
    """Chunks of a job that run at once, if the job leaves their number to the server: where they
    end, which run beside which, and how many. Of other jobs it knows only how many."""

    def __init__(self, job: LockedJob):
        super().__init__(job.env)
        self._job = job
        self._in_stages = is_in_stages(job.row)

    # How many

    @property
    def limit(self) -> int:
        """How many chunks of the job may run at once now."""
        return self._job["max_parallel"] or (self._pace.limit if self._in_stages else 1)

    @property
    def _pace(self) -> Pace:
        return Pace(**(self._job["pace"] or {})).at_most(Slots(self.env).wanted_runners())

    def _keep(self, pace):
        if asdict(pace) != self._job["pace"]:
            self._job.set(pace=asdict(pace))

    def note_calm(self, chunks: int):
        """So many chunks have landed."""
        if self._in_stages:
            self._keep(self._pace.after_calm(chunks, Slots(self.env).wanted_runners()))

    def note_trouble(self):
        """Two chunks were in each other's way, or a worker died."""
        if self._in_stages:
            self._keep(self._pace.after_trouble())

    def gets_out_of_the_way(self) -> bool:
        """Whether a chunk that met a conflict was not alone: then the conflict is not counted, and
        the chunk waits for nothing but the smaller number of chunks at once."""
        running = self.env["batch.job.chunk"]._running_chunks(self._job.id)
        if not self._in_stages or len(running) < 2:
            return False
        self.note_trouble()
        return True

    def note_missed(self, running):
        """A runner leaves because no second chunk can begin now."""
        if running and self._in_stages:
            self._keep(replace(self._pace, missed=True))

    def begins(self, chunk, running) -> bool:
        """A chunk was claimed. Wakes runners that have left, if they can help now.

        :returns: whether the chunk yields to one that began before it
        """
        if running and not self._job["side_by_side"]:
            self._job.set(side_by_side=True)
        if not self._in_stages:
            return False
        pace = self._pace
        if pace.missed and len(running) + 1 < pace.limit and chunk["stage"] != ALONE:
            self._keep(replace(pace, missed=False))
            Slots(self.env).wake(most=pace.limit - len(running) - 1)
        return any(one["first_position"] < chunk["first_position"] for one in running)

    # Where chunks end

    def end_of_next(self, size, most) -> tuple[int, str | None]:
        """(first position after the next chunk, its stage if that is known).

        :param most: the first position that does not belong to the chunk's wave
        """
        first = self._job["next_position"]
        if not self._in_stages or self.limit == 1:
            return min(first + size, most), None
        stored = self.env["batch.job.operation"]
        starts = stored._stage_starts(self._job.id, max(first - 1, 0), first + size)
        stop, stage = cut([(at, kind) for at, kind, _model in starts], first, size, most)
        model = [model for at, _kind, model in starts if at <= first][-1]
        return stop, ALONE if self._is_tree(model) else stage

    def _is_tree(self, model) -> bool:
        """Whether records of the model keep the path to their root: a record that moves rewrites
        those of all records below, which nobody names."""
        return model not in self.env or self.env[model]._parent_store

    # Which run beside which

    def seen(self, running, queued) -> tuple[list[ChunkNow], list[ChunkNow]]:
        """The chunks as `next_step` sees them. What they target is found out only where a chunk may
        begin beside others."""
        if not self._in_stages or not 0 < len(running) < self.limit:
            return [_plain(chunk) for chunk in running], [_plain(chunk) for chunk in queued]
        return [self._known(chunk) for chunk in running], [self._looked_at(one) for one in queued]

    def may_begin(self, chunk, running, queued) -> bool:
        """Whether a chunk that has just been cut may begin beside the chunks before it."""
        if not self._in_stages or self.limit == 1:
            return True
        now, before = self._looked_at(chunk), [*running, *queued]
        if all(now.runs_beside(one) for one in before):
            return True
        if any(one.stage == chunk["stage"] for one in before):
            self.note_trouble()
        self.note_missed(running)
        return False

    def make_known(self, chunk):
        """Look at a queued chunk that is about to begin: later only its worker may write its
        row."""
        if self._in_stages and self.limit > 1:
            self._looked_at(chunk)

    def _known(self, chunk) -> ChunkNow:
        """A chunk at work. One that began when one ran at a time is not known, and stays alone."""
        footprint = None
        if chunk["targets"] is not None:
            footprint = Footprint.unpacked(bytes(chunk["targets"]), bytes(chunk["names"]))
        elif not self._job["has_targets"]:
            footprint = Footprint()
        stage = ALONE if footprint is None else chunk["stage"] or ALONE
        return replace(_plain(chunk), stage=stage, footprint=footprint)

    def _looked_at(self, chunk) -> ChunkNow:
        """A queued chunk, of which nobody has the row but the claim."""
        known = self._known(chunk)
        if chunk["stage"] == ALONE or known.stage != ALONE:
            return known
        stage, footprint = self._find_out(chunk, chunk["stage"])
        return replace(known, stage=stage, footprint=footprint)

    def _find_out(self, chunk, stage):
        """Look at a chunk's operations, and keep what they tell for the next claims."""
        place = self._job.id, chunk["first_position"], chunk["last_position"]
        if stage is None:
            kinds = self.env["batch.job.operation"]._kinds_of(*place)
            single = len(kinds) == 1 and not self._is_tree(kinds[0][1])
            stage = kinds[0][0] if single else ALONE
        footprint = self._footprint(place) if stage != ALONE else Footprint()
        if footprint is None:
            stage, footprint = ALONE, Footprint()
        targets, names = footprint.packed()
        found = {"stage": stage, "targets": targets, "names": names}
        self.env["batch.job.chunk"]._update(chunk["id"], **found)
        return stage, footprint

    def _footprint(self, place) -> Footprint | None:
        if not self._job["has_targets"]:
            return Footprint()
        operations = self.env["batch.job.operation"]._pending(*place)
        footprint = footprint_of(operations, self._relations_of)
        parents = self._parents_of(operations)
        return footprint and replace(footprint, targets=footprint.targets | parents)

    def _relations_of(self, model) -> dict[str, Relation]:
        fields = self.env[model]._fields if model in self.env else {}
        return {
            name: Relation(field.type, field.comodel_name or "")
            for name, field in fields.items()
            if field.type in _RELATIONAL
        }

    def _parents_of(self, operations) -> set[int]:
        """The records that are written through those that operations target (`_inherits`), and
        those that can be deleted only after them: the parents of what is deleted."""
        found: set[int] = set()
        if not operations or operations[0].model not in self.env:
            return found
        model = self.env[operations[0].model]
        ids = [one for o in operations for one in o.payload.get("ids") or () if type(one) is int]
        columns = [(parent, column) for parent, column in model._inherits.items()]
        if operations[0].op == "unlink":
            columns += [
                (model._name, name)
                for name, field in model._fields.items()
                if field.type == "many2one" and field.comodel_name == model._name
                if field.store and field.column_type == ("int4", "int4")
            ]
        for parent, column in columns:
            which = SQL.identifier(column), SQL.identifier(model._table), ids
            self.env.cr.execute(SQL("SELECT %s FROM %s WHERE id = ANY(%s)", *which))
            found.update(record_number(parent, one) for (one,) in self.env.cr.fetchall() if one)
        return found


def _plain(chunk) -> ChunkNow:
    return ChunkNow(chunk["id"], chunk["wave"] or 0, bool(chunk["suspect"]), bool(chunk["waits"]))
