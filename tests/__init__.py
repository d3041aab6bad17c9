from . import test_claim_concurrency
from . import test_idempotency
