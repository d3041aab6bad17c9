from werkzeug.wsgi import wrap_file

from odoo import http
from odoo.http import content_disposition, request

from ..engine.outcomes import CAUSE_KEYS


class RowsFile(http.Controller):
    """Downloads of the rows of a job."""

    @http.route("/batch_job/<int:job_id>/rows.xlsx", auth="user", methods=["GET"])
    def rows_as_xlsx(self, job_id, state="failed", **cause):
        return self._download(job_id, "xlsx", state, cause)

    @http.route("/batch_job/<int:job_id>/rows.csv", auth="user", methods=["GET"])
    def rows_as_csv(self, job_id, state="failed", **cause):
        return self._download(job_id, "csv", state, cause)

    def _download(self, job_id, kind, state, arguments):
        """The rows in a state; with `type` only those of one cause."""
        cause = {name: arguments.get(name) or None for name in CAUSE_KEYS}
        job = request.env["batch.job"].browse(job_id)
        file, name, mimetype = job._rows_file(kind, state, cause if cause["type"] else None)
        size = file.seek(0, 2)
        file.seek(0)
        headers = [
            ("Content-Type", mimetype),
            ("Content-Length", size),
            ("Content-Disposition", content_disposition(name)),
            ("Cache-Control", "no-store"),
        ]
        response = request.make_response(wrap_file(request.httprequest.environ, file), headers)
        response.direct_passthrough = True
        return response
