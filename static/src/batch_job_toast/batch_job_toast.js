import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { session } from "@web/session";
import { user } from "@web/core/user";

import { downloadRows } from "../batch_job_download/rows_file";
import { wordsOf } from "./toast_words";

export const CLOSE_AFTER = 10000; // milliseconds, of a toast that does not stay
export const MOST_OPEN = 5; // toasts; the oldest one makes room

/**
 * Toasts of jobs that have ended. The server tells the owner of a job only; all tabs of the owner's
 * browser hear it. A tab that nobody sees waits: the first tab that somebody looks at shows the
 * toast, and the others forget it. A job whose form is open needs no toast. A toast about failures
 * stays until somebody closes it, also after the page was loaded again.
 */
export class JobToasts {
    constructor({ action, notification, orm }) {
        this.action = action;
        this.notification = notification;
        this.orm = orm;
        this.heard = new Map(); // job -> its latest message
        this.waiting = new Map(); // job -> what is to be shown when somebody looks
        this.closers = new Map(); // job -> closes its toast
        this.open = new Set(); // the jobs of the forms on this page
        this.key = `batch_job.toasts.${session.db}.${user.userId}`;
        this.tabs = browser.BroadcastChannel && new browser.BroadcastChannel(this.key);
        this.tabs?.addEventListener("message", ({ data }) => this.onOtherTab(data));
        document.addEventListener("visibilitychange", () => this.showWaiting());
        for (const job of this.kept) {
            this.show(job);
        }
    }

    /** @param {number} message the number of the bus message: each tab gets it, some twice */
    announce(job, message) {
        if (message <= (this.heard.get(job.id) || 0)) {
            return;
        }
        this.heard.set(job.id, message);
        this.forget(job.id); // what an earlier run of the job has said
        this.waiting.set(job.id, { ...job, message });
        this.showWaiting();
    }

    showWaiting() {
        if (document.hidden) {
            return;
        }
        for (const job of this.waiting.values()) {
            this.tabs?.postMessage({ id: job.id, message: job.message });
            this.waiting.delete(job.id);
            if (!this.open.has(job.id)) {
                this.show(job);
            }
        }
    }

    show(job) {
        const [oldest] = this.closers.values();
        if (this.closers.size >= MOST_OPEN) {
            oldest();
        }
        const { message, type } = wordsOf(job);
        const close = this.notification.add(message, {
            type,
            sticky: Boolean(job.failed),
            autocloseDelay: CLOSE_AFTER,
            className: "o_batch_job_toast",
            buttons: this.buttonsOf(job),
            onClose: () => {
                this.closers.delete(job.id);
                this.keep(job.id, null);
                this.tabs?.postMessage({ id: job.id, message: job.message, isClosed: true });
            },
        });
        this.closers.set(job.id, close);
        this.keep(job.id, job.failed ? job : null);
    }

    buttonsOf(job) {
        const buttons = [{ name: _t("Open"), primary: true, onClick: () => this.openForm(job.id) }];
        if (job.failed) {
            const file = { jobId: job.id, format: "xlsx", state: "failed" };
            const onClick = () => downloadRows(this.orm, file);
            buttons.push({ name: _t("Download Failed"), onClick });
        }
        return buttons;
    }

    async openForm(jobId) {
        await this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "batch.job",
            res_id: jobId,
            views: [[false, "form"]],
        });
        this.closers.get(jobId)?.();
    }

    forget(jobId) {
        this.waiting.delete(jobId);
        this.closers.get(jobId)?.();
    }

    onOtherTab({ id, message, isClosed }) {
        const heard = this.heard.get(id) || 0;
        this.heard.set(id, Math.max(heard, message));
        if (message >= heard) {
            this.waiting.delete(id);
            if (isClosed) {
                this.closers.get(id)?.();
            }
        }
    }

    /** The form of a job is on the page, and says more than a toast. */
    enter(jobId) {
        this.open.add(jobId);
        this.closers.get(jobId)?.();
    }

    leave(jobId) {
        this.open.delete(jobId);
    }

    /** The jobs whose toasts stay; of this tab, while it is open. */
    get kept() {
        return JSON.parse(browser.sessionStorage.getItem(this.key) || "[]");
    }

    keep(jobId, job) {
        const others = this.kept.filter(({ id }) => id !== jobId);
        const kept = job ? [...others, job] : others;
        browser.sessionStorage.setItem(this.key, JSON.stringify(kept));
    }
}

export const jobToastService = {
    dependencies: ["action", "bus_service", "notification", "orm"],
    start(env, services) {
        const toasts = new JobToasts(services);
        services.bus_service.subscribe("batch_job/ended", (job, { id }) => toasts.announce(job, id));
        services.bus_service.start();
        return { enter: (jobId) => toasts.enter(jobId), leave: (jobId) => toasts.leave(jobId) };
    },
};

registry.category("services").add("batch_job_toast", jobToastService);
