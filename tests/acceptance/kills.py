"""A schedule of kills: which chunk's worker dies, and how far it has come by then."""

from dataclasses import dataclass

from exactness import call, create
from gates import Gate, waits_at_gate
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
COMMIT_GATE = f"""
    CREATE FUNCTION wait_within_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- the engine also has deferred constraints checked before it commits
        IF current_query() = 'COMMIT' THEN
            PERFORM {waits_at_gate("NEW.value")};
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


def operations_for(kills, prefix, make):
    """What `make` gives for each place, and where the kills want it calls that wait."""
    planned = {kill.chunk: kill for kill in kills}
    return [
        _gated(planned.get(chunk), place, f"{prefix} {chunk}.{place}") or make(prefix, chunk, place)
        for chunk in range(chunks_for(kills))
        for place in range(CHUNK)
    ]


def _gated(kill, place, name):
    match (kill and kill.phase, place):
        case ("before", 0) | ("during", 6):
            return call("create_gated", name=name, before=kill.number)
        case ("after", 11):
            return call("create_gated", name=name, after=kill.number)
        case ("commit" | "outcomes", 0):  # tells which process is at work
            return call("create_gated", name=name)
        case ("commit", 8):
            return create(name, value=kill.number)
    return None


def submit_for(kills, operations, database, rpc, gates):
    """Submit a job whose gates are shut before it begins."""
    job = rpc.submit(operations, chunk_size=CHUNK, start=False)
    gates += [kill.gate(database, job) for kill in kills]
    rpc.job("start", job)
    return job


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
