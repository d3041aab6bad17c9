import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { downloadRows } from "../batch_job_download/rows_file";

import { Component, useState } from "@odoo/owl";

const PARTS = ["type", "model", "field", "constraint"];
const MAY_RETRY = ["partial", "failed", "cancelled"];
const OTHER = "other"; // the type of all causes that have no entry of their own
// of these the message of a failure says more than the reason, such as what to send instead
const SAY_MORE = ["bad_value", "unique", "ambiguous_key"];

/** Why rows failed: a line for each cause, with its rows, their file, and their retry. */
export class BatchJobCauses extends Component {
    static template = "batch_job.Causes";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.actionService = useService("action");
        this.dialogService = useService("dialog");
        this.pressed = useState({ isBusy: false });
    }

    get causes() {
        return (this.props.record.data[this.props.name] || []).map((cause) => ({
            ...cause,
            key: JSON.stringify(this.partsOf(cause)),
            isOther: cause.type === OTHER,
            number: formatInteger(cause.count),
            more: SAY_MORE.includes(cause.type) && cause.message !== cause.reason && cause.message,
            examples: cause.values.length > 1 ? cause.values.join(", ") : null,
        }));
    }

    /** One transaction is retried as a whole. */
    get canRetry() {
        const { state, policy, dry_run } = this.props.record.data;
        return MAY_RETRY.includes(state) && policy !== "all" && !dry_run;
    }

    partsOf(cause) {
        return Object.fromEntries(PARTS.map((part) => [part, cause[part] || null]));
    }

    async download(cause) {
        const file = { format: "xlsx", state: "failed", cause: this.partsOf(cause) };
        await downloadRows(this.orm, { jobId: this.props.record.resId, ...file });
    }

    rowsLabel({ count, number, reason }) {
        return count === 1
            ? _t("Show the row: %(reason)s", { reason })
            : _t("Show the %(number)s rows: %(reason)s", { number, reason });
    }

    fileLabel({ count, number, reason }) {
        return count === 1
            ? _t("Download the row: %(reason)s", { reason })
            : _t("Download the %(number)s rows: %(reason)s", { number, reason });
    }

    retryLabel({ count, number, reason }) {
        return count === 1
            ? _t("Retry the row: %(reason)s", { reason })
            : _t("Retry the %(number)s rows: %(reason)s", { number, reason });
    }

    async openRows(cause) {
        const action = cause.isOther
            ? await this.call("action_open_failed")
            : await this.call("action_open_cause", this.partsOf(cause));
        await this.actionService.doAction(action);
    }

    askToRetry(cause) {
        const { count, number, reason } = cause;
        this.dialogService.add(ConfirmationDialog, {
            title: count === 1 ? _t("Retry this row?") : _t("Retry these rows?"),
            body:
                count === 1
                    ? _t("1 row runs again: %(reason)s", { reason })
                    : _t("%(number)s rows run again: %(reason)s", { number, reason }),
            confirmLabel: _t("Retry"),
            confirm: () => this.retry(cause),
            cancelLabel: _t("Go Back"),
            cancel: () => {},
        });
    }

    async retry(cause) {
        this.pressed.isBusy = true;
        try {
            const action = await this.call("action_retry_cause", this.partsOf(cause));
            if (action) {
                await this.actionService.doAction(action);
            }
        } finally {
            this.pressed.isBusy = false;
            this.env.refreshBatchJob?.();
        }
    }

    call(method, ...args) {
        return this.orm.call("batch.job", method, [[this.props.record.resId], ...args]);
    }
}

export const batchJobCauses = {
    component: BatchJobCauses,
    displayName: _t("Causes of a batch job"),
    supportedTypes: ["json"],
    fieldDependencies: [
        { name: "state", type: "selection", readonly: true },
        { name: "policy", type: "selection", readonly: true },
        { name: "dry_run", type: "boolean", readonly: true },
    ],
};

registry.category("fields").add("batch_job_causes", batchJobCauses);
