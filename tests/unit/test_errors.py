from engine.errors import BadOperation, BadRequest, EngineError, ForbiddenEffect, OperationFailed
from engine.outcomes import Failure


def test_a_bad_operation_says_which():
    """The submitter reads the index in the message; a program reads it from the error."""
    error = BadOperation(7, "ids is missing.")
    assert (str(error), error.index, error.problem) == (
        "Operation 7: ids is missing.",
        7,
        "ids is missing.",
    )


def test_the_tree_is_as_drawn():
    """One handler of BadRequest refuses a submission; no handler takes one error for another."""
    assert BadOperation.__bases__ == (BadRequest,)
    for kind in (BadRequest, OperationFailed, ForbiddenEffect):
        assert kind.__bases__ == (EngineError,)


def test_a_failed_operation_carries_its_failure():
    """An attempt that fails hands on the reason as data, not as text."""
    failure = Failure("unique", "taken", "res.partner", constraint="c")
    error = OperationFailed(failure)
    assert (error.failure, str(error)) == (failure, "taken")
