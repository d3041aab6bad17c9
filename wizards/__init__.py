from . import base_import_import, batch_job_correction, batch_job_row_edit
