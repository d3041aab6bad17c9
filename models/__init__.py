# ruff: noqa: I001 -- a model is loaded after those it inherits from

from . import base
from . import batch_job_rights
from . import batch_job_results
from . import batch_job_inside
from . import batch_job_verbs
from . import batch_job_history
from . import batch_job_scheduled
from . import batch_job_screen
from . import batch_job_on_end
from . import batch_job_buttons
from . import batch_job
from . import batch_job_operation_retry
from . import batch_job_operation_screen
from . import batch_job_operation_stage
from . import batch_job_outcome
from . import batch_job_operation
from . import batch_job_chunk
from . import batch_job_event
from . import ir_fields_converter
from . import ir_http
from . import ir_mail_server
from . import ir_rule
from . import ir_websocket
from . import res_config_settings
