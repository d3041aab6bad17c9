"""Wait for something real, with a deadline."""

import time

POLL = 0.02  # seconds
PATIENCE = 60.0  # seconds


def wait_until(what, condition, patience=PATIENCE, every=POLL):
    """Give the first true value of `condition`.

    :param what: what is waited for, in words; the failure says that it did not come
    :param every: seconds between two looks
    """
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(every)
    raise AssertionError(f"not within {patience:g} s: {what}")
