"""Orders, each with a partner and five lines by reference, as one job."""

import pytest
from orders import run_orders


@pytest.mark.parametrize(
    ("parallel", "orders"),
    [
        (1, 250),
        (2, 1_000),
        (0, 250),
        pytest.param(1, 1_000, marks=pytest.mark.long),
        pytest.param(0, 1_000, marks=pytest.mark.long),
    ],
)
def test_each_order_has_its_own_lines(database, rpc, say, parallel, orders):
    """Each order has its own partner and lines; partners fail, and land with all that hangs on
    them after `retry`: with one chunk at a time, with two at once, and with as many as pay."""
    models = "test.batch.order", "test.batch.order.line"
    prefix = f"parallel {parallel} of {orders}"
    run_orders(database, rpc, say, prefix, *models, orders=orders, max_parallel=parallel)
