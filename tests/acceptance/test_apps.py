"""Odoo's large apps in one database: `account`, `stock` and `sale` with `mail`, and all that Odoo
installs with them. Imports, and the buttons of their forms in batches, checked to the last record.
"""

import pytest
from apps import install_apps
from exactness import assert_counters
from office import PATIENCE, failures, import_rows, messages, press, press_one, run_in_batches

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

CUSTOMERS, PRODUCTS, INVOICES, ORDERS = 200, 120, 80, 40


@pytest.fixture(scope="module")
def database(database, log_folder):
    install_apps(database, log_folder / "install_apps.log", "mail", "account", "stock", "sale")
    # in a database of a minute it goes on and on, and takes a cron worker from the jobs
    database.rows("UPDATE ir_cron SET active = FALSE WHERE id = 1 RETURNING id")
    return database


@pytest.fixture(scope="module")
def customers(database, rpc):
    """Ids of imported customers; one row of the file is bad."""
    rows = [["name", "ref", "email", "country_id", "property_payment_term_id"]]
    for number in range(CUSTOMERS):
        term = ("", "30 Days")[number % 2]
        mail = f"c{number}@example.com"
        rows.append([f"Customer {number}", f"C-{number}", mail, "Belgium", term])
    rows.insert(100, ["Nobody", "C-bad", "", "Nowhere", ""])
    status = import_rows(rpc, "res.partner", rows)
    assert_counters(status, "partial", succeeded=CUSTOMERS, failed=1)
    return database.column("SELECT id FROM res_partner WHERE ref LIKE 'C-%%' ORDER BY id")


@pytest.fixture(scope="module")
def products(database, rpc):
    """Ids of imported goods that are kept in stock; one has the barcode of another."""
    rows = [["name", "default_code", "list_price", "is_storable", "barcode"]]
    for number in range(PRODUCTS):
        rows.append([f"Thing {number}", f"P-{number}", f"{number}.50", "1", f"54000{number:05}"])
    rows.insert(50, ["Double", "P-bad", "1", "1", "5400000007"])
    status = import_rows(rpc, "product.product", rows)
    assert_counters(status, "partial", succeeded=PRODUCTS, failed=1)
    return database.column(
        "SELECT id FROM product_product WHERE default_code LIKE 'P-%%' ORDER BY id"
    )


def make_one_by_one(rpc, model, made):
    """A job that creates records; gives their ids."""
    job = rpc.submit([{"op": "create", "model": model, "values": values} for values in made])
    assert_counters(rpc.wait(job, patience=PATIENCE), "done", succeeded=len(made))
    return [one["ids"][0] for one in rpc.results(job)]


def test_imported_customers(database, customers):
    """Each good row is one customer with its country and its payment term, and has one message
    that it was created; the bad row left nothing."""
    assert len(customers) == CUSTOMERS
    rows = database.rows(
        "SELECT p.ref, p.name, c.code, p.property_payment_term_id IS NOT NULL"
        " FROM res_partner p JOIN res_country c ON c.id = p.country_id WHERE p.id = ANY(%s)",
        customers,
    )
    expected = {(f"C-{n}", f"Customer {n}", "BE", n % 2 == 1) for n in range(CUSTOMERS)}
    assert {*rows} == expected
    ((_type, _subtype, count, _tracked),) = _only(messages(database, "res.partner", customers))
    assert count == 1


def test_imported_products(database, products):
    """Each good row is one product, with its template and its price."""
    rows = database.rows(
        "SELECT p.default_code, t.list_price::float, t.is_storable FROM product_product p"
        " JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.id = ANY(%s)",
        products,
    )
    assert {*rows} == {(f"P-{n}", n + 0.5, True) for n in range(PRODUCTS)}
    assert len(_only(messages(database, "product.template", _templates(database, products)))) == 1


def test_invoices(database, rpc, customers, products):
    """*Confirm* posts each draft invoice that can be posted, with consecutive numbers and the
    messages that a person's click makes; one that is posted and an empty one are named."""
    made = [
        {
            "move_type": "out_invoice",
            "partner_id": customers[n],
            "ref": "batch",
            "invoice_date": "2026-03-01",
            "invoice_line_ids": [
                [0, 0, {"product_id": products[n % 50], "quantity": 2, "price_unit": 10 + n}]
            ],
        }
        for n in range(INVOICES)
    ]
    made[30] |= {"invoice_line_ids": []}
    invoices = make_one_by_one(rpc, "account.move", made)
    posted, empty = invoices[70], invoices[30]
    press_one(rpc, "account.move", posted, "action_post")
    domain = [["ref", "=", "batch"]]
    status = press(rpc, "account.move", domain, "action_post")
    assert_counters(status, "partial", succeeded=INVOICES - 2, failed=2)
    named = {empty: "user_error", posted: "not_offered"}
    assert failures(rpc, status["id"]) == sorted(named.items())
    rows = database.rows(
        "SELECT sequence_number, amount_untaxed::float, id FROM account_move"
        " WHERE ref = 'batch' AND state = 'posted' ORDER BY sequence_number"
    )
    assert [number for number, _amount, _id in rows] == list(range(1, INVOICES))
    untaxed = {one: 2.0 * (10 + n) for n, one in enumerate(invoices) if one != empty}
    assert {one: amount for _number, amount, one in rows} == untaxed
    names = database.column("SELECT DISTINCT name FROM account_move WHERE ref = 'batch'")
    assert len(names) == INVOICES  # that of the draft is empty
    _only(messages(database, "account.move", untaxed))  # as that which was posted by hand


def test_posted_invoices_keep_their_date(database, rpc, customers, products):
    """The date of an invoice is read-only once it is posted, in the list and in the form."""
    line = [0, 0, {"product_id": products[0], "quantity": 1, "price_unit": 5}]
    given = {"move_type": "out_invoice", "ref": "dated", "invoice_date": "2026-03-01"}
    made = [{**given, "partner_id": one, "invoice_line_ids": [line]} for one in customers[:20]]
    invoices = make_one_by_one(rpc, "account.move", made)
    press(rpc, "account.move", [["id", "in", invoices[5:]]], "action_post")
    values = {"invoice_date": "2026-04-01"}
    status = run_in_batches(
        rpc, "account.move", [["ref", "=", "dated"]], kind="update", values=values
    )
    assert_counters(status, "partial", succeeded=5, failed=15)
    assert failures(rpc, status["id"]) == [(one, "not_offered") for one in sorted(invoices[5:])]
    dates = database.rows("SELECT id, invoice_date::text FROM account_move WHERE ref = 'dated'")
    wanted = {one: "2026-04-01" if one in invoices[:5] else "2026-03-01" for one in invoices}
    assert dict(dates) == wanted


def test_sales_and_transfers(database, rpc, customers, products):
    """*Confirm* confirms each quotation and makes its transfer; *Validate* does each transfer for
    which all is there. One that would open a form for a backorder needs a person, and one for which
    there is nothing is refused by Odoo; both are left as they were."""
    plenty, scarce = products[0], products[1]
    stock = database.value("SELECT lot_stock_id FROM stock_warehouse ORDER BY id LIMIT 1")
    for product, quantity in ((plenty, 10 * ORDERS), (scarce, 5)):
        quant = {"product_id": product, "location_id": stock, "inventory_quantity": quantity}
        ids = rpc.call("stock.quant", "create", vals_list=[quant])
        rpc.call("stock.quant", "action_apply_inventory", ids=ids)

    def order(number, product, quantity):
        line = [0, 0, {"product_id": product, "product_uom_qty": quantity}]
        of = {"partner_id": customers[number], "client_order_ref": "batch"}
        return {**of, "order_line": [line]}

    made = [order(n, plenty, 2) for n in range(ORDERS)]
    orders = make_one_by_one(rpc, "sale.order", [*made, order(7, scarce, 10), order(8, scarce, 10)])
    press_one(rpc, "sale.order", orders[3], "action_confirm")
    status = press(rpc, "sale.order", [["client_order_ref", "=", "batch"]], "action_confirm")
    assert_counters(status, "partial", succeeded=ORDERS + 1, failed=1)
    assert failures(rpc, status["id"]) == [(orders[3], "not_offered")]
    _only(messages(database, "sale.order", orders))  # as that which was confirmed by hand
    rows = database.rows(
        "SELECT sale_id, id, state FROM stock_picking WHERE sale_id = ANY(%s) ORDER BY id", orders
    )
    assert sorted(one for one, _picking, _state in rows) == sorted(orders), "one transfer each"
    pickings = {one: picking for one, picking, _state in rows}
    assert [state for _order, _picking, state in rows if state != "assigned"] == ["confirmed"]

    domain = [["sale_id", "in", orders]]
    status = press(rpc, "stock.picking", domain, "button_validate")
    assert_counters(status, "partial", succeeded=ORDERS, failed=2)
    partial, nothing = pickings[orders[-2]], pickings[orders[-1]]
    assert failures(rpc, status["id"]) == [(partial, "needs_person"), (nothing, "user_error")]
    states = dict(
        database.rows("SELECT id, state FROM stock_picking WHERE sale_id = ANY(%s)", orders)
    )
    wanted = {**dict.fromkeys(pickings.values(), "done"), partial: "assigned", nothing: "confirmed"}
    assert states == wanted
    moves = database.rows(
        "SELECT m.state, m.quantity::float, m.picked, count(*) FROM stock_move m"
        " WHERE m.picking_id = ANY(%s) AND m.product_id = %s GROUP BY 1, 2, 3",
        list(pickings.values()),
        plenty,
    )
    assert moves == [("done", 2.0, True, ORDERS)]
    on_hand = (
        "SELECT sum(quantity)::float FROM stock_quant WHERE product_id = %s AND location_id = %s"
    )
    assert database.value(on_hand, plenty, stock) == 10 * ORDERS - 2 * ORDERS
    assert database.value(on_hand, scarce, stock) == 5
    delivered = database.column(
        "SELECT DISTINCT qty_delivered::float FROM sale_order_line WHERE order_id = ANY(%s)",
        orders[:-2],
    )
    assert delivered == [2.0]
    done = [picking for picking, state in states.items() if state == "done"]
    _only(messages(database, "stock.picking", done))


def test_archived_products(database, rpc, products):
    """Archive archives each product with its template, as the list does."""
    chosen = products[80:]
    status = run_in_batches(rpc, "product.product", [["id", "in", chosen]], kind="archive")
    assert_counters(status, "done", succeeded=len(chosen))
    rows = database.rows(
        "SELECT p.active, t.active, count(*) FROM product_product p"
        " JOIN product_template t ON t.id = p.product_tmpl_id"
        " WHERE p.id = ANY(%s) GROUP BY 1, 2 ORDER BY 1",
        products,
    )
    assert rows == [(False, False, len(chosen)), (True, True, PRODUCTS - len(chosen))]


def test_what_the_apps_offer(rpc):
    """The lists of the apps' main models offer something, and no list of theirs breaks it."""
    names = ("account.move", "account.move.line", "account.payment", "product.template",
             "product.product", "res.partner", "sale.order", "sale.order.line", "stock.move",
             "stock.move.line", "stock.picking", "stock.quant", "crm.team")  # fmt: skip
    for name in names:
        offers = rpc.call("batch.job.selection", "offers", model_name=name)
        assert offers["name"] and (offers["fields"] or offers["buttons"] or offers["archive"]), name


def _templates(database, products):
    return database.column(
        "SELECT product_tmpl_id FROM product_product WHERE id = ANY(%s)", products
    )


def _only(answers):
    """The one answer of all records; fails if they differ."""
    (answer,) = answers
    return answer
