"""The list of all screens: how each is reached. The pictures and the test of accessibility use it.

A screen of yours is one entry here: a path, what is there when it can be seen, and the steps of a
person from there on. Jobs are named as in `fill.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chromium import Page
from fill import Filled

FORM = ".o_form_view .o_batch_job_segments"
LIST = ".o_data_row .o_batch_job_segments, .o_kanban_record .o_batch_job_segments"  # of a phone

# elements that only their icon tells from their neighbours, in every language
OPEN_ACTIONS = """
    [...document.querySelectorAll(".o_cp_action_menus button")]
        .find((one) => one.querySelector(".fa-cog")).click()
"""
OPEN_RUN_IN_BATCHES = """
    [...document.querySelectorAll(".o_menu_item")]
        .find((one) => one.querySelector(".fa-tasks")).click()
"""

Step = Callable[[Page, Filled], None]


def click(selector: str) -> Step:
    return lambda page, _filled: page.click(selector)


def wait(selector: str) -> Step:
    return lambda page, _filled: page.wait(selector)


def gone(selector: str) -> Step:
    function = "css => !document.querySelector(css)"
    return lambda page, _filled: page.until(f"no {selector} any more", function, selector)


def evaluate(expression: str) -> Step:
    return lambda page, _filled: page.evaluate(expression)


def type_into(selector: str, text: str) -> Step:
    def step(page: Page, _filled: Filled) -> None:
        page.click(selector)
        page.type(text)

    return step


@dataclass(frozen=True)
class Screen:
    name: str  # of the picture
    path: str  # {partly} stands for the id of that job
    shows: str  # a selector; what is seen when the page is there
    steps: tuple[Step, ...] = ()
    user: str = "paula"
    height: int = 900  # pixels, of the wide one
    phone: bool = field(default=True, kw_only=True)
    rtl: bool = field(default=False, kw_only=True)  # pictured from right to left, too


SCREENS = (
    Screen("list", "/odoo/batch-jobs", LIST, rtl=True),
    Screen(
        "board",
        "/odoo/batch-jobs",
        LIST,
        (click(".o_switch_view.o_kanban"), wait(".o_kanban_record")),
        phone=False,  # there the list is the board
    ),
    Screen("partly_done", "/odoo/batch-jobs/{partly}", FORM, rtl=True),
    Screen("running", "/odoo/batch-jobs/{running}", FORM, rtl=True),
    Screen("paused", "/odoo/batch-jobs/{paused}", FORM),
    Screen("dry_run", "/odoo/batch-jobs/{dry_run}", FORM),
    Screen("done", "/odoo/batch-jobs/{done}", FORM),
    Screen("draft", "/odoo/batch-jobs/{draft}", ".o_form_view .o_form_statusbar"),
    Screen("later", "/odoo/batch-jobs/{later}", ".o_form_view .o_form_statusbar"),
    Screen(
        "cancel",
        "/odoo/batch-jobs/{running}",
        FORM,
        (click(".o_form_statusbar button[name=action_cancel]"), wait(".modal .modal-footer .btn")),
    ),
    Screen(
        "rows",
        "/odoo/batch-jobs/{partly}",
        FORM,
        (
            click(".oe_stat_button[name=action_open_failed]"),
            gone(".o_form_view"),
            wait(".o_list_view .o_data_row"),
        ),
        phone=False,  # there the button is in a menu
    ),
    Screen(
        "throughput",
        "/odoo/batch-jobs/{partly}",
        FORM,
        (click(".o_notebook .nav-link[name=throughput]"), wait(".o_notebook canvas")),
        phone=False,
    ),
    Screen(
        "runs",
        "/odoo/batch-jobs/{partly}",
        FORM,
        (click(".o_notebook .nav-link[name=runs]"), wait(".o_field_widget[name=event_ids]")),
    ),
    Screen(
        "correct",
        "/odoo/batch-jobs/{partly}",
        FORM,
        (click(".o_form_statusbar button[name=action_correct]"), wait(".modal .modal-footer .btn")),
        phone=False,
    ),
    Screen(
        "run_in_batches",
        "/odoo/action-base.action_partner_category_form",
        ".o_list_view .o_data_row",
        (
            click("thead .o_list_record_selector input"),
            wait(".o_cp_action_menus button"),
            evaluate(OPEN_ACTIONS),
            wait(".o_menu_item"),
            evaluate(OPEN_RUN_IN_BATCHES),
            wait("#batch_job_choice"),
        ),
        user="admin",
        phone=False,
    ),
    Screen("schedules", "/odoo/batch-job-schedules", ".o_view_nocontent_smiling_face"),
    Screen("row", "/odoo/m-batch.job.operation/{row}", ".o_form_view .o_field_widget[name=job_id]"),
    Screen("overview", "/odoo/batch-overview", ".o_batch_job_runners tr", user="marc", rtl=True),
    Screen("managers_form", "/odoo/batch-jobs/{partly}", FORM, user="marc"),
    Screen("nothing", "/odoo/batch-jobs", ".o_view_nocontent", user="nora"),
    Screen("settings", "/odoo/settings#batch_job", ".app_settings_block, .settings", user="admin"),
)


def show(page: Page, base: str, screen: Screen, filled: Filled) -> None:
    """Go to a screen and wait until it can be seen."""
    page.open("about:blank")
    page.open(base + screen.path.format(**filled.jobs))
    page.wait(screen.shows)
    for step in screen.steps:
        step(page, filled)
    gone(".o_loading_indicator")(page, filled)
    page.settle()
