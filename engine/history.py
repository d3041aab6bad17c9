"""The events of a job's history, and what has landed between two of them."""

from .outcomes import merge_causes

# each event begins a run of the job or ends one, but for `submit` and the late `landed`
EVENTS = {
    "submit": "Submitted",
    "start": "Started",
    "pause": "Paused",
    "resume": "Resumed",
    "cancel": "Cancelled",
    "retry": "Retried",
    "correct": "Corrected",
    "landed": "Last chunks landed",  # those that were at work when the job was paused
    "end": "Ended",
}

NOTHING = {"succeeded": 0, "failed": 0, "skipped": 0, "seconds": 0.0, "causes": []}


def with_landed(landed: dict | None, chunks: list[dict]) -> dict:
    """What has landed since the latest event, with chunks that have landed now.

    >>> chunk = {"succeeded": 2, "failed": 0, "skipped": 1, "duration": 0.5, "causes": None}
    >>> with_landed(None, [chunk, chunk])
    {'succeeded': 4, 'failed': 0, 'skipped': 2, 'seconds': 1.0, 'causes': []}
    """
    landed = landed or NOTHING
    counters = ("succeeded", "failed", "skipped")
    return {
        **{name: landed[name] + sum(chunk[name] for chunk in chunks) for name in counters},
        "seconds": landed["seconds"] + seconds_of(chunks),
        "causes": merge_causes(landed["causes"], *(chunk["causes"] for chunk in chunks)),
    }


def seconds_of(chunks: list[dict]) -> float:
    """How long chunks were at work, those at the same time counted each."""
    return sum(chunk["duration"] or 0.0 for chunk in chunks)


def with_skipped(landed: dict | None, operations: int) -> dict:
    """What has landed since the latest event, with operations that a cancel has skipped."""
    landed = landed or NOTHING
    return {**landed, "skipped": landed["skipped"] + operations}
