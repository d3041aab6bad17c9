"""What may be created together and updated together, where one of the two comes first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """A record to create or to update.

    :param names_its_model: as a new one it may name a record that another step updates
    :param alone: it changes records that another step may be about
    """

    item: Any
    creates: bool
    names_its_model: bool = False
    alone: bool = False
    id: int | None = None  # of the record to update


def segments(steps: Iterable[Step], creates_first: bool) -> list[list[Step]]:
    """Cut steps, in their order, so that within each part all creates may come before all updates,
    or after them, and the end stays that of one after another.

    Only a create that names records of its model, or of those that are part of them, could notice
    which updates came before it. What updates one record twice is cut as well.
    """
    parts: list[_Part] = []
    for step in steps:
        if not parts or not parts[-1].takes(step, creates_first):
            parts.append(_Part())
        parts[-1].add(step)
    return [part.steps for part in parts]


class _Part:
    def __init__(self):
        self.steps: list[Step] = []
        self._updated: set[int] = set()
        self._updates = self._names = self._closed = False

    def add(self, step: Step):
        self.steps.append(step)
        self._closed = step.alone
        if step.creates:
            self._names |= step.names_its_model
        else:
            self._updates = True
            self._updated.add(step.id)

    def takes(self, step: Step, creates_first: bool) -> bool:
        if self._closed or step.alone or step.id is not None and step.id in self._updated:
            return False
        if step.creates:
            return not (creates_first and self._updates and step.names_its_model)
        return creates_first or not self._names
