"""What a claim does next for a job: take a queued chunk, cut a new chunk, wait, or end the job."""

from dataclasses import dataclass
from enum import Enum

from .footprint import Footprint
from .stages import ALONE


@dataclass(frozen=True)
class ChunkNow:
    """A chunk that has not ended: the facts that the decision needs.

    `suspect`: an earlier run of these operations did not end; the next run may kill its worker.
    `waits`: the chunk was put back after a conflict, and must wait before the next try.
    `stage`: the kind of the chunk's stage; `ALONE` if the chunk runs beside no other.
    `footprint`: what the chunk targets and names; None in a job without stages.
    """

    id: int
    wave: int = 0
    suspect: bool = False
    waits: bool = False
    stage: str = ALONE
    footprint: Footprint | None = None

    def runs_beside(self, other: "ChunkNow") -> bool:
        """Whether two chunks of a job with stages may be at work at once."""
        if ALONE in (self.stage, other.stage) or self.stage != other.stage:
            return False
        mine, others = self.footprint, other.footprint
        return mine is not None and others is not None and not mine.meets(others)


@dataclass(frozen=True)
class Progress:
    """How far a job has been cut into chunks, and how it may run.

    `next_wave`: the wave of the operation at `next_position`; 0 in a job without waves.
    `in_stages`: the server chooses how many chunks run at once; stages keep their order.
    """

    max_parallel: int
    next_position: int
    total: int
    next_wave: int = 0
    in_stages: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether every operation belongs to a chunk."""
        return self.next_position >= self.total


class Step(Enum):
    """The decisions that name no chunk."""

    CUT = "cut the next chunk"
    WAIT = "leave the job to the runners at work, or to a later claim"
    END = "nothing is left"


def next_step(
    running: list[ChunkNow], queued: list[ChunkNow], progress: Progress
) -> ChunkNow | Step:
    """Decide what a claim does.

    :param running: chunks with a living worker
    :param queued: the first queued chunks of the job, in order of position
    :returns: the queued chunk to take, or a `Step`
    """
    if not queued and not running and progress.is_cut:
        return Step.END
    if len(running) >= progress.max_parallel:
        return Step.WAIT
    if queued and progress.max_parallel == 1:
        # keep the order of submission: no chunk overtakes a chunk that waits
        return Step.WAIT if queued[0].waits else queued[0]
    chunk = _first_fit(running, queued) if progress.in_stages else _first_ready(running, queued)
    if chunk:
        return chunk
    return Step.CUT if _may_cut(running, queued, progress) else Step.WAIT


def _first_ready(running: list[ChunkNow], queued: list[ChunkNow]) -> ChunkNow | None:
    """The first queued chunk of the lowest wave that may run beside the running ones."""
    wave = min((chunk.wave for chunk in [*running, *queued]), default=0)
    # suspects run one at a time: two suspects could kill all cron workers at once
    risky = any(chunk.suspect for chunk in running)
    for chunk in queued:
        if chunk.wave == wave and not chunk.waits and not (chunk.suspect and risky):
            return chunk
    return None


def _first_fit(running: list[ChunkNow], queued: list[ChunkNow]) -> ChunkNow | None:
    """The first queued chunk that may run beside all that have not ended before it."""
    risky = any(chunk.suspect for chunk in running)
    before = list(running)
    for chunk in queued:
        fits = all(chunk.runs_beside(one) for one in before)
        if fits and not chunk.waits and not (chunk.suspect and risky):
            return chunk
        before.append(chunk)
    return None


def _may_cut(running: list[ChunkNow], queued: list[ChunkNow], progress: Progress) -> bool:
    """Whether a new chunk may be cut. A wave begins only after the wave before has ended, because
    operations refer to records of earlier waves."""
    if progress.is_cut:
        return False
    if progress.in_stages:
        # a chunk that may not begin now is not overtaken by chunks that nobody has looked at
        return all(chunk.waits for chunk in queued) and all(
            chunk.stage != ALONE for chunk in [*running, *queued]
        )
    return all(chunk.wave == progress.next_wave for chunk in [*running, *queued])
