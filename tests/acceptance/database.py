"""A database of a test's own, and what its tables say beside the RPC interface."""

import secrets
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg2
from passlib.hash import pbkdf2_sha512

CHUNK_LOCKS = 1_785_202_034  # `LOCK_CLASS` of dispatch/chunk_lock.py
INDEX_LENGTH = 8  # characters of a key that Odoo finds it by
ADMIN = 2


class Database:
    """A copy of a template.

    :param where: arguments of `psycopg2.connect` for another PostgreSQL than the environment's
    """

    def __init__(self, name, **where):
        self.name = name
        self._where = where

    @classmethod
    def copy(cls, name, template):
        with administration() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return cls(name)

    def drop(self):
        with administration() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def connect(self):
        """A connection with a transaction of its own."""
        return psycopg2.connect(dbname=self.name, **self._where)

    def rows(self, query, *params):
        connection = self.connect()
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, params)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, query, *params):
        ((value,),) = self.rows(query, *params)
        return value

    def column(self, query, *params):
        return [value for (value,) in self.rows(query, *params)]

    def make_key(self, user=ADMIN):
        """An API key, stored as Odoo does it but without starting an Odoo for it."""
        key = secrets.token_hex(20)
        self.rows(
            "INSERT INTO res_users_apikeys (name, user_id, scope, expiration_date, key, index)"
            " VALUES ('acceptance', %s, 'rpc', %s, %s, %s)",
            user,
            datetime.now() + timedelta(days=1),
            pbkdf2_sha512.using(rounds=1_000).hash(key),
            key[:INDEX_LENGTH],
        )
        return key

    def workers_of(self, job):
        """System's ids of the Odoo processes, signed by the test addon, that hold its chunks."""
        return self.column(
            """
            SELECT DISTINCT substr(a.application_name, 8)::int
              FROM pg_locks l
              JOIN pg_stat_activity a ON a.pid = l.pid
              JOIN batch_job_chunk c ON c.id = l.objid::bigint
             WHERE l.locktype = 'advisory' AND l.classid = %s AND l.granted
               AND a.datname = current_database() AND a.application_name ~ '^worker-[0-9]+$'
               AND c.job_id = %s AND c.state = 'running'
            """,
            CHUNK_LOCKS,
            job,
        )

    def chunk_locks(self):
        return self.value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            CHUNK_LOCKS,
        )

    def sessions_that_wait(self, query="%"):
        """Ids of the sessions that wait for a lock, in a statement like `query`."""
        return self.column(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE %s",
            query,
        )

    def leave_runners_only(self):
        """Switch off every scheduled action but the runners'."""
        self.rows(
            "UPDATE ir_cron SET active = false WHERE id NOT IN (SELECT res_id FROM ir_model_data"
            " WHERE model = 'ir.cron' AND module = 'batch_job')"
        )

    def new_item(self, name=None):
        """The id of an item whose value is 0, and to which operations may add."""
        return self.value(
            "INSERT INTO test_batch_item (name, value)"
            " VALUES (coalesce(%s, gen_random_uuid()::text), 0) RETURNING id",
            name,
        )

    def value_of(self, item):
        return self.value("SELECT value FROM test_batch_item WHERE id = %s", item)

    def needs_runner(self, job):
        return self.value("SELECT needs_runner FROM batch_job WHERE id = %s", job)

    def now(self):
        return self.value("SELECT clock_timestamp() AT TIME ZONE 'UTC'")

    def first_claim_after(self, job, moment):
        """When a chunk of the job was claimed next, or None."""
        return self.value(
            "SELECT min(started_at) FROM batch_job_chunk WHERE job_id = %s AND started_at > %s",
            job,
            moment,
        )


@contextmanager
def administration():
    connection = psycopg2.connect(dbname="postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
