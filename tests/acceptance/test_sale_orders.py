"""1,000 sale orders, each with a partner and five lines by reference, as one job."""

import os
import subprocess

import pytest
from orders import run_orders

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def database(database, log_folder):
    """With the app `sale`, which takes a minute to install."""
    subprocess.run(
        [
            *(os.environ["BATCH_JOB_PYTHON"], os.environ["BATCH_JOB_ODOO"]),
            f"--database={database.name}",
            f"--addons-path={os.environ['BATCH_JOB_ADDONS_PATH']}",
            *("--init=sale", "--stop-after-init", "--no-http"),
            f"--logfile={log_folder / 'install_sale.log'}",
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return database


@pytest.mark.parametrize("parallel", [1, 2])
def test_sale_orders(database, rpc, say, parallel):
    """As with plain records, now with all that a sale order computes and posts."""
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
    offers = rpc.call("batch.job.selection", "offers", model="sale.order")
    button = next(one for one in offers["buttons"] if one["method"] == "action_confirm")
    what = {"kind": "button", "method": button["method"], "context": button["context"]}
    domain = [["client_order_ref", "=", "batch"]]
    answer = rpc.call(
        "batch.job.selection",
        "run",
        model="sale.order",
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
