"""Every screen of `scripts/_screens/screens.py` for those who cannot see or use a mouse."""

import os
import re
from pathlib import Path

import pytest
from chromium import Chromium
from fill import Fill, at_work
from keyboard import arrow_to, focused_name, letters, walk
from odoo_batch_job import Client
from screens import SCREENS, show

ROWS = 200  # of the larger jobs
WIDTHS = (1400, 420)  # pixels
NARROW = ("partly_done", "overview")  # tried on a phone, too
IN_EVERY_RUN = NARROW  # a page takes seconds: the others are tried in `long`
WORST = ("serious", "critical")
# what is around our screens, a menu or the user's name, is not tried
OURS = (".o_action_manager", ".modal", ".o_notification_manager")
# what Odoo makes by itself within our screens: (rules, where) and what is wrong there
ODOOS = {
    ("*", ".o_control_panel"): "the search bar, the pager and the breadcrumbs",
    ("aria-required-parent", ".o_notebook_headers, .settings_tab"): "tabs without a tab list",
    ("image-alt", ".o_m2o_avatar"): "pictures of users without a text",
    ("button-name", ".o_optional_columns_dropdown"): "the choice of columns has no name",
    ("label", ".o_list_record_selector"): "boxes that select rows have no label",
    ("aria-dialog-name", ".modal"): "a dialog is not named by its title",
    ("color-contrast", ".badge, .ribbon"): "the theme's colours of badges and ribbons",
    ("color-contrast", ".text-muted, .o_form_label"): "the theme's greys",
    ("aria-allowed-attr", ".o_select_menu"): "a menu's box says that it is expanded",
    ("autocomplete-valid", ".o_select_menu"): "a menu's input has an autocomplete of its own",
    ("*", ".o_settings_container .o_setting_left_pane"): "boxes of the settings",
}
RUN = """async (ours, odoos) => {
    const include = ours.filter(css => document.querySelector(css)).map(css => [css]);
    const isOdoos = (rule, target) => odoos.some(([which, css]) =>
        ["*", rule].includes(which) && document.querySelector(target[0])?.closest(css));
    const found = await axe.run({ include }, { resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, impact, nodes }) =>
        nodes.filter(({ target }) => !isOdoos(id, target)).map(({ target, html }) =>
            [impact, `${id}: ${target.join(" ")}: ${html.slice(0, 300)}`])
    );
}"""


IN_SEARCH = "() => document.activeElement.matches('.o_searchview_input')"
HAS_RETRY = "() => document.activeElement.ariaLabel?.startsWith('Retry')"
NO_DIALOG = "() => !document.querySelector('.modal')"
BAR = """() => {
    const bar = document.querySelector(".o_form_view [role=progressbar]");
    return [bar.ariaValueMin, bar.ariaValueNow, bar.ariaValueMax, bar.ariaValueText];
}"""


@pytest.fixture(scope="module")
def axe():
    path = Path(os.environ["BATCH_JOB_AXE"])
    assert path.exists(), "axe-core is missing: scripts/setup browser gets it, and needs npm"
    return path.read_text()


@pytest.fixture(scope="module")
def server_options():
    """Threads of one process: nothing here is about processes, and each would load Odoo anew."""
    return {"workers": 0}


@pytest.fixture(scope="module")
def filling(server, database):
    key = database.make_key()
    with Client(server.url, database=database.name, api_key=key) as admin:
        made = Fill(server.url, database.name, admin, database.make_key)
        made.people()
        made.of_paula(ROWS)
        yield made


@pytest.fixture(scope="module")
def filled(filling):
    with at_work(filling.filled):
        yield filling.filled


@pytest.fixture(scope="module")
def all_filled(filling, filled, database):
    """With what only a few screens show."""
    filling.schedules()
    filling.own_addon()
    database.rows("DELETE FROM bus_bus")  # the next page would show the toasts of their jobs


@pytest.fixture(scope="module")
def pages(filled):
    """A page for each person, by login."""

    class Pages(dict):
        def __missing__(self, login):
            self[login] = page = browser.page()
            page.set_cookie(filled.url, "session_id", filled.session(login))
            return page

    with Chromium() as browser:
        yield Pages()


@pytest.fixture
def shown(filled, pages):
    """Opens a screen by its name, wide unless told; gives the page."""

    def shown(name, width=WIDTHS[0]):
        [screen] = [one for one in SCREENS if one.name == name]
        page = pages[screen.user]
        page.size(width, screen.height)
        show(page, filled.url, screen, filled)
        return page

    return shown


@pytest.mark.parametrize(
    "screen",
    [
        pytest.param(one, id=one.name, marks=[] if one.name in IN_EVERY_RUN else [pytest.mark.long])
        for one in SCREENS
    ],
)
def test_axe_finds_nothing_serious(request, shown, axe, screen):
    """axe-core finds nothing serious or critical on the screen."""
    if screen.name not in IN_EVERY_RUN:
        request.getfixturevalue("all_filled")
    for width in WIDTHS if screen.name in NARROW else WIDTHS[:1]:
        page = shown(screen.name, width)
        page.evaluate(f"{axe}; undefined")
        found = page.call(RUN, list(screen.ours or OURS), list(ODOOS))
        worst = [text for impact, text in found if impact in WORST]
        assert not worst, "\n".join([f"at {width} pixels:", *worst])


def assert_reached(page, scope, least):
    """Tab goes through all of a scope, in reading order; each stop is seen and has a name."""
    usable, stops = walk(page, scope)
    assert len(usable) >= least
    reached = [stop.number for stop in stops]
    missing = [html for number, html in enumerate(usable) if number not in reached]
    assert missing == []
    assert reached == sorted(reached)
    assert [stop.html for stop in stops if not stop.name and not stop.is_odoos] == []
    assert [stop.html for stop in stops if not stop.is_marked] == []
    assert [stop.html for stop in stops if not stop.is_in_view] == []
    steps = zip(stops, stops[1:], strict=False)
    assert [(one.html, next.html) for one, next in steps if next.goes_back(one)] == []


@pytest.mark.parametrize(
    ("name", "scope", "least"),
    [
        ("partly_done", ".o_form_statusbar, .o_form_sheet", 12),
        pytest.param("overview", ".o_batch_job_overview_content", 6, marks=pytest.mark.long),
        pytest.param("running", ".o_form_statusbar, .o_form_sheet", 6, marks=pytest.mark.long),
        pytest.param("rows", ".o_content", 1, marks=pytest.mark.long),
        pytest.param("row", ".o_form_statusbar, .o_form_sheet", 3, marks=pytest.mark.long),
        pytest.param("run_in_batches", ".modal", 6, marks=pytest.mark.long),
        pytest.param("cancel", ".modal", 2, marks=pytest.mark.long),
    ],
)
def test_tab_reaches_everything(shown, name, scope, least):
    """The Tab key goes through everything that a mouse can use, in reading order; each stop looks
    different while it has the focus, and has a name."""
    assert_reached(shown(name), scope, least)


def assert_letters(page, *names):
    """While Alt is held, each of these buttons shows a letter, and no letter stands twice."""
    found = letters(page)
    shown = [letter for _name, letter in found]
    assert sorted(shown) == sorted(set(shown)), found
    by_name = dict(found)
    assert set(names) <= by_name.keys(), found
    return by_name


def test_hotkeys(shown):
    """Odoo's hotkeys reach the buttons of a form, open its dialogs and close them. Tab and Enter
    ask about the retry of a cause, and after Escape the focus is where it was."""
    page = shown("partly_done")
    shown_letters = assert_letters(page, "Retry Failed", "Correct", "Download", "Duplicate")

    page.press(shown_letters["Correct"], "Alt")
    page.wait(".modal .modal-footer button[name=action_check]")
    inside = assert_letters(page, "Check the File", "Close")
    assert_reached(page, ".modal-content", 3)
    page.press(inside["Close"], "Alt")
    page.until("no dialog any more", NO_DIALOG)

    page.call("() => document.querySelector('.o_batch_job_cause button').focus()")
    page.press("Tab")
    page.press("Tab")
    assert re.match(r"Retry the \d+ rows: ", focused_name(page))
    page.press("Enter")
    page.wait(".modal .modal-footer .btn-primary")
    assert_letters(page, "Retry", "Go Back")
    assert_reached(page, ".modal-content", 2)
    page.press("Escape")
    page.until("no dialog any more", NO_DIALOG)
    page.until("its button has the focus", HAS_RETRY)


def test_rows_by_keyboard(shown):
    """From the form the number of failed rows opens them, the arrow and Enter open a row, and a
    hotkey its cells."""
    page = shown("partly_done")
    page.call("() => document.querySelector('.oe_stat_button[name=action_open_failed]').focus()")
    page.press("Enter")
    page.wait(".o_list_view .o_data_row")
    page.until("the search has the focus", IN_SEARCH)
    arrow_to(page, ".o_data_row")
    page.press("Enter")
    page.wait(".o_form_view .o_field_widget[name=error_text]")
    page.press(assert_letters(page, "Edit and Retry")["Edit and Retry"], "Alt")
    page.wait(".modal .o_field_widget[name=cell_ids] .o_data_row")
    page.press(assert_letters(page, "Save and Run", "Close")["Close"], "Alt")
    page.until("no dialog any more", NO_DIALOG)


@pytest.mark.long
def test_hotkeys_of_other_screens(shown):
    """The same on the form of a job at work, in the question before a cancel, and in the dialogs
    that start a job."""
    page = shown("running")
    cancel = assert_letters(page, "Pause", "Cancel", "Refresh")["Cancel"]
    page.press(cancel, "Alt")
    page.wait(".modal .modal-footer .btn-danger")
    page.press(assert_letters(page, "Cancel the Job", "Go Back")["Go Back"], "Alt")
    page.until("no dialog any more", NO_DIALOG)
    assert_letters(shown("run_in_batches"), "Start", "Try First", "Schedule", "Discard")
    assert_letters(shown("import_file"), "Import in Background", "Test in Background")


def test_bar_is_announced(shown):
    """A screen reader is told the bar in words and as a number, and a polite region says what
    changes."""
    page = shown("running")
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    bars = [one for one in nodes if one.get("role", {}).get("value") == "progressbar"]
    assert [one["name"]["value"] for one in bars] == ["Progress"]
    *numbers, words = page.call(BAR)
    assert numbers == ["0", "55", "100"]
    assert re.fullmatch(r"55 %: 111 done, .*89 left, of 200", words), words
    live = "() => document.querySelector('.o_form_view [aria-live=polite]') !== null"
    assert page.call(live)
