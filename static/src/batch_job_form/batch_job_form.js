import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { onWillDestroy, status, useEffect } from "@odoo/owl";

export const RELOAD_DELAY = 300; // milliseconds
export const POLL_EVERY = 3000; // milliseconds
export const POLL_NEAR_ETA = 1000; // milliseconds
const NEAR = 60; // seconds; the clocks of the browser and the server may differ

const WATCHED = ["state", "progress", "failed", "skipped"];

function hasChanged(job, shown) {
    const error = shown.error || shown.stalled_reason || null;
    const isCalled = (job.on_end?.state || false) !== (shown.on_end_state || false);
    return job.error !== error || isCalled || WATCHED.some((name) => job[name] !== shown[name]);
}

/** Whether a job is about to begin at its eta. It begins at once if somebody asks then. */
function isNearEta({ eta, started_at }) {
    return eta && !started_at && Math.abs(eta.diffNow("seconds").seconds) < NEAR;
}

/**
 * A form that follows its job: the server's messages say when to look, and while the job is live
 * its status is asked now and then. That works without the bus, and it makes the server look for
 * a dead worker.
 */
export class BatchJobFormController extends FormController {
    setup() {
        super.setup(...arguments);
        this.busService = useService("bus_service");
        this.reloadSoon = useDebounced(() => this.reload(), RELOAD_DELAY);

        this.onProgress = this.onProgress.bind(this);
        this.busService.subscribe("batch_job/progress", this.onProgress);
        onWillDestroy(() => this.busService.unsubscribe("batch_job/progress", this.onProgress));
        // messages were missed
        useBus(this.busService, "BUS:RECONNECT", () => this.reloadSoon());

        useEffect(
            (jobId) => {
                if (jobId) {
                    const channel = `batch_job:${jobId}`;
                    this.busService.addChannel(channel);
                    return () => this.busService.deleteChannel(channel);
                }
            },
            () => [this.model.root.resId]
        );
        useEffect(
            (isLive) => {
                if (isLive) {
                    const timer = browser.setInterval(() => this.poll(), POLL_EVERY);
                    const often = browser.setInterval(() => this.pollNearEta(), POLL_NEAR_ETA);
                    return () => {
                        browser.clearInterval(timer);
                        browser.clearInterval(often);
                    };
                }
            },
            () => [this.model.root.data.needs_runner]
        );
    }

    onProgress({ id }) {
        if (id === this.model.root.resId) {
            this.reloadSoon();
        }
    }

    async pollNearEta() {
        if (isNearEta(this.model.root.data)) {
            await this.poll();
        }
    }

    async poll() {
        const root = this.model.root;
        if (document.hidden || !root.resId) {
            return;
        }
        let job;
        try {
            job = await this.model.orm.silent.call("batch.job", "status", [[root.resId]]);
        } catch {
            return; // offline, say: the next one may get through
        }
        if (root === this.model.root && hasChanged(job, root.data)) {
            await this.reload();
        }
    }

    /** Edits are kept: the form is then read again when they are saved. */
    async reload() {
        const root = this.model.root;
        const isEdited = await root.isDirty();
        if (!isEdited && root === this.model.root && status(this) !== "destroyed") {
            await root.load();
        }
    }
}

registry.category("views").add("batch_job_form", {
    ...formView,
    Controller: BatchJobFormController,
});
