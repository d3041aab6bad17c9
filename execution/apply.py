"""Apply operations through the ORM, with the owner's rights, merged where the end is the same."""

from odoo.models import BaseModel

from ..engine.coalesce import Group, Unflushed, apart, coalesce, in_turns
from ..engine.errors import ForbiddenEffect, MergedWrongly, OperationFailed
from ..engine.isolate import TimeIsUp, never
from ..engine.messages import _lt
from ..engine.operations import Operation
from ..engine.outcomes import Outcome
from .checks import prechecks
from .checks.lessons import Lessons
from .checks.misfits import watch
from .checks.prechecks import Suspicion
from .checks.settled import settled_failures
from .failures import describe
from .orm import crud
from .orm.load import Loader
from .orm.relations import relations, tied_by_references
from .orm.upsert import add_later_of_same_key, upsert
from .references import References
from .transaction.savepoint import check_deferred_constraints, repairing_savepoint
from .transaction.transient import TransientError
from .worker.deadline import StopAll

_APPLY = {
    "create": crud.create,
    "write": crud.write,
    "unlink": crud.unlink,
    "call": crud.call,
    "upsert": upsert,
}


class Applier:
    """Applies a chunk's operations in an environment of the job's owner.

    With `careful` (policy `isolate`) suspects are tried alone, and operations that are sure to fail
    are settled without a try. Without `careful` every failure fails the whole attempt, because the
    other policies need the first culprit in order. Such an attempt of several operations looks for
    no suspects but misfits.
    """

    def __init__(
        self,
        env,
        lessons: Lessons,
        references: References,
        careful: bool,
        time_is_up: TimeIsUp = never,
    ):
        self.env = env
        self.lessons = lessons
        self.references = references
        self.careful = careful
        self.time_is_up = time_is_up
        self.released = 0  # savepoints released since the caller last set this to 0
        self._relation_of = relations(env)

    def attempt(self, operations: list[Operation]) -> list[Outcome]:
        """Apply operations under one savepoint: all operations, or those before time is up.

        :raises OperationFailed: the savepoint was rolled back, no effect is left
        :raises TransientError: the transaction must be rolled back
        """
        while True:
            try:
                return self._attempt(operations)
            except MergedWrongly as error:
                self.lessons.strictly.add(error.kind)

    def _attempt(self, operations):
        self.references.begin()
        name = operations[0].model
        self._model = self.env[name if name in self.env else "base"]
        # a single operation may be the culprit: look for suspects, to name its failure well
        self._looks = self.careful or len(operations) == 1
        try:
            with repairing_savepoint(self.env):
                outcomes = self._apply(operations)
                check_deferred_constraints(self.env.cr)
        except (OperationFailed, MergedWrongly, StopAll):
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, TransientError) or self.env.cr.closed:
                raise
            raise OperationFailed(describe(error, self._model)) from error
        self.released += 1
        return outcomes

    def learn(self, failed: OperationFailed) -> bool:
        return self.lessons.learn(failed, self.env[failed.failure.model or "base"])

    def _apply(self, operations: list[Operation]) -> list[Outcome]:
        """Apply group after group, in order. An operation that refers to another waits until that
        other operation is done, and then gets its ids."""
        outcomes: list[Outcome] = []
        unflushed = Unflushed()
        while operations:
            ready, settled, operations = self.references.take_ready(operations)
            outcomes += settled
            if not self.careful:
                _raise_first_failure(settled)
            for whole in coalesce(ready, self._relation_of):
                self._model = self._model_of(whole)
                if unflushed.must_go_before(whole):
                    crud.begin(self.env, whole)
                for group in self._mergeable(self._model, whole):
                    if outcomes and self.time_is_up(group.operations[0].position):
                        return outcomes
                    done = self._apply_group(self._model, group)
                    self.references.note(group.operations, done)
                    outcomes += done
        return outcomes

    def _model_of(self, group: Group) -> BaseModel:
        if group.model not in self.env:
            # its app was uninstalled after the submission
            raise ForbiddenEffect(
                _lt("The model %(model)s does not exist any more.", model=group.model)
            )
        model = self.env[group.model]
        return model.with_context(**group.context) if group.context else model

    def _mergeable(self, model: BaseModel, group: Group) -> list[Group]:
        """Cut a group into parts that may be one call each."""
        if group.op != "unlink" or len(group.operations) == 1:
            return [group]
        if self._is_strict(model, group.op):
            return [Group(group.op, group.model, [one]) for one in group.operations]
        return apart(group, tied_by_references(model, group.ids))

    def _is_strict(self, model, op) -> bool:
        return (op, model._name) in self.lessons.strictly

    def _apply_group(self, model: BaseModel, group: Group) -> list[Outcome]:
        failures = settled_failures(model, group)
        if self.careful:
            failures = self.lessons.settled_failures(model, group) | failures
        outcomes = [Outcome(at, "failed", failure=why) for at, why in failures.items()]
        rest = [o for o in group.operations if o.position not in failures]
        suspects = self._suspects(model, group, rest)
        if self.careful or not failures:
            outcomes += self._apply_in_turns(model, group.op, rest, suspects)
        if not self.careful:
            _raise_first_failure(outcomes)
        return outcomes

    def _apply_in_turns(self, model, op: str, operations, suspects) -> list[Outcome]:
        outcomes: list[Outcome] = []
        last = -1  # the last position that was applied
        for turn in in_turns(operations, suspects, self._is_strict(model, op)):
            first = turn[0]
            if first.position not in suspects:
                outcomes += self._apply_merged(model, op, turn)
            else:
                self.env.flush_all()  # or the suspect would get the failure of an operation before
                suspicion = suspects[first.position]
                outcomes.append(outcome := self._try_alone(model, first, suspicion))
                if first.position < last and not _is_as_expected(outcome, suspicion):
                    raise MergedWrongly(op, model._name)
            last = max(last, turn[-1].position)
        return outcomes

    def _apply_merged(self, model, op: str, operations: list[Operation]) -> list[Outcome]:
        if op != "load":
            return _APPLY[op](model, operations)
        loader = Loader(model, self.lessons if self.careful else None)
        outcomes = loader.load(operations)
        self.released += loader.released
        return outcomes

    def _suspects(self, model, group: Group, rest) -> dict[int, Suspicion | None]:
        if not rest or group.op in ("call", "load"):
            return {}
        unsettled = Group(group.op, group.model, rest)
        known = dict.fromkeys(self.lessons.suspects(model, unsettled) if self._looks else ())
        if group.op == "unlink":
            return known  # it has no values
        # always look for misfits: Odoo stores a misfit without an error
        found = known | prechecks.suspects(model, unsettled, only_misfits=not self._looks)
        return add_later_of_same_key(model, found, rest) if group.op == "upsert" else found

    def _try_alone(self, model, operation: Operation, suspicion: Suspicion | None) -> Outcome:
        try:
            with repairing_savepoint(self.env):
                outcome = _watched(model, operation, suspicion)
        except OperationFailed as error:
            return Outcome(operation.position, "failed", failure=error.failure)
        except (Exception, SystemExit) as error:
            if isinstance(error, TransientError) or self.env.cr.closed:
                raise
            failure = describe(error, model)
            # the suspicion may name the field, which a mere ValueError does not
            if suspicion:
                failure = suspicion.explain(failure)
            return Outcome(operation.position, "failed", failure=failure)
        self.released += 1
        return outcome


def _watched(model, operation: Operation, suspicion: Suspicion | None) -> Outcome:
    """Apply one operation, and refuse the misfits that Odoo stores.

    :raises OperationFailed: Odoo has stored a value as something else
    """
    with watch(suspicion.misfits if suspicion else []) as watched:
        (outcome,) = _APPLY[operation.op](model, [operation])
        if outcome.state == "done":
            one_each = isinstance(operation.payload.get("values"), list)
            watched.refuse_stored(model, outcome.ids, one_each)
    return outcome


def _is_as_expected(outcome: Outcome, suspicion: Suspicion | None) -> bool:
    """Whether a suspect has failed as expected. Then its place in the order does not matter."""
    return outcome.state == "failed" and (
        suspicion is None or outcome.failure in suspicion.failures
    )


def _raise_first_failure(outcomes: list[Outcome]):
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    if failed:
        raise OperationFailed(min(failed, key=lambda outcome: outcome.position).failure)
