"""1,000 orders, each with a partner and five lines by reference, as one job."""

import pytest
from orders import run_orders


@pytest.mark.parametrize("parallel", [1, 2, 0])
def test_each_order_has_its_own_lines(database, rpc, say, parallel):
    """Each order has its own partner and lines; ten partners fail, and land with all that hangs on
    them after `retry`: with one chunk at a time, with two at once, and with as many as pay."""
    models = "test.batch.order", "test.batch.order.line"
    run_orders(database, rpc, say, f"parallel {parallel}", *models, max_parallel=parallel)
