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
