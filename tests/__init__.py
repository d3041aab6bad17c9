from . import (
    test_chunk_repairs,
    test_claim_concurrency,
    test_conflicts,
    test_idempotency,
)
