from odoo import api, models
from odoo.tools import ormcache

from ..dispatch.submission_check import may_run_on
from ..execution.checks.misfits import watching
from ..execution.orm.form_buttons import buttons_in
from ..execution.orm.screen_calls import press, run_action, set_archived, update
from ..execution.orm.unlinks import note_unlink
from ..execution.orm.view_fields import fields_in


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if watch := watching():
            for record, vals in zip(records, vals_list, strict=True):
                watch.note(record, vals)
        return records

    def write(self, vals):
        result = super().write(vals)
        if watch := watching():
            watch.note(self, vals)
        return result

    def unlink(self):
        note_unlink(self)
        return super().unlink()

    @api.model
    @api.readonly
    def get_views(self, views, options=None):
        """Tell the web client whether its lists of this model offer *Run in Batches*."""
        result = super().get_views(views, options)
        toolbar = result["views"].get("list", {}).get("toolbar")
        if toolbar is not None and may_run_on(self.env, self._name):
            toolbar["batch_job"] = True
        return result

    # Operations of Run in Batches call these: an operation calls public methods only

    def batch_job_update(self, values: dict, view_id: int = 0, list_id: int = 0) -> None:
        """Write values to these records, and fail if the list or the form makes one of the fields
        read-only for one of them.

        :param values: as for `write`
        :param view_id: the form view; 0: the model's own
        :param list_id: the list view; 0: the model's own
        """
        update(self, values, self._batch_job_views(view_id, list_id))

    def batch_job_archive(self) -> None:
        """Archive these records as a list does, and fail if one stays active."""
        set_archived(self, True)

    def batch_job_unarchive(self) -> None:
        """Bring these archived records back as a list does, and fail if one stays archived."""
        set_archived(self, False)

    def batch_job_press(self, method: str, button_context: str = "{}", view_id: int = 0) -> None:
        """Press a button of the form for each of these records.

        :param method: the method that the button calls
        :param button_context: the button's context, as the view has it
        :param view_id: the form view; 0: the model's own
        """
        press(self, self._batch_job_buttons(view_id), method, button_context)

    def batch_job_run_action(self, action_id: int) -> None:
        """Run a server action of the Actions menu once, on all these records.

        :param action_id: the id of the server action
        """
        run_action(self, action_id)

    @ormcache(
        "self._get_view_cache_key(view_id, 'form')",
        "self.env.user._get_group_ids()",
        "self.env.user.has_group('base.group_no_one')",  # only in developer mode
        cache="templates",
    )
    def _batch_job_buttons(self, view_id):
        """The buttons of a form, which a job asks for with each record."""
        return buttons_in(self.browse(), view_id)

    def _batch_job_views(self, view_id, list_id):
        """The fields of a list, and of the form that it opens."""
        return self._batch_job_fields("list", list_id), self._batch_job_fields("form", view_id)

    @ormcache(
        "self._get_view_cache_key(view_id, view_type)",
        "self.env.user._get_group_ids()",
        "self.env.user.has_group('base.group_no_one')",  # only in developer mode
        cache="templates",
    )
    def _batch_job_fields(self, view_type, view_id):
        return fields_in(self.browse(), view_id, view_type)

    @api.private
    def _in_batches(
        self,
        method: str,
        *args,
        policy: str = "isolate",
        chunk_size: int = 0,
        max_parallel: int = 1,
        name: str | None = None,
        idempotency_key: str | None = None,
        on_end: dict | None = None,
        **kwargs,
    ):
        """Submit a job that calls a public method on each of these records.

        :param method: the name of the method, which gets `args` and `kwargs`
        :param on_end: what to call when the job has ended, as in `submit`
        :returns: the job; empty if there are no records
        """
        jobs = self.env["batch.job"]
        if not self:
            return jobs
        call = {"op": "call", "model": self._name, "method": method, "each": True}
        call |= {"args": list(args), "kwargs": kwargs}
        operations = [{**call, "ids": [record_id]} for record_id in self._ids]
        status = jobs.submit(
            operations,
            name=name or f"{self._description}: {method}",
            policy=policy,
            chunk_size=chunk_size,
            max_parallel=max_parallel,
            idempotency_key=idempotency_key,
            on_end=on_end,
        )
        return jobs.browse(status["id"])
