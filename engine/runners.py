"""How many runners PostgreSQL's connections allow."""

# of a runner at work: Odoo's wait for notices, its lock on the scheduled action, the work, and one
# to notify browsers or to publish the steps of a job of policy `all`
CONNECTIONS_OF_A_RUNNER = 4
FOR_OTHERS = 20  # connections that runners leave to HTTP workers and everybody else


def possible_runners(connections: int, most: int) -> int:
    """How many runners may be at work at once.

    :param connections: those that PostgreSQL grants to ordinary roles
    :param most: the most runners, however many connections there are

    >>> [possible_runners(connections, 128) for connections in (20, 97, 197, 1000)]
    [1, 19, 44, 128]
    """
    return min(most, max(1, (connections - FOR_OTHERS) // CONNECTIONS_OF_A_RUNNER))
