import json
import os
import random
from types import SimpleNamespace

from odoo.tests import tagged
from odoo.tools import mute_logger

from .one_by_one import End, OneByOne, Picture, assert_same_rows
from .random_jobs import RandomJob
from .side_by_side import SideBySideCase
from .test_one_by_one import _MAKERS, MODELS

SEEDS = int(os.environ.get("BATCH_JOB_STAGE_SEEDS", "12"))
FIRST_SEED = int(os.environ.get("BATCH_JOB_FIRST_SEED", "0"))


@tagged("post_install", "-at_install")
class TestSideBySideOracle(SideBySideCase):
    """Random jobs with `max_parallel=0` and four runners end as one by one, but for what
    `test_side_by_side_price` shows."""

    cleans = ()

    def setUp(self):
        super().setUp()
        user = self.env["res.users"].browse(self.admin.id)
        context = {"lang": user.lang, "tz": user.tz, "allowed_company_ids": user.company_ids.ids}
        self.user_env = self.env(user=user.id, su=False, context=context)
        partners = self.env["res.partner"]
        # a company and its contacts hand these to each other, and nobody names the others
        self.handed = {*partners._address_fields(), *partners._synced_commercial_fields()}
        self.handed |= {*partners._commercial_fields(), "commercial_company_name"}
        self.countries = self.env["res.country"].search([], limit=2).ids
        self.marks = {name: self.newest(name) for name in MODELS}
        self.addCleanup(self.remove_made)

    def newest(self, name):
        return self._all(name).search([], order="id desc", limit=1).id or 0

    def remove_made(self):
        self.renew()
        self.cr.execute("UPDATE test_batch_tree SET blocker_id = NULL, follower_of = NULL")
        for name in reversed(MODELS):
            self._all(name).search([("id", ">", self.marks[name])]).unlink()
        self.env["ir.model.data"].search([("module", "=", "oracle")]).unlink()
        self.cr.execute("DELETE FROM batch_job")
        self.commit()

    def test_four_runners_end_as_one(self):
        """States, ids and stored columns are those of one by one, whatever the runners' order."""
        with mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_model"):
            for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
                with self.subTest(seed=seed):
                    self.compare(seed)
                self.remove_made()

    def compare(self, seed):
        self.env.registry.clear_cache()
        case = SimpleNamespace(env=self.user_env)
        pool = {name: make(case) for name, make in _MAKERS.items()}
        self.commit()
        operations = RandomJob(seed, pool, self.countries).operations()
        if has_rivals(operations):
            return
        before = {key: f"{key[0]} {key[1]}" for key in Picture(self.user_env, MODELS, {}).rows}
        default_env = self.env.transaction.default_env
        ends = OneByOne(self.user_env).run(operations)
        expected = self.seen(operations, ends, before)
        self.renew()
        self.env.transaction.default_env = default_env
        self.env.registry.clear_cache()
        ends = self.side_by_side(operations, random.Random(seed))
        found = self.seen(operations, ends, before)
        self.assert_same(expected, found, operations, seed)

    def side_by_side(self, operations, dice):
        """Runners claim in any order, all begin at one moment, and land in any order; some take
        so long that the others claim again meanwhile."""
        submitted, size = [_submitted(one) for one in operations], dice.choice((1, 1, 2))
        job = self.submit(submitted, chunk_size=size)
        runners, at_work = self.runners(), {}
        while job.sudo().needs_runner:
            self.set_pace(job, limit=4)
            for runner in dice.sample(runners, 4):
                if runner not in at_work and (claim := runner.claim()):
                    at_work[runner] = claim
                    if not claim.job["has_keys"]:
                        runner.cr.execute("SELECT 1")  # sees nothing of what lands from now on
            for runner in dice.sample(sorted(at_work, key=runners.index), len(at_work)):
                if dice.random() < 0.7:
                    runner.work(at_work.pop(runner))
            self.env.invalidate_all()
            waits = "state = 'queued' AND not_before IS NOT NULL"
            self.cr.execute(f"UPDATE batch_job_chunk SET not_before = NULL WHERE {waits}")
            self.commit()
        return {
            one["index"]: End(
                one["state"],
                one["error"] and one["error"]["type"],
                one["ids"] if one["state"] == "done" else None,
            )
            for one in self.outcomes(job)
        }

    def seen(self, operations, ends, before):
        names = dict(before)
        for operation in operations:
            for place, one in enumerate(ends[operation.position].ids or ()):
                names.setdefault((operation.model, one), f"of {operation.position}.{place}")
        content = Picture(self.user_env, MODELS, names, self.handed).content()
        named = [
            end._replace(ids=[names[operation.model, one] for one in end.ids or ()])
            for operation, (_at, end) in zip(operations, sorted(ends.items()), strict=True)
        ]
        return named, content

    def assert_same(self, expected, found, operations, seed):
        lines = (json.dumps(_submitted(one)) for one in operations)
        told = "\n".join([f"seed {seed}", *(f"{n} {line}" for n, line in enumerate(lines))])
        for at, (one, other) in enumerate(zip(expected[0], found[0], strict=True)):
            # which of several reasons is said is no matter of chunks: see test_one_by_one
            one, other = one._replace(error=None), other._replace(error=None)
            self.assertEqual(one, other, f"operation {at} of {told}")
        assert_same_rows(self, expected[1], found[1], "side by side", told)


def has_rivals(operations):
    """Whether several operations would make a record with one unique name: the first to land does,
    which need not be the first of the job."""
    values = [one.payload["values"] for one in operations if one.op == "create"]
    names = [
        one["name"]
        for some in values
        for one in (some if isinstance(some, list) else [some])
        if str(one.get("name")).startswith("v")
    ]
    return len(set(names)) < len(names)


def _submitted(operation):
    body = {"op": operation.op, "model": operation.model, **operation.payload}
    return body | ({"ref": operation.ref} if operation.ref else {})
