from werkzeug.exceptions import RequestEntityTooLarge

from odoo import models
from odoo.http import request

from ..dispatch.admission import MIB, REQUEST_PARAMETER, number_of

OF_JOBS = "batch.job"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Refuse a request to batch jobs that is too large, before its body is read.

        Without the setting, Odoo's own limit stays; the setting may be lower or higher. A request
        to `/jsonrpc` names its model in the body, so it has Odoo's limit only.
        """
        super()._pre_dispatch(rule, args)
        path = args.get("path") or ""  # of the browser's calls: model.method
        if args.get("__model__") != OF_JOBS and not path.startswith(f"{OF_JOBS}."):
            return
        most = number_of(request.env, REQUEST_PARAMETER, 0)
        if not most:
            return
        request.httprequest.max_content_length = most * MIB
        if (request.httprequest.content_length or 0) > most * MIB:
            raise RequestEntityTooLarge(
                request.env._(
                    "A request to batch jobs may have %s MiB. Open a draft with start=False, and "
                    "append the operations in parts.",
                    most,
                )
            )
