from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..dispatch.base import NOW
from ..dispatch.chunk_lock import ChunkLocks
from ..dispatch.locked_job import begin_fresh
from ..dispatch.slots import Slots
from ..dispatch.stalled import Stalled
from ..engine.last_hour import MINUTES, last_hour
from ..engine.runners import runners_by_work
from ..engine.states import is_one_transaction
from .operation_words import seconds_in_words

SHOWN = 20  # jobs, and runners
MOST_COUNTED = 1_000  # jobs that have failed today
MOST_CHUNKS = 20_000  # of the last hour; where there are more, the chart begins later
LONGEST_CHUNK = 120  # seconds; who began before the hour may land in it
OF_A_JOB = (
    *("name", "user_id", "state", "policy", "dry_run", "time_left_text"),
    *("total", "succeeded", "failed", "skipped", "step_position"),
)
MENDS = {"all_off": "switch_on", "some_off": "switch_on", "unseen": "wake", "lost": "wake"}


class BatchJobOverview(models.AbstractModel):
    """What managers see of the queue at one glance. One call costs little, however many jobs,
    chunks and operations there are (decision 32)."""

    _name = "batch.job.overview"
    _description = "Batch Job Overview"

    @api.model
    def overview(self) -> dict:
        """What the queue does at the moment, for the screen of managers: the jobs of your
        companies, without their content.

        :returns: ``counts`` of jobs, ``troubles`` of the queue, ``hour`` (rows by minute), ``jobs``
            that run (at most 20), ``runners`` (at most 20), ``more_runners``
        :raises AccessError: 403: you are no manager
        """
        self._check_manager()
        begin_fresh(self)  # each statement is to see what has ended meanwhile
        slots = self._wanted_slots()
        runners = self._runners_by_work(slots)
        return {
            "counts": {**self._count_open(), **self._count_failed()},
            "troubles": self._troubles(runners),
            "hour": self._last_hour(),
            "jobs": self._running_jobs(),
            "runners": self._runners_in_words(runners[:SHOWN], slots),
            "more_runners": max(len(runners) - SHOWN, 0),
        }

    @api.model
    def mend_queue(self, how: str) -> None:
        """Do what a trouble of ``overview`` offers.

        :param how: ``wake`` has the runners look at the queue; ``switch_on`` switches on their
            scheduled actions, as saving the settings does
        :raises AccessError: 403: you are no manager, or, for ``switch_on``, no administrator
        """
        self._check_manager()
        if how not in MENDS.values():
            raise UserError(self.env._("how must be wake or switch_on."))
        if how == "switch_on":
            if not self._is_administrator():
                raise AccessError(self.env._("Only an administrator may switch runners on."))
            Slots(self.env).follow_setting()
        Slots(self.env).wake()

    def _check_manager(self):
        if not (self.env.su or self.env.user.has_group("batch_job.group_manager")):
            raise AccessError(self.env._("The overview is for managers of Batch Jobs."))

    # Jobs

    def _count_open(self) -> dict:
        """How many jobs run, wait and are paused. Reads the rows of open jobs, no others."""
        query = self._search([("state", "in", ("queued", "running", "paused"))])
        waits = SQL(
            "state = 'queued' AND (eta IS NULL OR eta <= %s OR started_at IS NOT NULL)", NOW
        )
        columns = (
            SQL("count(*) FILTER (WHERE state = 'running') AS running"),
            SQL("count(*) FILTER (WHERE %s) AS waiting", waits),
            SQL("count(*) FILTER (WHERE state = 'queued' AND NOT (%s)) AS scheduled", waits),
            SQL("count(*) FILTER (WHERE state = 'paused') AS paused"),
            SQL(
                "extract(epoch FROM %s - min(GREATEST(queued_at, eta)) FILTER (WHERE %s))::float"
                " AS oldest",
                NOW,
                waits,
            ),
        )
        [counts] = self.env.execute_query_dict(query.select(*columns))
        oldest = counts["oldest"]
        told = None if oldest is None else seconds_in_words(self.env, max(oldest, 0))
        return {**counts, "oldest": told}

    def _count_failed(self) -> dict:
        """The jobs that have ended today with failures, and their failures."""
        now = fields.Datetime.now()
        local = fields.Datetime.context_timestamp(self, now)
        past = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        today = [("state", "in", ("partial", "failed")), ("finished_at", ">=", now - past)]
        query = self._search(today, order="finished_at desc", limit=MOST_COUNTED + 1)
        counted = SQL(
            "SELECT count(*), COALESCE(sum(failed), 0) FROM (%s) j", query.select("failed")
        )
        [(jobs, rows)] = self.env.execute_query(counted)
        return {
            "failed": min(jobs, MOST_COUNTED),
            "failed_rows": rows,
            "failed_more": jobs > MOST_COUNTED,
            "today": fields.Datetime.to_string(now - past),
        }

    def _running_jobs(self) -> list[dict]:
        """The first jobs that run, by priority."""
        running = [("needs_runner", "=", True), ("state", "=", "running")]
        jobs = self.search(running, order="priority, id", limit=SHOWN)
        return [
            {**job, "user_id": job["user_id"][1], "can_pause": not is_one_transaction(job)}
            for job in jobs.read(OF_A_JOB)
        ]

    # The last hour

    def _last_hour(self) -> dict:
        now = fields.Datetime.now()
        begin = now - timedelta(minutes=MINUTES, seconds=LONGEST_CHUNK)
        since = self._counted_since(begin)
        query = self.env["batch.job.chunk"]._search([("started_at", ">=", since), ("size", ">", 0)])
        landed = SQL("LEAST(started_at + COALESCE(duration, 0) * interval '1 s', %s)", now)
        chunks = query.select(
            SQL("floor(extract(epoch FROM %s) / 60)::int AS minute", landed),
            *("succeeded", "failed", "skipped"),
        )
        counted = self.env.execute_query(
            SQL(
                "SELECT minute, sum(succeeded), sum(failed), sum(skipped) FROM (%s) c GROUP BY 1",
                chunks,
            )
        )
        whole = since + timedelta(seconds=LONGEST_CHUNK)
        return last_hour(counted, _minute(now), _minute(whole) + 1)

    def _counted_since(self, begin):
        """`begin`, or a later time since which at most `MOST_CHUNKS` chunks were claimed."""
        self.env.cr.execute(
            SQL(
                """
                SELECT started_at
                  FROM batch_job_chunk
                 WHERE started_at >= %s
                 ORDER BY started_at DESC
                OFFSET %s
                 LIMIT 1
                """,
                begin,
                MOST_CHUNKS,
            )
        )
        found = self.env.cr.fetchone()
        return found[0] if found else begin

    # Runners

    def _wanted_slots(self) -> dict:
        slots = Slots(self.env)
        return {slots.number_of(slot): slot for slot in slots.wanted_slots()}

    def _runners_by_work(self, slots) -> list[dict]:
        wanted = {number: slot.active for number, slot in slots.items()}
        held = ChunkLocks(self.env).held()  # first: see `runners_by_work`
        return runners_by_work(wanted, self.env["batch.job.chunk"]._at_work(), held)

    def _runners_in_words(self, runners, slots) -> list[dict]:
        """The same for the screen. Of a job of another company nothing is said."""
        ids = {one["chunk"]["job_id"] for one in runners if one["chunk"]}
        # a job may be deleted, though its chunk was just at work
        names = {job.id: job.name for job in self.browse(ids).exists()._filtered_access("read")}
        looked = {number: slot.lastcall for number, slot in slots.items()}
        return [self._runner_in_words(one, names, looked.get(one["number"])) for one in runners]

    def _ago(self, moment) -> str | None:
        if not moment:
            return None
        return seconds_in_words(self.env, max((fields.Datetime.now() - moment).total_seconds(), 0))

    def _runner_in_words(self, runner, names, looked) -> dict:
        """
        :param looked: when the runner has last looked at the queue; None if it never has
        """
        said = {"number": runner["number"] + 1, "state": runner["state"]}
        chunk = runner["chunk"]
        if not chunk:
            return said if said["state"] == "off" else {**said, "looked": self._ago(looked)}
        said["since"] = seconds_in_words(self.env, max(chunk["seconds_since"], 0))
        if chunk["job_id"] not in names:
            return said
        job = {"id": chunk["job_id"], "name": names[chunk["job_id"]]}
        places = [chunk["first_position"] + 1, chunk["last_position"] + 1]
        return {**said, "job": job, "places": None if chunk["on_end"] else places}

    # What is wrong

    def _troubles(self, runners) -> list[dict]:
        """What keeps runners from the queue, and how this user can mend it."""
        states = [runner["state"] for runner in runners]
        found = []
        trouble = Stalled(self.env).trouble()
        if trouble and not (trouble[0] == "unseen" and "works" in states):
            found.append(trouble)
        off = states.count("off")
        if off and "all_off" not in dict(found):
            found.append(("some_off", self._off_in_words(off, len(states))))
        if "lost" in states:
            text = self.env._(
                "Workers that died at work: %s. The next runner that looks at the queue does their "
                "rows again.",
                states.count("lost"),
            )
            found.append(("lost", text))
        return [{"kind": kind, "text": text, "mend": self._mend(kind)} for kind, text in found]

    def _off_in_words(self, off, runners) -> str:
        if off == 1:
            return self.env._("1 of %s runners is switched off.", runners)
        return self.env._("%(off)s of %(all)s runners are switched off.", off=off, all=runners)

    def _mend(self, kind) -> str | None:
        how = MENDS.get(kind)
        return None if how == "switch_on" and not self._is_administrator() else how


def _minute(moment) -> int:
    return int((moment - fields.Datetime.to_datetime("1970-01-01")).total_seconds()) // 60
