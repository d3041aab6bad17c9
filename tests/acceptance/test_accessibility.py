"""Every screen of `scripts/_screens/screens.py` for those who cannot see or use a mouse."""

import os
import re
from pathlib import Path

import pytest
from chromium import Chromium
from door import Door
from fill import Fill, at_work
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


@pytest.fixture(scope="module")
def axe():
    path = Path(os.environ["BATCH_JOB_AXE"])
    assert path.exists(), "axe-core is missing: scripts/setup browser gets it, and needs npm"
    return path.read_text()


@pytest.fixture(scope="module")
def filled(server, database):
    with (
        Door(server) as door,
        Client(door.url, database=database.name, api_key=database.make_key()) as admin,
    ):
        filling = Fill(door.url, database.name, admin, database.make_key)
        filling.people()
        filling.of_paula(ROWS)
        with at_work(filling.filled):
            yield filling.filled


@pytest.fixture(scope="module")
def pages(filled):
    """A page for each person, by login."""
    with Chromium() as browser:
        found = {}
        for login in {screen.user for screen in SCREENS}:
            found[login] = browser.page()
            found[login].set_cookie(filled.url, "session_id", filled.session(login))
        yield found


@pytest.mark.parametrize(
    "screen",
    [
        pytest.param(one, id=one.name, marks=[] if one.name in IN_EVERY_RUN else [pytest.mark.long])
        for one in SCREENS
    ],
)
def test_axe_finds_nothing_serious(filled, pages, axe, screen):
    """axe-core finds nothing serious or critical on the screen."""
    page = pages[screen.user]
    for width in WIDTHS if screen.name in NARROW else WIDTHS[:1]:
        page.size(width, screen.height)
        show(page, filled.url, screen, filled)
        page.evaluate(f"{axe}; undefined")
        found = page.call(RUN, list(OURS), list(ODOOS))
        worst = [text for impact, text in found if impact in WORST]
        assert not worst, "\n".join([f"at {width} pixels:", *worst])


# what can be used, and the order of the keyboard: nothing visible is left out
USABLE = """scope => [...document.querySelectorAll(scope)].flatMap(root =>
    [...root.querySelectorAll("button, a[href], input, select, textarea, summary, [tabindex='0']")]
).filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled
    && one.tabIndex >= 0 && !one.closest("[inert], .o_invisible_modifier"))
 .map((one, number) => (one.dataset.usable = number, one.outerHTML.slice(0, 120)))"""
FOCUSED = "() => document.activeElement?.dataset.usable ?? null"


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("partly_done", ".o_form_statusbar, .o_form_sheet"),
        ("overview", ".o_batch_job_overview_content"),
    ],
)
def test_keyboard_reaches_everything(filled, pages, name, scope):
    """The Tab key goes through everything that a mouse can use, and to each only once."""
    [screen] = [one for one in SCREENS if one.name == name]
    page = pages[screen.user]
    page.size(WIDTHS[0], screen.height)
    show(page, filled.url, screen, filled)
    usable = page.call(USABLE, scope)
    assert len(usable) > 5
    reached = []
    for _press in range(len(usable) + 60):  # the bars of Odoo have some, too
        page.press("Tab")
        reached.append(page.call(FOCUSED))
    missing = [html for number, html in enumerate(usable) if str(number) not in reached]
    assert missing == []


def test_bar_is_announced(filled, pages):
    """A screen reader is told the bar in words, and a polite region says what changes."""
    [screen] = [one for one in SCREENS if one.name == "running"]
    page = pages[screen.user]
    show(page, filled.url, screen, filled)
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    bars = [one for one in nodes if one.get("role", {}).get("value") == "progressbar"]
    assert [one["name"]["value"] for one in bars] == ["Progress"]
    words = page.call(
        "() => document.querySelector('.o_form_view [role=progressbar]').ariaValueText"
    )
    assert re.fullmatch(r"55 %: 111 done, .*89 left, of 200", words), words
    live = "() => document.querySelector('.o_form_view [aria-live=polite]') !== null"
    assert page.call(live)
