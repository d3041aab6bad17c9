"""Wait for something real, with a deadline."""

import time

# seconds from one look to the next: a look often opens a connection, and what has taken seconds may
# be seen a little later
POLL, SLOWEST_POLL = 0.02, 0.15
PATIENCE = 60.0  # seconds


def wait_until(what, condition, patience=PATIENCE, every=None):
    """Give the first true value of `condition`.

    :param what: what is waited for, in words; the failure says that it did not come
    :param every: seconds between two looks; unless given, a tenth of the time waited so far
    """
    begun = now = time.monotonic()
    while now < begun + patience:
        value = condition()
        if value:
            return value
        time.sleep(every or min(max(POLL, (now - begun) / 10), SLOWEST_POLL))
        now = time.monotonic()
    raise AssertionError(f"not within {patience:g} s: {what}")
