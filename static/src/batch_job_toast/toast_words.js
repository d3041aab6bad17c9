import { _t } from "@web/core/l10n/translation";
import { formatInteger } from "@web/views/fields/formatters";

import { markup } from "@odoo/owl";

const TYPES = { done: "success", partial: "warning", failed: "danger", cancelled: "info" };

/** Such as "17,000 done, 3,000 failed"; what is zero is left out. */
function countsInWords({ succeeded, failed, skipped, dry_run }) {
    const parts = [
        [succeeded, dry_run ? _t("passed") : _t("done")],
        [failed, _t("failed")],
        [skipped, _t("not run")],
    ];
    return parts
        .filter(([count]) => count)
        .map(([count, label]) => `${formatInteger(count)} ${label}`)
        .join(", ");
}

/** What a toast says of a job that has ended. */
export function wordsOf(job) {
    const text = [
        job.dry_run && _t("Dry run"),
        job.state === "cancelled" && _t("Cancelled"),
        countsInWords(job),
    ];
    return {
        message: markup`<strong class="d-block" dir="auto">${job.name}</strong><span dir="auto">${text
            .filter(Boolean)
            .join(": ")}</span>`,
        type: TYPES[job.state],
    };
}
