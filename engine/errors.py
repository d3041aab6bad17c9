"""Errors of the engine.

EngineError
├── BadRequest             the submission is refused; nothing was stored
│   └── BadOperation       ... because of the operation at `index`
│       └── BadOperations  ... because of several operations; the message names each
├── OperationFailed        an attempt failed; its effects were rolled back
├── UnfitReference         a reference has no id, or too many, for its place; the operation fails
├── MergedWrongly          a merged call may end differently than single calls; do it again unmerged
└── ForbiddenEffect        an operation did something forbidden (commit, rebuild the registry)
"""

from .messages import _lt, joined, message_of
from .outcomes import Failure


class EngineError(Exception):
    pass


class BadRequest(EngineError):
    """The message says what is wrong and what to do. The submitter reads it in their language."""


class BadOperation(BadRequest):
    def __init__(self, index: int, problem: str):
        super().__init__(_lt("Operation %(index)s: %(problem)s", index=index, problem=problem))
        self.index = index
        self.problem = problem
        self.indexes = [index]


class BadOperations(BadOperation):
    """The message has a line for each operation; `index` and `problem` are the first one's."""

    def __init__(self, refused: list[BadOperation], there_are_more: bool):
        super().__init__(refused[0].index, refused[0].problem)
        self.indexes = [one.index for one in refused]
        lines = [message_of(one) for one in refused]
        if there_are_more:
            lines.append(_lt("These are the first %(count)s; there are more.", count=len(refused)))
        self.args = (joined("\n", lines),)


class OperationFailed(EngineError):
    """An attempt failed: `failure` is the reason, `__cause__` the original exception."""

    def __init__(self, failure: Failure):
        super().__init__(failure.message)
        self.failure = failure


class ForbiddenEffect(EngineError):
    pass


class UnfitReference(EngineError):
    pass


class MergedWrongly(EngineError):
    """From now on the job applies this op on this model strictly in the order of submission."""

    def __init__(self, op: str, model: str):
        super().__init__(f"{op} of {model}")
        self.kind = (op, model)
