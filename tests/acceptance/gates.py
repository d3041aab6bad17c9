"""Locks that a test holds and operations wait for: so a kill falls where it should.

Each gate is a connection of its own with an open transaction; whoever is stopped by it is found by
PostgreSQL's own record of who blocks whom.
"""

from contextlib import contextmanager

from waiting import wait_until

GATES = 64_646_464  # as in the addon of the tests


def waits_at_gate(number):
    """A call in SQL that waits at a gate; `number` may be an expression."""
    return f"pg_advisory_xact_lock_shared({GATES}, {number})"


class Gate:
    """Holds what `lock` locks until it is opened."""

    def __init__(self, database, lock, *params):
        self._database = database
        self._connection = database.connect()
        with self._connection.cursor() as cursor:
            cursor.execute(lock, params)
            cursor.execute("SELECT pg_backend_pid()")
            (self._backend,) = cursor.fetchone()

    @classmethod
    def numbered(cls, database, number):
        """For the methods of the test addon that take the number of a gate."""
        return cls(database, "SELECT pg_advisory_xact_lock(%s, %s)", GATES, number)

    def open(self):
        self._connection.close()

    def stopped(self, signed=True):
        """System's ids of the Odoo processes that wait at this gate: those that the test addon has
        signed, or all of them, since Odoo names its own sessions odoo-PID."""
        return self._database.column(
            "SELECT split_part(application_name, '-', 2)::int FROM pg_stat_activity"
            " WHERE %s = ANY(pg_blocking_pids(pid)) AND application_name ~ %s",
            self._backend,
            "^worker-[0-9]+$" if signed else "^(worker|odoo)-[0-9]+$",
        )

    def count(self):
        """How many sessions wait at this gate."""
        return self._database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))",
            self._backend,
        )

    def wait_for_one(self, signed=True):
        """The process that comes to this gate."""
        (process,) = wait_until("a process at the gate", lambda: self.stopped(signed))
        return process

    def execute(self, query, *params):
        """Do something in the transaction that holds the gate."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, params)


class Gates(list):
    """The gates of a test."""

    def __init__(self, database):
        super().__init__()
        self._database = database

    def shut(self, *numbers):
        """Shut gates of these numbers; give the last one."""
        self += [Gate.numbered(self._database, number) for number in numbers]
        return self[-1]

    def lock(self, query, *params):
        """Lock what a query locks; give the gate."""
        self.append(Gate(self._database, query, *params))
        return self[-1]


@contextmanager
def opened_at_the_end(database):
    """Gates that are open after the test, whatever happened."""
    gates = Gates(database)
    try:
        yield gates
    finally:
        for gate in gates:
            gate.open()
