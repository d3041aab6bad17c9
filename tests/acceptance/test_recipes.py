"""The pages of docs/recipes/ can be followed as they stand."""

import pytest
from samples import Reader, blocks
from waiting import wait_until


@pytest.fixture(scope="module")
def reader(server, database, tmp_path_factory):
    return Reader(tmp_path_factory.mktemp("recipes"), server, database.make_key())


def test_archive_recipe_archives_only_what_fits(reader, database, rpc):
    """Server code and the client archive those that fit the condition, and no other contact."""
    cities = {"Gent": 3, "Brugge": 2, "Hasselt": 1}
    names = [(city, f"Archived {city} {n}") for city, count in cities.items() for n in range(count)]
    rpc.call(
        "res.partner", "create", vals_list=[{"name": name, "city": city} for city, name in names]
    )
    server_code, program = blocks("docs/recipes/archive-40000-records.md", "python")
    reader.odoo_shell(server_code)
    assert reader.program(program).splitlines()[-1] == "done: 2 of 2"
    query = "SELECT name FROM res_partner WHERE name ~ '^Archived ' AND active"
    wait_until("all are archived", lambda: database.column(query) == ["Archived Hasselt 0"])


def test_migrate_recipe_makes_customers_with_addresses(reader, database):
    """The trial names the bad row, and the corrected file makes customers with their addresses."""
    make, trial, real = blocks("docs/recipes/migrate-customers-with-their-addresses.md", "sh")
    said = reader.command_line(make + trial)
    assert "3 succeeded, 1 failed" in said
    assert "country_id/code" in said.splitlines()[-1]
    real = [line for line in real.splitlines() if line]
    for _again in range(2):
        reader.command_line("\n".join(real))
    query = """
        SELECT p.ref, c.code, array_agg(a.ref ORDER BY a.ref) FROM res_partner p
          JOIN res_country c ON c.id = p.country_id LEFT JOIN res_partner a ON a.parent_id = p.id
         WHERE p.ref LIKE 'K-___' GROUP BY 1, 2 ORDER BY 1
    """
    made = [
        ("K-100", "NL", ["K-100-1", "K-100-2"]),
        ("K-101", "BE", ["K-101-1"]),
        ("K-102", "DE", [None]),
    ]
    assert database.rows(query) == made
    again, with_ids = blocks("docs/recipes/migrate-customers-with-their-addresses.md", "python")
    known = dict(database.rows("SELECT ref, id::text FROM res_partner WHERE ref LIKE %s", "K-___"))
    numbers = reader.program(f"{again}\nprint(open('ids.csv').read())").split()
    assert dict(line.split(",") for line in numbers) == known
    assert reader.program(with_ids) == "created 1\ncreated 1\n"
    assert database.rows(query) == [*made, ("K-200", "IT", ["K-200-1"])]


def test_react_recipe_calls_on_end(reader, database):
    """The method of `on_end` has renamed the record; that of the program has made one."""
    server_code, program = blocks("docs/recipes/react-when-it-is-done.md", "python")
    reader.odoo_shell(server_code)
    reader.program(program)
    query = "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' LIKE %s"
    ended = "Import of %: done"
    wait_until("both are called", lambda: database.value(query, ended) == 2)
