import json
import os
from dataclasses import asdict

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..engine.chunk_size import chunks_of
from ..execution.checks.lessons import Lessons
from ..execution.chunk_run import Run, run_isolated, run_strict
from ..execution.references import References
from .one_by_one import End, OneByOne, Picture, assert_same_rows
from .random_jobs import CURRENCY, KEY, ORDER, PARTNER, ROW, TAG, TREE, VALUE, RandomJob

SEEDS = int(os.environ.get("BATCH_JOB_SEEDS", "30"))
MODELS = (
    *(PARTNER, TAG, CURRENCY, "res.currency.rate", KEY, ROW, "test.batch.row.line"),
    *(VALUE, TREE, ORDER, "test.batch.order.line"),
)


@tagged("post_install", "-at_install")
class TestOneByOne(TransactionCase):
    """Whatever is merged, a job ends as its operations do one by one: states, kinds of errors, ids
    and every stored column."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(user=cls.env.ref("base.user_admin"))
        cls.pool = {name: make(cls) for name, make in _MAKERS.items()}
        cls.countries = cls.env["res.country"].search([], limit=2).ids
        cls.before = {key: f"{key[0]} {key[1]}" for key in Picture(cls.env, MODELS, {}).rows}

    def test_random_jobs_end_as_one_by_one(self):
        """Random jobs end as one by one: in chunks of 1 and of 7, whole, and all or nothing."""
        first = int(os.environ.get("BATCH_JOB_FIRST_SEED", "0"))
        with mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_model"):
            for seed in range(first, first + SEEDS):
                with self.subTest(seed=seed):
                    self.compare(seed)

    def compare(self, seed):
        operations = RandomJob(seed, self.pool, self.countries).operations()
        expected = self.end_of(lambda: OneByOne(self.env).run(operations), operations)
        # 0, the server's choice, makes one chunk of so few
        for size in (7, 0, 1) if seed % 2 else (7, 0):
            found = self.end_of(lambda size=size: self.in_chunks(operations, size), operations)
            self.assert_same(expected, found, self.told(seed, f"chunk_size {size}", operations))
        if seed % 2 == 0:
            self.compare_whole(expected, operations, self.told(seed, "whole", operations))

    def compare_whole(self, expected, operations, told):
        """All or nothing: the same end, or the first failure."""
        ends, _content = expected
        if any(end.state == "skipped" for end in ends.values()):
            return
        culprits = [at for at, end in ends.items() if end.state == "failed"][:1]
        found = self.end_of(lambda: self.whole(operations), operations)
        if not culprits:
            self.assert_same(expected, found, told)
        failed = [at for at, end in found[0].items() if end.state == "failed"]
        self.assertEqual(failed, culprits, told)

    def in_chunks(self, operations, size):
        lessons, ends, settled = Lessons(), {}, {}
        refs = {one.position: one for one in operations if one.ref}
        for chunk in chunks_of(operations, size or len(operations), None):
            run = Run(self.env, lessons, References(self.env, dict(settled)))
            for outcomes, _ends in run_isolated(run, chunk):
                ends |= _ends_of(outcomes)
                for one in outcomes:
                    if one.position in refs:
                        settled[refs[one.position].ref] = (one.state, one.ids, one.position)
        return ends

    def whole(self, operations):
        run = Run(self.env, Lessons(), References(self.env, {}))
        return _ends_of(run_strict(run, operations, "rolled_back"))

    def end_of(self, execute, operations):
        """What the operations came to, and all that is stored; then all is undone."""
        savepoint = self.env.cr.savepoint()
        try:
            ends = execute()
            names = dict(self.before)
            for operation in operations:
                for place, one in enumerate(ends[operation.position].ids or ()):
                    label = f"of {operation.position}.{place}"
                    names.setdefault((operation.model, one), label)
            content = Picture(self.env, MODELS, names).content()
            named = {
                at: end._replace(ids=[names[operation.model, one] for one in end.ids or ()])
                for operation, (at, end) in zip(operations, sorted(ends.items()), strict=True)
            }
            return named, content
        finally:
            savepoint.close(rollback=True)
            self.env.registry.clear_cache()

    def assert_same(self, expected, found, told):
        for at, one in expected[0].items():
            other = found[0][at]
            if one.error in ("error", "load"):  # Odoo does not say what kind it is
                one, other = one._replace(error=None), other._replace(error=None)
            self.assertEqual(one, other, f"operation {at} of {told}")
        assert_same_rows(self, expected[1], found[1], "merged", told)

    @staticmethod
    def told(seed, how, operations):
        lines = (json.dumps({k: v for k, v in asdict(o).items() if v}) for o in operations)
        return "\n".join([f"seed {seed}, {how}:", *lines])


def _ends_of(outcomes):
    return {
        one.position: End(
            one.state,
            one.failure and one.failure.type,
            one.ids if one.state == "done" else None,
        )
        for one in outcomes
    }


def _some(model, *values):
    return lambda case: case.env[model].create(list(values)).ids


def _partners(case):
    partners = case.env[PARTNER]
    parents = partners.create(
        [
            {"name": "company", "is_company": True, "city": "Gent"},
            {"name": "bare company", "is_company": True},
            {"name": "person", "ref": "key 0"},
        ]
    )
    children = partners.create(
        [{"name": f"contact {place}", "parent_id": one.id} for place, one in enumerate(parents)]
    )
    children[0].ref = "key 1"
    return (parents | children).ids


def _trees(case):
    trees = case.env[TREE]
    roots = trees.create([{"name": f"key {place}"} for place in range(3)])
    child = trees.create({"name": "child", "parent_id": roots[0].id})
    blocked = trees.create({"name": "blocked", "blocker_id": roots[1].id})
    follower = trees.create({"name": "follower", "follower_of": roots[2].id})
    return (roots | child | blocked | follower).ids


def _currencies(case):
    currencies = case.env[CURRENCY]
    return currencies.create(
        [{"name": f"Z{place}0", "symbol": "z", "rounding": 0.01} for place in range(4)]
    ).ids


_MAKERS = {
    PARTNER: _partners,
    TAG: _some(TAG, *({"name": f"key {place}", "color": 1} for place in range(4))),
    CURRENCY: _currencies,
    KEY: _some(KEY, *({"name": f"k{place}", "code": f"key {place}"} for place in range(5))),
    ROW: _some(ROW, *({"name": f"w{place}", "code": f"key {place}"} for place in range(5))),
    VALUE: _some(VALUE, *({"name": f"w{place}", "number": place} for place in range(5))),
    TREE: _trees,
    ORDER: lambda case: (
        case.env[ORDER]
        .create(
            [
                {"name": f"o{place}", "partner_id": case.env.user.partner_id.id}
                | {"line_ids": [(0, 0, {"name": "line"})]}
                for place in range(4)
            ]
        )
        .ids
    ),
}
