from odoo import SUPERUSER_ID
from odoo.tools import SQL

from .base import Dispatch


class Owner(Dispatch):
    """Whether the owner of a job may still run the job."""

    def problem(self, row: dict) -> str | None:
        """Why the owner may not run the job any more, in words; None if the owner may."""
        user = self.env["res.users"].browse(row["user_id"]).sudo()
        active, company_ids = self._owner_now(user.id)
        if user.id == SUPERUSER_ID or not active:
            return self.env._(
                "The owner, %s, is archived. Activate the user, then resume.", user.name
            )
        needed = {row["company_id"], *((row["run_context"] or {}).get("allowed_company_ids") or ())}
        lost = self.env["res.company"].browse(needed.difference(company_ids)).sudo()
        if deleted := lost - lost.exists():
            return self._deleted_companies(row, deleted)
        if lost:
            return self.env._(
                "The owner, %(user)s, has lost access to %(companies)s. Give it back, then resume.",
                user=user.name,
                companies=", ".join(company.name or str(company.id) for company in lost),
            )
        return None

    def _deleted_companies(self, row, companies) -> str:
        # the job's row loses the id of a company that is deleted; the operations keep the id
        own = self.env["batch.job.operation"]._company_of(row["id"])
        ids = sorted({company.id or own or 0 for company in companies})
        return self.env._(
            "A company that the job works in was deleted (id %s). The job cannot go on: cancel it, "
            "and submit what is left in another company.",
            ", ".join(map(str, ids)),
        )

    def _owner_now(self, user_id):
        """(whether the user is active, ids of the user's active companies).

        In SQL, because the ORM would read all fields of the user at each claim.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT u.active,
                       ARRAY(SELECT c.id
                               FROM res_company_users_rel r
                               JOIN res_company c ON c.id = r.cid
                              WHERE r.user_id = u.id AND c.active)
                  FROM res_users u
                 WHERE u.id = %s
                """,
                user_id,
            )
        )
        return self.env.cr.fetchone()
