"""A schedule of kills: which chunk's worker dies, and how far it has come by then."""

from dataclasses import dataclass

from exactness import call, create
from gates import Gate
from waiting import wait_until

CHUNK = 12  # operations
PHASES = {
    "before": "the first operation of the chunk waits, before it writes",
    "during": "an operation in the middle waits, after the writes of those before it",
    "after": "the last operation waits, after its write",
    "outcomes": "the chunk's writes are done, its outcomes are being written",
    "commit": "the commit is on its way: PostgreSQL has it, the worker will not hear of it",
}
# Waits within COMMIT: the chunk's last statement was sent, and no process of Odoo decides any more.
COMMIT_GATE = """
    CREATE FUNCTION wait_within_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- the engine also has deferred constraints checked before it commits
        IF current_query() = 'COMMIT' THEN
            PERFORM pg_advisory_xact_lock_shared(64646464, NEW.value);
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER wait_within_commit AFTER INSERT ON test_batch_item
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.value > 0)
        EXECUTE FUNCTION wait_within_commit();
"""
OUTCOME_GATE = "SELECT FROM batch_job_operation WHERE job_id = %s AND position = %s FOR SHARE"


@dataclass(frozen=True)
class Kill:
    chunk: int
    phase: str

    @property
    def number(self):
        """Of its gate."""
        return self.chunk + 1

    def gate(self, database, job):
        if self.phase == "outcomes":
            return Gate(database, OUTCOME_GATE, job, self.chunk * CHUNK + CHUNK // 2)
        return Gate.numbered(database, self.number)


def draw(chance, phases):
    """Kills in random order, each in a chunk of its own; between them chunks that nobody kills.

    The last chunk is one of these: after a worker's death within its commit, what shows the rescue
    is the claim of the next chunk.
    """
    shuffled = list(phases)
    chance.shuffle(shuffled)
    last = chunks_for(shuffled) - 1
    chunks = sorted(chance.sample(range(last), len(shuffled)))
    return [Kill(chunk, phase) for chunk, phase in zip(chunks, shuffled, strict=True)]


def chunks_for(kills):
    """How many chunks a job has whose workers are killed so often."""
    return len(kills) + 4


def operations_for(kills, prefix, counter):
    """Creates, increments of one record, and calls that wait where the kills want it."""
    operations = []
    planned = {kill.chunk: kill for kill in kills}
    for chunk in range(chunks_for(kills)):
        for place in range(CHUNK):
            name = f"{prefix} {chunk}.{place}"
            operations.append(_operation(planned.get(chunk), place, name, counter))
    return operations


def _operation(kill, place, name, counter):
    match (kill and kill.phase, place):
        case ("before", 0) | ("during", 6):
            return call("create_gated", name=name, before=kill.number)
        case ("after", 11):
            return call("create_gated", name=name, after=kill.number)
        case ("commit" | "outcomes", 0):  # tells which process is at work
            return call("create_gated", name=name)
        case ("commit", 8):
            return create(name, value=kill.number)
        case (_, 3 | 9):
            return call("increment", ids=[counter], each=True)
    return create(name)


def kill_at(server, job, gate):
    """Kill the worker that waits at the gate and holds a chunk; give the moment, by PostgreSQL.

    Its PostgreSQL session waits on, for the worker's end shows only when it is to answer: so the
    gate is opened.
    """
    worker = gate.wait_for_one()
    assert worker in server.database.workers_of(job)
    moment = server.database.now()
    server.kill(worker)
    gate.open()
    return moment


def seconds_to_next_claim(database, job, moment, patience):
    claimed = wait_until(
        "the next claim", lambda: database.first_claim_after(job, moment), patience
    )
    return (claimed - moment).total_seconds()


def summary(seconds):
    """Rescue times in one line."""
    shown = " ".join(f"{one:.2f}" for one in seconds)
    return f"rescued after {shown} s (longest {max(seconds):.2f} s)"
