"""The ids that the references of a chunk's operations stand for, as far as they are known."""

import dataclasses

from odoo.api import Environment

from ..engine.errors import UnfitReference
from ..engine.messages import _lt, message_of
from ..engine.operations import Operation
from ..engine.outcomes import Failure, Outcome
from ..engine.references import references_of, resolve
from .in_words import in_words

TRIED_APART = "tried apart"  # done in an earlier transaction of a dry run, so there is no record
_IS = {
    "pending": _lt("is pending"),
    "failed": _lt("is failed"),
    "skipped": _lt("is skipped"),
    "rolled_back": _lt("is rolled_back"),
    "cancelled": _lt("is cancelled"),
}


class References:
    """Ids by ref, from three sources: earlier chunks (`stored`), earlier settled parts of this
    chunk, and the current attempt. The ids of a failed attempt are forgotten.

    :param env: in the owner's language, which the failures speak
    :param stored: ref -> (state, ids, index) of operations that have ended; None: the job has no
        references
    """

    def __init__(
        self,
        env: Environment,
        stored: dict[str, tuple[str, list[int] | None, int]] | None = None,
    ):
        self._env = env
        self.used = stored is not None  # without references, skip the search in the payloads
        self._settled = dict(stored or {})
        self._made: dict[str, tuple[str, list[int] | None, int]] = {}

    def begin(self):
        """Begin a new attempt: forget the outcomes of the last attempt, unless settled."""
        self._made = {}

    def note(self, operations: list[Operation], outcomes: list[Outcome]):
        """Remember the outcomes of this attempt's operations that have a ref."""
        self._made.update(_named(operations, outcomes))

    def settle(self, operations: list[Operation], outcomes: list[Outcome]):
        """Keep these outcomes: a later failure of another attempt will not undo them."""
        self._settled.update(_named(operations, outcomes))

    def take_ready(self, operations: list[Operation]):
        """Split off the operations that can be applied now.

        :returns: three lists: ready operations, with ids instead of references; outcomes of
            operations that are skipped or failed because of a reference; the rest, to be taken
            after the ready operations were applied
        """
        if not self.used:
            return operations, [], []
        ready: list[Operation] = []
        settled: list[Outcome] = []
        waiting: set[str] = set()
        for place, operation in enumerate(operations):
            names = set(references_of(operation.payload))
            if names & waiting:
                return ready, settled, operations[place:]
            problem = self._problem(operation, names)
            if problem:
                settled.append(problem)
                self.note([operation], [problem])
                continue
            ready.append(self._resolved(operation) if names else operation)
            if operation.ref:
                waiting.add(operation.ref)
        return ready, settled, []

    def resolve_known(self, operations: list[Operation]) -> list[Operation]:
        """Replace references with ids, in each operation whose references are all done already."""
        return [self._resolved_if_known(operation) for operation in operations]

    def _resolved_if_known(self, operation):
        names = set(references_of(operation.payload))
        if not names or any(self._find(name)[0] != "done" for name in names):
            return operation
        return operation if self._problem(operation, names) else self._resolved(operation)

    def _problem(self, operation: Operation, names: set[str]) -> Outcome | None:
        """The outcome of an operation that a reference keeps from being applied; otherwise None."""
        lost = next((name for name in sorted(names) if self._find(name)[0] != "done"), None)
        if lost is not None:
            return self._skip(operation, lost)
        try:
            for name in sorted(names):
                self._refuse_unkept(name)
            self._resolved(operation)
        except UnfitReference as error:
            value = None if len(names) > 1 else next(iter(names))
            text = in_words(self._env, message_of(error))
            failure = Failure("reference", text, operation.model, value=value)
            return Outcome(operation.position, "failed", failure=failure)
        return None

    def _refuse_unkept(self, name):
        _state, ids, index = self._find(name)
        if ids is None:
            raise UnfitReference(
                _lt(
                    "Its reference %(name)s, operation %(index)s, gave more records than are kept.",
                    name=repr(name),
                    index=index,
                )
            )

    def _find(self, name):
        return self._made.get(name) or self._settled.get(name) or ("pending", None, None)

    def _resolved(self, operation: Operation) -> Operation:
        payload = resolve(operation.payload, lambda name: self._find(name)[1] or [])
        return dataclasses.replace(operation, payload=payload)

    def _skip(self, operation: Operation, name: str) -> Outcome:
        state, _ids, index = self._find(name)
        words = {"name": repr(name), "index": index}
        if state == TRIED_APART:
            text = _lt(
                "Not tried: its reference %(name)s, operation %(index)s, was tried in an earlier "
                "transaction of the dry run, and rolled back.",
                **words,
            )
        else:
            text = _lt(
                "Its reference %(name)s, operation %(index)s, %(is_failed)s; a retry repeats both.",
                is_failed=_IS[state],
                **words,
            )
        failure = Failure("reference", in_words(self._env, text), operation.model)
        return Outcome(operation.position, "skipped", failure=failure)


def _named(operations, outcomes):
    by_position = {operation.position: operation for operation in operations if operation.ref}
    for outcome in outcomes if by_position else ():
        operation = by_position.get(outcome.position)
        if operation:
            yield operation.ref, (outcome.state, outcome.ids, operation.index)
