"""1,000 sale orders, each with a partner and five lines by reference, as one job; and the recipes
with products and orders."""

import pytest
from orders import run_orders
from samples import Reader, blocks
from waiting import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def template(with_sale):
    return with_sale


@pytest.mark.parametrize("parallel", [1, 2])
def test_each_sale_order_has_its_lines(database, rpc, say, parallel):
    """Sale orders end as plain records do, with all that a sale order computes and posts."""
    (product,) = rpc.call("product.product", "create", vals_list=[{"name": "thing"}])
    line = {"product_id": product, "product_uom_qty": 2}
    models = "sale.order", "sale.order.line"
    run_orders(database, rpc, say, f"sale {parallel}", *models, line, max_parallel=parallel)


def test_confirm_in_batches(database, rpc):
    """The button *Confirm* of the form confirms each quotation that offers it, and no other."""
    (partner,) = rpc.call("res.partner", "create", vals_list=[{"name": "buyer"}])
    (product,) = rpc.call("product.product", "create", vals_list=[{"name": "thing"}])
    line = [0, 0, {"product_id": product, "product_uom_qty": 2}]
    order = {"partner_id": partner, "client_order_ref": "batch", "order_line": [line]}
    orders = rpc.call("sale.order", "create", vals_list=[order] * 200)
    rpc.call("sale.order", "action_confirm", ids=orders[50:70])
    offers = rpc.call("batch.job.selection", "offers", model_name="sale.order")
    button = next(one for one in offers["buttons"] if one["method"] == "action_confirm")
    what = {"kind": "button", "method": button["method"], "context": button["context"]}
    domain = [["client_order_ref", "=", "batch"]]
    answer = rpc.call(
        "batch.job.selection",
        "run",
        model_name="sale.order",
        what={**what, "view_id": 0},
        domain=domain,
        label="Quotations",
    )
    job = answer["action"]["res_id"]
    status = rpc.wait(job, patience=300)
    assert status["name"] == f"{button['label']} 200 Quotations"
    assert (status["succeeded"], status["failed"]) == (180, 20)
    failed = rpc.job("results", job, state="failed")["results"]
    assert {one["error"]["type"] for one in failed} == {"not_offered"}
    assert [one["ids"] for one in failed] == [[one] for one in orders[50:70]]
    states = database.column(
        "SELECT DISTINCT state FROM sale_order WHERE client_order_ref = 'batch'"
    )
    assert states == ["sale"]


@pytest.fixture(scope="module")
def reader(server, database, tmp_path_factory):
    return Reader(tmp_path_factory.mktemp("recipes"), server, database.make_key())


def test_price_list_makes_each_product_once(reader, database):
    """Run twice in a night, the program makes each product once."""
    make, program = blocks("docs/recipes/import-a-price-list-every-night.md", "sh")
    for _again in range(2):
        reader.command_line(make + program)
    query = (
        "SELECT default_code, list_price::float FROM product_template"
        " WHERE default_code LIKE 'SCREW-_' ORDER BY 1"
    )
    assert database.rows(query) == [("SCREW-4", 0.12), ("SCREW-5", 0.14)]


def test_only_orders_of_yesterday_are_confirmed(reader, database):
    """The quotations of the day before are confirmed; those of other days are not."""
    (action,) = blocks("docs/recipes/confirm-yesterdays-orders.md", "python")
    code = f"""
import datetime
today = datetime.date.today()
admin = env.ref("base.user_admin")
partner = env["res.partner"].create({{"name": "Orders of yesterday"}})
for days in (0, 1, 1, 3):
    env["sale.order"].with_user(admin).create({{
        "partner_id": partner.id, "date_order": today - datetime.timedelta(days=days)}})
model = env.ref("sale.model_sale_order").id
cron = env["ir.cron"].create({{
    "name": "Confirm", "model_id": model, "state": "code", "code": {action!r}}})
cron._trigger()
env.cr.commit()
"""
    reader.odoo_shell(code)
    query = (
        "SELECT state FROM sale_order o JOIN res_partner p ON p.id = o.partner_id"
        " WHERE p.name = 'Orders of yesterday' ORDER BY o.id"
    )
    wanted = ["draft", "sale", "sale", "draft"]
    wait_until("two orders are confirmed", lambda: database.column(query) == wanted)
