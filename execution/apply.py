"""Apply operations through the ORM, as the owner, merged where the end is the same."""

import copy
from datetime import date

from odoo import fields
from odoo.exceptions import AccessError
from odoo.models import BaseModel
from odoo.service.model import get_public_method
from odoo.tools import lazy
from odoo.tools.json import json_default
from odoo.tools.misc import ReadonlyDict

from ..engine.coalesce import Group, by_equal_values, coalesce
from ..engine.errors import ForbiddenEffect, OperationFailed
from ..engine.operations import Operation
from ..engine.outcomes import Failure, Outcome, plain_value
from ..engine.passwords import holds_blanked
from . import prechecks
from .failures import describe
from .guards import TransientError, check_deferred_constraints, repairing_savepoint
from .knowledge import Knowledge

ACCESS_NEEDED = {"create": "create", "write": "write", "unlink": "unlink", "call": "read"}
PASSWORD_GONE = (
    "Its password was blanked when the operation ended and cannot be used again: "
    "submit the operation anew."
)


class Applier:
    """Applies a chunk's operations in an environment of the job's owner.

    `careful` keeps suspects out of merged calls and settles, without a rollback, what is certain;
    without it every failure fails the whole attempt, which is what all policies but `isolate` need
    to find the first culprit in order.
    """

    def __init__(self, env, knowledge: Knowledge, careful: bool):
        self.env = env
        self.knowledge = knowledge
        self.careful = careful
        self.released = 0  # savepoints kept since somebody last set this to 0

    def attempt(self, operations: list[Operation]) -> list[Outcome]:
        """Apply operations under one savepoint.

        :raises OperationFailed: everything was undone
        :raises TransientError: the transaction must be rolled back
        """
        model = self.env[operations[0].model]
        try:
            with repairing_savepoint(self.env):
                outcomes = []
                for group in coalesce(operations):
                    model = self._model_of(group)
                    outcomes += self._apply_group(model, group)
                check_deferred_constraints(self.env.cr)
        except OperationFailed:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, TransientError) or self.env.cr.closed:
                raise
            raise OperationFailed(describe(error, model)) from error
        self.released += 1
        return outcomes

    def learn(self, failed: OperationFailed) -> bool:
        return self.knowledge.learn(failed, self.env[failed.failure.model or "base"])

    def _model_of(self, group: Group) -> BaseModel:
        model = self.env[group.model]
        return model.with_context(**group.context) if group.context else model

    def _apply_group(self, model: BaseModel, group: Group) -> list[Outcome]:
        settled = self._settle_certain(model, group)
        suspects = self._suspects(model, group, settled) if self.careful else {}
        kept = [
            operation
            for operation in group.operations
            if operation.position not in settled and operation.position not in suspects
        ]
        outcomes = list(settled.values())
        if kept:
            outcomes += _APPLY[group.op](model, kept)
        for operation in group.operations:
            if operation.position in suspects and operation.position not in settled:
                outcomes.append(self._try_alone(model, operation, suspects[operation.position]))
        return outcomes

    def _settle_certain(self, model: BaseModel, group: Group) -> dict[int, Outcome]:
        """Failures by the rules of batch jobs themselves; no ORM call can prove them wrong."""
        failures = _certain_failures(model, group)
        if failures and not self.careful:
            raise OperationFailed(next(iter(failures.values())))
        return {
            position: Outcome(position, "failed", failure=failure)
            for position, failure in failures.items()
        }

    def _suspects(self, model, group: Group, settled) -> dict[int, Failure | None]:
        rest = [o for o in group.operations if o.position not in settled]
        if not rest or group.op == "call":
            return {}
        unsettled = Group(group.op, group.model, rest)
        known = dict.fromkeys(self.knowledge.suspects(model, unsettled))
        return known | prechecks.suspects(model, unsettled)

    def _try_alone(self, model, operation: Operation, suspicion: Failure | None) -> Outcome:
        try:
            with repairing_savepoint(self.env):
                (outcome,) = _APPLY[operation.op](model, [operation])
        except (Exception, SystemExit) as error:
            if isinstance(error, TransientError) or self.env.cr.closed:
                raise
            failure = describe(error, model)
            return Outcome(operation.position, "failed", failure=suspicion or failure)
        self.released += 1
        return outcome


def _certain_failures(model: BaseModel, group: Group) -> dict[int, Failure]:
    failures = {}
    needed = ACCESS_NEEDED[group.op]
    if not model._abstract and not model.has_access(needed):
        failure = _no_access(model, needed)
        return {operation.position: failure for operation in group.operations}
    ids = {one for operation in group.operations for one in operation.payload.get("ids") or ()}
    absent = ids - set(model.browse(ids).exists()._ids) if ids else ids
    for operation in group.operations:
        missing = absent.intersection(operation.payload.get("ids") or ())
        if missing:
            failures[operation.position] = _missing(model, sorted(missing))
        elif holds_blanked(operation.payload):
            failures[operation.position] = Failure("bad_value", PASSWORD_GONE, model._name)
    return failures


def _no_access(model, needed) -> Failure:
    try:
        model.check_access(needed)
    except AccessError as error:
        return Failure("access", str(error), model._name)
    raise AssertionError("has_access and check_access disagree")


def _missing(model, ids) -> Failure:
    text = model.env._(
        "%(model)s: no record with id %(ids)s exists (any more).",
        model=model._name,
        ids=", ".join(map(str, ids[:20])),
    )
    return Failure("missing", text, model._name)


def _create(model, operations) -> list[Outcome]:
    values = [prechecks.records_of(operation) for operation in operations]
    records = model.create([_own_copy(one) for several in values for one in several])
    ids = iter(records._ids)
    return [
        Outcome(operation.position, "done", ids=[next(ids) for _one in several])
        for operation, several in zip(operations, values, strict=True)
    ]


def _write(model, operations) -> list[Outcome]:
    every_id = [one for operation in operations for one in operation.payload["ids"]]
    for values, ids in by_equal_values(operations):
        # the common prefetch is what makes the reads behind these writes a few queries in all
        model.browse(ids).with_prefetch(every_id).write(_own_copy(values))
    return [Outcome(o.position, "done", ids=o.payload["ids"], value=True) for o in operations]


def _unlink(model, operations) -> list[Outcome]:
    model.browse([one for o in operations for one in o.payload["ids"]]).unlink()
    return [Outcome(o.position, "done", ids=o.payload["ids"], value=True) for o in operations]


def _call(model, operations) -> list[Outcome]:
    first = operations[0].payload
    method = get_public_method(model, first["method"])
    ids = [one for operation in operations for one in operation.payload.get("ids") or ()]
    args, kwargs = _own_copy(first.get("args") or []), _own_copy(first.get("kwargs") or {})
    is_model_method = getattr(method, "_api_model", False)
    if is_model_method and ids:
        raise ForbiddenEffect(f"{model._name}.{first['method']} takes no ids.")
    value = method(model if is_model_method else model.browse(ids), *args, **kwargs)
    if first.get("each"):
        return [Outcome(o.position, "done", ids=o.payload["ids"]) for o in operations]
    value, note = plain_value(value, _json_default)
    return [Outcome(operations[0].position, "done", ids=ids, value=value, note=note)]


_APPLY = {"create": _create, "write": _write, "unlink": _unlink, "call": _call}


def _own_copy(value):
    """Overrides of create and write may change what they are given; a later try needs it whole."""
    return copy.deepcopy(value)


def _json_default(value):
    """What JSON-2 does with a return value, but for what it can only describe."""
    if isinstance(value, BaseModel):
        return list(value._ids)
    if isinstance(value, date | bytes | lazy | ReadonlyDict | fields.Domain):
        return json_default(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
