"""The list of all screens: how each is reached. The pictures and the test of accessibility use it.

A screen of yours is one entry here: a path, what is there when it can be seen, and the steps of a
person from there on. Jobs are named as in `fill.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chromium import Page
from fill import Filled, customers

FORM = ".o_form_view .o_batch_job_segments"
LIST = ".o_data_row .o_batch_job_segments, .o_kanban_record .o_batch_job_segments"  # of a phone

CONTACTS = "/odoo/action-base.action_partner_form"
CONTACT = ".o_list_view .o_data_row, .o_kanban_view .o_kanban_record"  # of a phone
# submitted by the page of another app: the server tells its owner when it has ended
SUBMIT = """async (operations) => {
    const params = { model: "batch.job", method: "submit", args: [operations], kwargs: {
        name: "Addresses of the fair" } };
    await fetch("/web/dataset/call_kw/batch.job/submit", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", method: "call", params }),
    });
}"""
# each marks the element that it finds, and gives whether there is one
CHOOSE_TEXT = """(css, texts) => {
    const found = [...document.querySelectorAll(css)];
    const has = (one) => texts.includes(one.textContent.trim());
    const one = found.find((one) => one.checkVisibility() && has(one));
    one?.setAttribute("data-chosen", texts[0]);
    return Boolean(one);
}"""
CHOOSE_ICON = """(css, icon) => {
    const found = [...document.querySelectorAll(css)];
    const one = found.find((one) => one.checkVisibility() && one.querySelector(icon));
    one?.setAttribute("data-chosen", icon);
    return Boolean(one);
}"""

Step = Callable[[Page, Filled], None]


def click(selector: str) -> Step:
    return lambda page, _filled: page.click(selector)


def wait(selector: str) -> Step:
    return lambda page, _filled: page.wait(selector)


def gone(selector: str) -> Step:
    function = "css => !document.querySelector(css)"
    return lambda page, _filled: page.until(f"no {selector} any more", function, selector)


def click_text(selector: str, *texts: str) -> Step:
    """Click on the first element with a text, which it may have in several languages."""

    def step(page: Page, _filled: Filled) -> None:
        page.until(f"{selector} with the text {texts[0]}", CHOOSE_TEXT, selector, texts)
        page.click(f'[data-chosen="{texts[0]}"]')

    return step


def click_icon(selector: str, icon: str) -> Step:
    """Click on the first element with an icon: only that tells it in every language."""

    def step(page: Page, _filled: Filled) -> None:
        page.until(f"{selector} with {icon}", CHOOSE_ICON, selector, icon)
        page.click(f'[data-chosen="{icon}"]')

    return step


def choose_file(selector: str) -> Step:
    return lambda page, filled: page.choose_files(selector, filled.file)


def submit(count: int) -> Step:
    return lambda page, _filled: page.call(SUBMIT, list(customers(count)))


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
    ours: tuple[str, ...] = ()  # where the page is another app's: what of it is ours
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
        phone=False,  # there the button is in a menu
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
        CONTACTS,
        ".o_list_view .o_data_row",
        (
            click("thead .o_list_record_selector input"),
            click(".o_selection_container .o_select_domain"),
            click_icon(".o_cp_action_menus button", ".fa-cog"),
            click_icon(".o_menu_item", ".fa-tasks"),
            click(".o_batch_job_run_add input"),
            click_text(".o_select_menu_item", "City", "Ville", "Stadt", "Ort"),
            type_into(".o_batch_job_run_value input", "Gent"),
        ),
        ours=(".modal",),
        phone=False,  # there a list has no selection
    ),
    Screen(
        "import_file",
        CONTACTS,
        CONTACT,
        (
            click(".o_cp_action_menus .fa-cog"),
            click(".o_import_menu"),
            wait(".o_control_panel .o_import_file"),
            choose_file(".o_control_panel .o_input_file"),
            wait("button[name=import_in_background]:enabled"),
        ),
        ours=(".o_import_in_background", ".o_import_key"),
        phone=False,  # there the gear menu does not import
    ),
    Screen("schedules", "/odoo/batch-job-schedules", ".o_data_row, .o_kanban_record"),
    Screen("schedule", "/odoo/batch-job-schedules/{schedule}", ".o_form_view .o_form_sheet"),
    Screen("row", "/odoo/m-batch.job.operation/{row}", ".o_form_view .o_field_widget[name=job_id]"),
    Screen("overview", "/odoo/batch-overview", ".o_batch_job_runners tr", user="marc", rtl=True),
    Screen("managers_form", "/odoo/batch-jobs/{partly}", FORM, user="marc"),
    Screen("nothing", "/odoo/batch-jobs", ".o_view_nocontent", user="nora"),
    Screen("settings", "/odoo/settings#batch_job", ".app_settings_block, .settings", user="admin"),
    Screen(
        "own_addon",
        "/odoo/action-base.action_partner_category_form/{tag}",
        ".o_form_view .o_batch_job_segments",
        height=480,
        ours=(".o_field_widget[name=job_id]",),
        phone=False,
    ),
    # the last one: it makes a job
    Screen(
        "toast",
        CONTACTS,
        CONTACT,
        (submit(80), wait(".o_batch_job_toast")),
        ours=(".o_notification_manager",),
    ),
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
