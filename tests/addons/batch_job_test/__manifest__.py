{
    "name": "Batch Jobs: operations that misbehave",
    "summary": "Models and methods for the tests of batch_job; only in databases made for tests",
    "version": "19.0.1.0.0",
    "author": "Batch Jobs for Odoo",
    "website": "https://github.com/batch-job/batch_job",
    "license": "LGPL-3",
    "category": "Hidden/Tests",
    "depends": ["batch_job"],
    "data": [
        "security/ir.model.access.csv",
        "security/ir.model.access-values.csv",
        "security/ir.model.access-keys.csv",
        "security/ir.model.access-rows.csv",
        "security/ir.model.access-types.csv",
        "security/ir.model.access-trees.csv",
        "security/test_batch_key_rules.xml",
    ],
}
