"""Errors of the engine.

EngineError
├── BadRequest             the submission is refused; nothing was stored
│   └── BadOperation       ... because of the operation at `index`
├── OperationFailed        an attempt failed; its effects were rolled back
├── UnfitReference         a reference does not stand for what its place needs; the operation fails
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


class OperationFailed(EngineError):
    """Raised by an attempt; `failure` is the reason, `__cause__` the original exception."""

    def __init__(self, failure: Failure):
        super().__init__(failure.message)
        self.failure = failure


class ForbiddenEffect(EngineError):
    pass


class UnfitReference(EngineError):
    pass
