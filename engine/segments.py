"""Cut a mix of creates and updates into parts that can be two ORM calls each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """A record to create or to update.

    :param names_its_model: the new record may name a record that another step updates
    :param alone: the step may change records of other steps, so it is a part of its own
    """

    item: Any
    creates: bool
    names_its_model: bool = False
    alone: bool = False
    id: int | None = None  # of the record to update


def segments(steps: Iterable[Step], creates_first: bool) -> list[list[Step]]:
    """Cut steps, in their order, into parts. In each part, all creates may run together and all
    updates may run together, and the end is the same as step by step.

    Most creates cannot notice the updates before them. Only a create that names records of its own
    model, or of a model that is part of it, could notice. Two updates of a record also go into two
    parts.

    :param creates_first: the caller runs the creates of a part first; otherwise the updates
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
