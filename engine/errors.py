"""Errors of the engine.

EngineError
├── BadRequest             the submission is refused; nothing was stored
│   └── BadOperation       ... because of the operation at `index`
│       └── BadOperations  ... because of several, each of which is named
├── OperationFailed        an attempt failed; its effects were rolled back
├── UnfitReference         a reference does not stand for what its place needs; the operation fails
├── MergedWrongly          merged operations may end otherwise than one by one; they are done again
└── ForbiddenEffect        an operation did what no operation may do (commit, rebuild the registry)
"""

from .outcomes import Failure


class EngineError(Exception):
    pass


class BadRequest(EngineError):
    """The message says what is wrong and what to do; it goes to the submitter as it is."""


class BadOperation(BadRequest):
    def __init__(self, index: int, problem: str):
        super().__init__(f"Operation {index}: {problem}")
        self.index = index
        self.problem = problem
        self.indexes = [index]


class BadOperations(BadOperation):
    """`index` and `problem` are those of the first; the message has a line for each."""

    def __init__(self, refused: list[BadOperation], there_are_more: bool):
        super().__init__(refused[0].index, refused[0].problem)
        self.indexes = [one.index for one in refused]
        lines = [str(one) for one in refused]
        if there_are_more:
            lines.append(f"These are the first {len(refused)}; there are more.")
        self.args = ("\n".join(lines),)


class OperationFailed(EngineError):
    """Raised by an attempt; `failure` is the reason, `__cause__` the original exception."""

    def __init__(self, failure: Failure):
        super().__init__(failure.message)
        self.failure = failure


class ForbiddenEffect(EngineError):
    pass


class UnfitReference(EngineError):
    pass


class MergedWrongly(EngineError):
    """From then on operations of this kind on this model are applied strictly in order."""

    def __init__(self, op: str, model: str):
        super().__init__(f"{op} of {model}")
        self.kind = (op, model)
