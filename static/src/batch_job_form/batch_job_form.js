import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { getFieldsSpec } from "@web/model/relational_model/utils";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { onWillDestroy, status, useEffect, useSubEnv } from "@odoo/owl";

import { offeredWhere } from "../offered";
import { ask, questionOf } from "./batch_job_questions";
import { useHalfTyped } from "./half_typed";

export const RELOAD_DELAY = 300; // milliseconds
export const POLL_EVERY = 3000; // milliseconds, of a job that is at work
export const LOOK_EVERY = 15000; // milliseconds, of a job at rest: somebody may start it
export const POLL_NEAR_ETA = 1000; // milliseconds
const NEAR = 60; // seconds; the clocks of the browser and the server may differ

const WATCHED = ["state", "progress", "failed", "skipped"];
const TYPED_INTO = "input, textarea, select, [contenteditable=true]";

function hasChanged(job, shown) {
    const error = shown.error || shown.stalled_reason || null;
    const isCalled = (job.on_end?.state || false) !== (shown.on_end_state || false);
    return job.error !== error || isCalled || WATCHED.some((name) => job[name] !== shown[name]);
}

/** Whether a job is about to begin at its eta. It begins at once if somebody asks then. */
function isNearEta({ eta, started_at }) {
    return eta && !started_at && Math.abs(eta.diffNow("seconds").seconds) < NEAR;
}

/** Texts with times, such as `times`, are in the browser's time zone, as a form's dates are. */
class BatchJobFormModel extends formView.Model {
    load(params = {}) {
        const context = params.context || this.config.context;
        const tz = luxon.Settings.defaultZone.name;
        return super.load({ ...params, context: { ...context, tz } });
    }
}

/**
 * A form that follows its job: the server's messages say when to look, and the job's status is
 * asked now and then. That works without the bus, and it makes the server look for a dead worker.
 */
export class BatchJobFormController extends FormController {
    setup() {
        super.setup(...arguments);
        this.busService = useService("bus_service");
        const toasts = useService("batch_job_toast");
        this.refreshes = 0;
        this.refreshSoon = useDebounced(() => this.refresh(), RELOAD_DELAY);
        useSubEnv({ refreshBatchJob: () => this.refreshSoon() });
        useHalfTyped(this.model, () => this.isTypedInto());

        this.onProgress = this.onProgress.bind(this);
        this.busService.subscribe("batch_job/progress", this.onProgress);
        onWillDestroy(() => this.busService.unsubscribe("batch_job/progress", this.onProgress));
        // messages were missed
        useBus(this.busService, "BUS:RECONNECT", () => this.refreshSoon());

        useEffect(
            (jobId) => {
                if (jobId) {
                    const channel = `batch_job:${jobId}`;
                    this.busService.addChannel(channel);
                    toasts.enter(jobId);
                    return () => {
                        this.busService.deleteChannel(channel);
                        toasts.leave(jobId);
                    };
                }
            },
            () => [this.model.root.resId]
        );
        useEffect(
            (isLive) => {
                const every = isLive ? POLL_EVERY : LOOK_EVERY;
                const timer = browser.setInterval(() => this.poll(), every);
                const often = browser.setInterval(() => this.pollNearEta(), POLL_NEAR_ETA);
                return () => {
                    browser.clearInterval(timer);
                    browser.clearInterval(often);
                };
            },
            () => [this.model.root.data.needs_runner]
        );
    }

    onProgress({ id }) {
        if (id === this.model.root.resId) {
            this.refreshSoon();
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
            await this.refresh();
        }
    }

    /**
     * Reads the job, and puts what has changed into the form. What the user edits is left alone: to
     * load the record, or to ask it for changes, would take away what is half typed.
     */
    async refresh() {
        const root = this.model.root;
        const { activeFields, fields, evalContext, resModel, resId, context } = root;
        const specification = getFieldsSpec(activeFields, fields, evalContext);
        const number = ++this.refreshes;
        let values;
        try {
            const options = { specification, context };
            [values] = await this.model.orm.silent.webRead(resModel, [resId], options);
        } catch {
            return; // offline, say: the next one may get through
        }
        await this.model.mutex.getUnlockedDef();
        const isLatest = number === this.refreshes && root === this.model.root;
        if (!values || !isLatest || status(this) === "destroyed") {
            return;
        }
        if (root.dirty || this.isTypedInto()) {
            for (const name in values) {
                if (fields[name] && !fields[name].readonly) {
                    delete values[name];
                }
            }
        }
        root._applyValues(values);
    }

    isTypedInto() {
        const focused = document.activeElement;
        return focused?.matches(TYPED_INTO) && this.rootRef.el?.contains(focused);
    }

    /** Asks before a button does what cannot be taken back, with the numbers of this moment. */
    async beforeExecuteActionButton(clickParams) {
        const question = questionOf(clickParams.name, this.model.root.data);
        if (question && !(await ask(this.dialogService, question))) {
            return false;
        }
        return super.beforeExecuteActionButton(...arguments);
    }

    getStaticActionMenuItems() {
        const items = super.getStaticActionMenuItems();
        return offeredWhere(items, ["delete"], "can_delete", () => [this.model.root]);
    }
}

registry.category("views").add("batch_job_form", {
    ...formView,
    Controller: BatchJobFormController,
    Model: BatchJobFormModel,
});
