"""What was once wrong on the screens of jobs, and is written in their views and texts."""

import re
from pathlib import Path

from lxml import etree

from odoo.tests import tagged
from odoo.tools import file_open
from odoo.tools.safe_eval import safe_eval

from .test_views import ViewsCase, create

QUOTING = ("error", "stopped_text", "stalled_reason", "on_end_error", "name", "what")


@tagged("post_install", "-at_install")
class TestScreenFaults(ViewsCase):
    def nodes(self, kind, path):
        arch = self.env["batch.job"].with_user(self.owner).get_view(view_type=kind)["arch"]
        found = etree.fromstring(arch).xpath(path)
        self.assertTrue(found, f"no {path} in the {kind}")
        return found

    def is_shown(self, node, **values):
        return not safe_eval(node.get("invisible"), values)

    def test_what_is_left_in_every_end(self):
        """Where a cancel has kept rows from running, each ended state offers to run them."""
        [button] = self.nodes("form", "//button[@name='action_retry_cancelled']")
        known = {"cancelled": 2, "queued_at": "2026-11-27", "keeps_rows": True}
        states = dict(self.env["batch.job"]._fields["state"].selection)
        shown = {state for state in states if self.is_shown(button, state=state, **known)}
        self.assertEqual(shown, {"partial", "failed", "cancelled"})
        self.assertFalse(self.is_shown(button, state="partial", **{**known, "cancelled": 0}))

    def test_a_draft_says_what_it_is(self):
        """A draft with rows says that nothing was done yet, an empty one what it waits for."""
        [filled] = self.nodes("form", "//div[contains(., 'A draft: nothing has been done yet')]")
        [empty] = self.nodes("form", "//div[contains(., 'An empty draft')]")
        for state, total, shown in (
            ("draft", 5, (True, False)),
            ("draft", 0, (False, True)),
            ("running", 5, (False, False)),
        ):
            found = tuple(self.is_shown(one, state=state, total=total) for one in (filled, empty))
            self.assertEqual(found, shown, (state, total))

    def test_sentences_find_their_direction(self):
        """What is English in a right-to-left page, or the other way round, is not scrambled."""
        finds = "ancestor-or-self::*[@dir='auto' or contains(@class, 'o_batch_job_text')]"
        for name in QUOTING:
            for node in self.nodes("form", f"//field[@name='{name}']"):
                self.assertTrue(node.xpath(finds), name)
        for name in ("name", "what"):
            [node] = self.nodes("list", f"//field[@name='{name}']")
            self.assertIn("o_batch_job_text", node.get("class"))

    def test_the_board(self):
        """It is grouped by state, and goes on by itself."""
        [board] = self.nodes("kanban", "/kanban")
        found = board.get("default_group_by"), board.get("js_class")
        self.assertEqual(found, ("state", "batch_job_kanban"))

    def test_a_stalled_queue_is_a_warning(self):
        """In the list, on the board and on the form, and not a piece of news among others."""
        [table] = self.nodes("list", "/list")
        self.assertEqual(table.get("decoration-warning"), "stalled_reason")
        reason = "[.//field[@name='stalled_reason']]"
        self.assertEqual(len(self.nodes("kanban", f"//div[@class='text-warning']{reason}")), 1)
        [alert] = self.nodes("form", f"//div[@role='alert']{reason}")
        self.assertIn("alert-warning", alert.get("class").split())

    def test_the_first_screen_is_for_people(self):
        """Who has no job reads how to start one from a list, and nothing of server code."""
        action = self.env.ref("batch_job.batch_job_action")
        for words in ("Run in Batches", "Import in Background"):
            self.assertIn(words, action.help)
        self.assertNotIn("server code", action.help)

    def test_times_have_fractions(self):
        """A job of a tenth of a second did not take no time: its times are as exact as a clock."""
        job = self.execute(create(name="A"))
        self.env.cr.execute(
            "SELECT finished_at - started_at > interval '0' FROM batch_job WHERE id = %s", job.ids
        )
        self.assertEqual(self.env.cr.fetchone(), (True,))
        self.change(job, started_at="2026-11-27 12:00:00.25", finished_at="2026-11-27 12:00:00.5")
        status = job.status()
        self.assertEqual(status["started_at"], "2026-11-27T12:00:00.250000+00:00")
        self.assertEqual(status["finished_at"], "2026-11-27T12:00:00.500000+00:00")

    def test_what_is_said_of_odoos_import(self):
        """The page about other ways knows how many rows Odoo's own dialog sends at once."""
        with file_open("base_import/static/src/import_model.js") as source:
            [rows] = re.findall(r"\blimit: \{\s*value: (\d+),", source.read())
        page = Path(__file__).parent.parent / "docs/when-to-use.md"
        self.assertIn(f"batches of {int(rows):,} rows", page.read_text())
