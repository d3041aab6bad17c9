import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, onWillDestroy, useEffect, useState } from "@odoo/owl";

import { BatchJobBar } from "../batch_job_bar/batch_job_bar";

export const ASK_EVERY = 3000; // milliseconds, while the job has not ended
const ENDED = ["done", "partial", "failed", "cancelled"];

/** A many2one to a job on a form of any model: a link to the job, and a bar that follows it. */
export class BatchJobProgress extends Component {
    static template = "batch_job.Progress";
    static components = { BatchJobBar };
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.actionService = useService("action");
        this.busService = useService("bus_service");
        this.state = useState({ job: null });

        this.onProgress = this.onProgress.bind(this);
        this.busService.subscribe("batch_job/progress", this.onProgress);
        onWillDestroy(() => this.busService.unsubscribe("batch_job/progress", this.onProgress));
        useEffect(
            (jobId) => {
                this.state.job = null;
                if (!jobId) {
                    return;
                }
                this.ask();
                const channel = `batch_job:${jobId}`;
                this.busService.addChannel(channel);
                const timer = browser.setInterval(() => this.askAgain(), ASK_EVERY);
                return () => {
                    this.busService.deleteChannel(channel);
                    browser.clearInterval(timer);
                };
            },
            () => [this.jobId]
        );
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    get jobId() {
        return this.value ? this.value.id : false;
    }

    /** What the bar reads of a job. */
    get asRecord() {
        const data = { step_position: 0, ...this.state.job };
        return { data, fields: { progress: { string: _t("Progress") } } };
    }

    onProgress({ id }) {
        if (id === this.jobId) {
            this.ask();
        }
    }

    async askAgain() {
        const { job } = this.state;
        if (!document.hidden && job && !ENDED.includes(job.state)) {
            await this.ask();
        }
    }

    /** Asks for the status, which also wakes a queue that stands still. */
    async ask() {
        const jobId = this.jobId;
        let job;
        try {
            job = await this.orm.silent.call("batch.job", "status", [[jobId]]);
        } catch {
            return; // somebody else's job, or offline: only its name is shown, or the last numbers
        }
        if (jobId === this.jobId) {
            this.state.job = job;
        }
    }

    open() {
        return this.actionService.doAction({
            type: "ir.actions.act_window",
            res_model: "batch.job",
            res_id: this.jobId,
            views: [[false, "form"]],
        });
    }
}

export const batchJobProgress = {
    component: BatchJobProgress,
    displayName: _t("Progress of a batch job"),
    supportedTypes: ["many2one"],
};

registry.category("fields").add("batch_job_progress", batchJobProgress);
