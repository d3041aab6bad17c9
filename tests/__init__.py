from . import test_claim_concurrency
