from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

from ..dispatch.submission import Submission
from ..dispatch.submission_check import may_run_on, refused
from ..dispatch.submit_in_parts import SubmitInParts
from ..engine.canonical import body_hash
from ..engine.errors import BadRequest
from ..engine.options import LONGEST_KEY
from ..engine.selection import check_ids, check_what, count_operations
from .operation_words import model_in_words

NAMED = 3  # fields in the name of a job


class BatchJobSelection(models.AbstractModel):
    """Run in Batches: what a person does with the records that they have chosen in a list.

    The web client calls these methods in the context of the list, so a domain finds what the list
    shows, and the job runs as the list would.
    """

    _name = "batch.job.selection"
    _description = "Batch Job: records chosen in a list"
    _inherit = ["batch.job.selection.offers"]

    @api.model
    def offers(self, model_name: str, view_id: int = 0, list_id: int = 0) -> dict:
        """What the user may do with records of a model.

        :param model_name: the model of the list
        :param view_id: the form view that the list opens; 0: the model's own
        :param list_id: the view of the list; 0: the model's own
        :returns: ``name`` (of the model), ``fields`` (name -> as by ``fields_get``), ``archive``,
            ``delete``, ``actions`` (``id, name``), ``buttons`` (``method, context, label,
            confirm``)
        :raises UserError: 422: no job can run on this model
        :raises AccessError: 403: the user may not read the model
        """
        return self._offers(self._model(model_name), view_id, list_id)

    @api.model
    def count(self, model_name: str, domain: list) -> int:
        """How many records fit a domain, for the user and in the context of the call.

        :param model_name: the model of the list
        :param domain: that of the list, when everything is selected
        :returns: the number
        """
        records = self._model(model_name)
        return records.search_count(self._domain(records, domain))

    @api.model
    def run(
        self,
        model_name: str,
        what: dict,
        record_ids: list[int] | None = None,
        domain: list | None = None,
        expected: int | None = None,
        label: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> dict:
        """Submit a job with an operation for each chosen record.

        The same call again with the same key opens the job of the first call, whatever the domain
        finds by then.

        :param model_name: the model of the list
        :param what: ``kind`` and its arguments: ``update`` (values; view_id and list_id as for
            ``offers``), ``archive``, ``unarchive``, ``delete``, ``action`` (action_id; together:
            records in one call), ``button`` (method, context, view_id)
        :param record_ids: the chosen records; give either these or a domain
        :param domain: finds the records, in the transaction of this call
        :param expected: how many records the user was told; if the domain finds another number,
            nothing is stored
        :param label: what the list calls its records; it becomes a part of the job's name
        :param dry_run: try it, and keep nothing
        :param idempotency_key: names the call; the job's own key is made of it and of the call
        :returns: ``action``, which opens the job; or ``count``, the number that was not expected
        :raises UserError: 422: what is wrong; nothing is stored
        :raises AccessError: 403: the user may not do that; nothing is stored
        """
        records = self._model(model_name)
        try:
            ids = check_ids(record_ids) if domain is None else None
            what = check_what(what)
        except BadRequest as error:
            raise refused(self.env, error) from error
        request = [model_name, what, domain if ids is None else ids, dry_run]
        key = self._key(idempotency_key, request) if idempotency_key else None
        submission = Submission(self.env)
        submission.parse_options(idempotency_key=key)
        if known := submission._known_by_key(key):
            return {"action": self._action_of(known[0])}
        self._check_offered(records, what)
        count = len(ids) if ids is not None else records.search_count(self._domain(records, domain))
        if expected is not None and count != expected:
            return {"count": count}
        if not count:
            raise UserError(self.env._("No record is chosen; nothing is to be done."))
        name = self._name_of(records, what, count, label)
        options = {"name": name, "dry_run": dry_run, "idempotency_key": key}
        parts = self._parts(records, what, ids, domain)
        job_id = SubmitInParts(self.env).submit(parts, count_operations(what, count), **options)
        return {"action": self._action_of(job_id)}

    def _key(self, given, request) -> str:
        """The key of the job: of the call's own key and of what is asked for. So a second *Start*
        of a dialog opens the job of the first, and one after a change makes another job."""
        try:
            return f"{given} {body_hash(request)}"
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("The call cannot be written as JSON: %s", error)) from error

    def _parts(self, records, what, ids, domain):
        """The operations. The records are looked up when the job was admitted."""
        if ids is None:
            ids = list(records.search(self._domain(records, domain), order="id")._ids)
        yield from self._operations(records, what, ids)

    def _model(self, name) -> models.BaseModel:
        self.env["batch.job"].check_access("read")
        if not isinstance(name, str) or not may_run_on(self.env, name):
            raise UserError(self.env._("No batch job can run on records of %s.", name))
        records = self.env[name]
        records.check_access("read")
        return records

    def _domain(self, records, domain) -> Domain:
        try:
            parsed = Domain(domain)
            parsed.validate(records)
            return parsed
        except (ValueError, TypeError) as error:
            raise UserError(self.env._("The domain is not valid: %s", error)) from error

    def _name_of(self, records, what, count, label) -> str:
        """What the job does, in words: "Update 12,431 Contacts: Country"."""
        label = label if count > 1 and isinstance(label, str) and label else None
        words = {
            "count": formatLang(self.env, count, digits=0),
            "records": label or model_in_words(self.env, records._name),
            "what": self._done_with(records, what),
        }
        text = {
            "update": self.env._("Update %(count)s %(records)s: %(what)s", **words),
            "archive": self.env._("Archive %(count)s %(records)s", **words),
            "unarchive": self.env._("Unarchive %(count)s %(records)s", **words),
            "delete": self.env._("Delete %(count)s %(records)s", **words),
            "action": self.env._("%(what)s: %(count)s %(records)s", **words),
            "button": self.env._("%(what)s %(count)s %(records)s", **words),
        }[what["kind"]]
        return text[:LONGEST_KEY]

    def _done_with(self, records, what) -> str:
        """The names of the fields, of the server action, or of the button."""
        if what["kind"] == "action":
            return self._offered_action(records, what).name
        if what["kind"] == "button":
            return self._offered_button(records, what).label
        labels = [
            records._fields[name]._description_string(self.env) for name in what.get("values", ())
        ]
        if len(labels) > NAMED:
            labels[NAMED:] = [self.env._("%s more", len(labels) - NAMED)]
        return ", ".join(labels)

    def _action_of(self, job_id) -> dict:
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Batch Jobs"),
            "res_model": "batch.job",
            "res_id": job_id,
            "views": [(False, "form")],
        }
