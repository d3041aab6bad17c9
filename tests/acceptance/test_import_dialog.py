"""A large file through Odoo's import dialog in a browser, with Odoo's own time limits."""

import csv

import pytest
import xlsxwriter
from browser import open_browser
from exactness import assert_counters

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

ROWS = 50_000
COUNTRIES = ("Belgium", "France", "Germany", "Austria")
TITLES = [
    "name",
    "ref",
    "email",
    "street",
    "city",
    "zip",
    "country_id",
    "category_id",
    "is_company",
]


def rows(kind):
    """Rows whose references tell the files apart."""
    for number in range(ROWS):
        yield [
            f"Partner {number}", f"{kind}-{number}", f"p{number}@example.com",
            f"Street {number % 99}", f"City {number % 500}", f"{number % 9000:04}",
            COUNTRIES[number % 4], ("", "One", "Two", "One,Two")[number % 4],
            "1" if number % 3 else "0",
        ]  # fmt: skip


def write_csv(path):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([TITLES, *rows(path.suffix[1:])])


def write_xlsx(path):
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([TITLES, *rows(path.suffix[1:])]):
            sheet.write_row(number, 0, row)


WRITERS = {"csv": write_csv, "xlsx": write_xlsx}


@pytest.fixture(scope="module")
def tags(rpc):
    names = [{"name": "One"}, {"name": "Two"}]
    return rpc.call("res.partner.category", "create", vals_list=names)


@pytest.mark.parametrize("kind", WRITERS)
def test_large_file_becomes_one_record_a_row(database, server, rpc, say, tags, tmp_path, kind):
    """50,000 rows with relations are submitted within the limits of a request; the tab is closed,
    and each row becomes one record that is right."""
    path = tmp_path / f"partners {kind}.{kind}"
    WRITERS[kind](path)
    with open_browser() as browser:
        tab = browser.open_tab(f"{server.url}/web/login?db={database.name}")
        tab.log_in()
        tab.wait_for(".o_main_navbar")
        tab.call("Page.navigate", url=f"{server.url}/odoo/action-base.action_partner_form")
        tab.click(".o_cp_action_menus .fa-cog")
        tab.click(".o_import_menu")
        tab.choose_file(".o_control_panel .o_input_file", path)
        tab.click("button[name=import_in_background]:enabled")
        begun = database.now()
        tab.wait_for(".o_form_view", path.name)
        submitted = database.now()
        tab.close()
    (job,) = database.column("SELECT id FROM batch_job WHERE name = %s", path.name)
    status = rpc.wait(job, patience=1200)
    assert_counters(status, "done", succeeded=ROWS)
    seconds = (submitted - begun).total_seconds()
    say(f"{kind}: submitted within {seconds:.1f} s, {status['rate']:.0f} rows/s")
    assert_partners(database, kind)


def assert_partners(database, kind):
    found = database.rows(
        """
        SELECT p.name, p.ref, p.email, p.street, p.city, p.zip, c.name->>'en_US',
               (SELECT string_agg(t.name->>'en_US', ',' ORDER BY t.name->>'en_US')
                  FROM res_partner_res_partner_category_rel r
                  JOIN res_partner_category t ON t.id = r.category_id
                 WHERE r.partner_id = p.id),
               p.is_company
          FROM res_partner p
          JOIN res_country c ON c.id = p.country_id
         WHERE p.ref LIKE %s
        """,
        f"{kind}-%",
    )
    expected = [(*row[:7], row[7] or None, row[8] == "1") for row in rows(kind)]
    assert len(found) == ROWS
    assert sorted(found) == sorted(expected, key=lambda row: (row[0], row[1]))
