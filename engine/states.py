"""The only list of the states of jobs, operations and chunks, and of what each verb may do."""

from dataclasses import dataclass

JOB_STATES = {
    "draft": "Draft",  # being filled with `append`
    "queued": "Queued",  # waits for a runner
    "running": "Running",  # at least one chunk was claimed
    "paused": "Paused",  # by a person, by policy `stop`, or because the owner may not run it
    # `done` is the last one, also of operations: a status bar shows what is on its way there
    "partial": "Partly done",  # ended, some operations did not succeed
    "failed": "Failed",  # ended and nothing kept
    "cancelled": "Cancelled",  # stopped for good by a person
    "done": "Done",  # every operation succeeded
}
LIVE_STATES = ("queued", "running")
OPEN_STATES = ("draft", *LIVE_STATES, "paused")  # operations may still be done
KEPT_NOTHING = ("done", "partial", "failed")  # of a dry run: it may be started for real
ENDED_STATES = ("done", "partial", "failed", "cancelled")

JOB_TRANSITIONS = {
    "draft": {"queued", "cancelled"},
    "queued": {"running", "paused", "cancelled"},
    "running": {"paused", "done", "partial", "failed", "cancelled"},
    # the chunk that was running when a job was paused may have been its last
    "paused": {"queued", "done", "partial", "failed", "cancelled"},
    "done": {"queued"},  # a dry run, started for real
    "partial": {"queued"},
    "failed": {"queued"},
    "cancelled": {"queued"},
}

OPERATION_STATES = {
    "pending": "Pending",
    "failed": "Failed",
    "skipped": "Skipped",
    "rolled_back": "Rolled back",
    "cancelled": "Cancelled",
    "done": "Done",
}
# `rolled_back` and `cancelled` count as skipped
COUNTED_AS = {
    "done": "succeeded",
    "failed": "failed",
    "skipped": "skipped",
    "rolled_back": "skipped",
    "cancelled": "skipped",
}

CHUNK_STATES = {
    "queued": "Queued",  # cut, waiting for a runner
    "running": "Running",  # claimed; its worker lives as long as it holds the chunk's locks
    "done": "Done",  # outcomes committed
    "halted": "Halted",  # policy `stop`: the culprit is recorded, the job is to be paused
}

# of the method that a job calls when it has ended
ON_END_STATES = {
    "waiting": "Waiting",  # the job has not ended
    "pending": "Pending",  # the job has ended; a runner will call the method, or is at it
    "done": "Done",
    "failed": "Failed",
    "skipped": "Skipped",  # the job was cancelled before it began, or is a cancelled dry run
}

POLICIES = {
    "isolate": "Each bad row fails alone",
    "chunk": "A bad row rolls back its chunk",
    "stop": "A bad row pauses the job",
    "all": "All or nothing",
}


def is_one_transaction(job: dict) -> bool:
    """Whether the whole job runs in one transaction: policy `all`, and every dry run."""
    return job["policy"] == "all" or bool(job["dry_run"])


def is_told_by_errors(job: dict) -> bool:
    """Whether each operation of the job that was not done has an error of its own. One that was
    cancelled has none, nor has one that was rolled back with others."""
    if not job["skipped"]:
        return True
    fail_alone = job["policy"] in ("isolate", "stop") and not job["dry_run"]
    return fail_alone and not job["cancelled"]


def keeps_chunks_whole(job: dict) -> bool:
    """Whether the job's chunks are never cut smaller: each is kept or rolled back whole."""
    return is_one_transaction(job) or job["policy"] == "chunk" and bool(job["chunk_size"])


def is_in_stages(job: dict) -> bool:
    """Whether the server chooses how many chunks of the job run at once (`max_parallel` 0). Where
    the end depends on the order or the borders of chunks, one chunk runs at a time."""
    if job["max_parallel"] or is_one_transaction(job) or job["policy"] == "stop":
        return False
    return job["policy"] != "chunk" or bool(job["chunk_size"])


@dataclass(frozen=True)
class Verb:
    """What a verb does to a job, by the job's state.

    In a state of `acts_on` the verb moves the job to `target`; in a state of `leaves` the verb
    changes nothing; any other state refuses the verb.
    """

    target: str
    acts_on: tuple[str, ...]
    leaves: tuple[str, ...]


VERBS = {
    "start": Verb("queued", ("draft",), ("queued", "running", "paused", *ENDED_STATES)),
    "pause": Verb("paused", LIVE_STATES, ("paused", *ENDED_STATES)),
    "resume": Verb("queued", ("paused",), (*LIVE_STATES, *ENDED_STATES)),
    "cancel": Verb("cancelled", ("draft", "queued", "running", "paused"), ENDED_STATES),
    "retry": Verb("queued", ("partial", "failed", "cancelled"), (*LIVE_STATES, "done")),
}


def verb_acts(verb: str, state: str, dry_run: bool = False) -> bool | None:
    """True: the verb moves the job; False: it has nothing to do; None: the state refuses it."""
    rule = VERBS[verb]
    if verb == "start" and dry_run and state in KEPT_NOTHING:
        return True
    if state in rule.acts_on:
        return True
    return False if state in rule.leaves else None


def end_state(succeeded: int, failed: int, skipped: int) -> str:
    """The state of a job with nothing left to do.

    >>> end_state(10, 0, 0), end_state(9, 1, 0), end_state(0, 1, 9)
    ('done', 'partial', 'failed')
    """
    if not failed and not skipped:
        return "done"
    return "partial" if succeeded else "failed"
