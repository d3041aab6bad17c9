"""How many runners PostgreSQL's connections allow, and what each of them does."""

# of a runner at work: Odoo's wait for notices, its lock on the scheduled action, the work, and one
# to notify browsers or to publish the steps of a job of policy `all`
CONNECTIONS_OF_A_RUNNER = 4
FOR_OTHERS = 20  # connections that runners leave to HTTP workers and everybody else

# a chunk that was claimed a moment ago may be without lock for who has read the locks before
SURELY_CLAIMED = 2.0  # seconds

RUNNER_STATES = ("lost", "works", "idle", "off")  # in the order of a list


def possible_runners(connections: int, most: int) -> int:
    """How many runners may be at work at once.

    :param connections: those that PostgreSQL grants to ordinary roles
    :param most: the most runners, however many connections there are

    >>> [possible_runners(connections, 128) for connections in (20, 97, 197, 1000)]
    [1, 19, 44, 128]
    """
    return min(most, max(1, (connections - FOR_OTHERS) // CONNECTIONS_OF_A_RUNNER))


def runners_by_work(slots: dict[int, bool], chunks: list[dict], held: set[int]) -> list[dict]:
    """What each runner does, by number; first those whose worker has died, then those at work.

    A runner that was taken off the setting is listed as long as it has a chunk.

    :param slots: whether the scheduled action of each wanted runner is switched on, by number
    :param chunks: what is recorded as running: `id`, `runner` and `seconds_since` the claim
    :param held: the ids of chunks whose lock a living worker holds; read before `chunks`

    >>> chunks = [{"id": 7, "runner": 0, "seconds_since": 9.0}]
    >>> [runners_by_work({0: True, 1: False}, chunks, held)[0]["state"] for held in ({7}, set())]
    ['works', 'lost']
    """
    found = {}
    for chunk in chunks:
        lives = chunk["id"] in held or chunk["seconds_since"] < SURELY_CLAIMED
        if lives or chunk["runner"] not in found:
            found[chunk["runner"]] = {"state": "works" if lives else "lost", "chunk": chunk}
    for number, is_on in slots.items():
        found.setdefault(number, {"state": "idle" if is_on else "off", "chunk": None})
    listed = [{"number": number, **doing} for number, doing in found.items()]
    return sorted(listed, key=lambda one: (RUNNER_STATES.index(one["state"]), one["number"]))
