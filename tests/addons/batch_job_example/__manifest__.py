{
    "name": "Batch Jobs: an example",
    "summary": "How an addon offers a button that starts a job and shows its progress",
    "version": "19.0.1.0.0",
    "author": "Batch Jobs for Odoo",
    "website": "https://github.com/batch-job/batch_job",
    "license": "LGPL-3",
    "category": "Hidden/Tests",
    "depends": ["batch_job"],
    "data": ["views/res_partner_category_views.xml"],
}
