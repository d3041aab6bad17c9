"""An owner and a manager, each with a browser of their own."""

import re

from chromium import until
from fill import PASSWORD, PEOPLE, Filled

BAR = ".o_form_view .o_field_widget[name=progress] [role=progressbar]"
STATE = ".o_statusbar_status .o_arrow_button_current"
NAME = ".o_field_widget[name=name] :is(input, textarea)"


def make_people(rpc, database):
    """Ids by login."""
    ids = {}
    for login, (name, groups) in PEOPLE.items():
        values = {"name": name, "login": login, "password": PASSWORD}
        values["group_ids"] = [[6, 0, [_id_of(database, group) for group in groups]]]
        context = {"no_reset_password": True}
        [ids[login]] = rpc.call("res.users", "create", vals_list=[values], context=context)
    return ids


def _id_of(database, xml_id):
    module, name = xml_id.split(".")
    return database.value(
        "SELECT res_id FROM ir_model_data WHERE module = %s AND name = %s", module, name
    )


def log_in(browser, url, database, login):
    """A page of somebody's own browser."""
    page = browser.page()
    page.set_cookie(url, "session_id", Filled(url, database.name).session(login))
    page.size(1400, 900)
    return page


class JobForm:
    """The form of a job, as somebody has it open."""

    def __init__(self, page, url, job):
        self.page = page
        page.open(f"{url}/odoo/batch-jobs/{job}")
        page.wait(BAR)

    @property
    def state(self):
        return self.page.text(STATE)

    @property
    def done(self):
        """How many the bar says are done."""
        words = self.page.call("css => document.querySelector(css).ariaValueText", BAR)
        found = re.search(r"([\d,]+) done", words)
        return int(found[1].replace(",", "")) if found else 0

    def until_state(self, state, patience=60):
        until(f"the form says {state}", lambda: self.state == state, patience)

    def until_done(self, count, patience=60):
        until(f"the form says {count} done", lambda: self.done == count, patience)

    def press(self, button):
        self.page.click(f".o_form_statusbar button[name={button}]")
