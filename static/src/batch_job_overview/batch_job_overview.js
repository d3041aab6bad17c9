import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { formatInteger } from "@web/views/fields/formatters";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { Component, onWillStart, status, useEffect, useExternalListener, useState } from "@odoo/owl";

import { BatchJobBar } from "../batch_job_bar/batch_job_bar";
import { RowsPerMinute } from "./rows_per_minute";

export const READ_EVERY = 5000; // milliseconds

/** What the queue does: one call every few seconds, and none while nobody can see the page. */
export class BatchJobOverview extends Component {
    static template = "batch_job.Overview";
    static components = { BatchJobBar, Layout, RowsPerMinute };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.reads = 0;
        this.state = useState({ isLate: false });
        onWillStart(async () => {
            this.state.seen = await this.orm.call("batch.job", "overview", []);
        });
        useEffect(
            () => {
                const timer = browser.setInterval(() => this.poll(), READ_EVERY);
                return () => browser.clearInterval(timer);
            },
            () => []
        );
        useExternalListener(document, "visibilitychange", () => this.poll());
    }

    async poll() {
        if (!document.hidden && !this.isReading) {
            await this.read();
        }
    }

    async read() {
        const number = ++this.reads;
        this.isReading = true;
        let seen;
        try {
            seen = await this.orm.silent.call("batch.job", "overview", []);
        } catch {
            seen = null; // offline, say: the next one may get through
        }
        if (number === this.reads && status(this) !== "destroyed") {
            this.isReading = false;
            this.state.isLate = !seen;
            this.state.seen = seen || this.state.seen;
        }
    }

    get tiles() {
        const { counts } = this.state.seen;
        const { oldest, scheduled, failed, failed_rows: rows, failed_more: more, today } = counts;
        const inState = (state) => [["state", "=", state]];
        const ended = ["state", "in", ["partial", "failed"]];
        const tiles = [
            { name: "running", count: counts.running, label: _t("running"), domain: inState("running") },
            {
                name: "waiting",
                count: counts.waiting,
                label: _t("waiting"),
                hint: oldest && _t("the oldest for %s", oldest),
                domain: inState("queued"),
            },
            { name: "scheduled", count: scheduled, label: _t("for later"), domain: inState("queued") },
            { name: "paused", count: counts.paused, label: _t("paused"), domain: inState("paused") },
            {
                name: "failed",
                count: failed,
                label: _t("with failures today"),
                hint: failed && this.failedRows(rows, more),
                domain: [ended, ["finished_at", ">=", today]],
            },
        ];
        return tiles
            .filter(({ name, count }) => count || !["scheduled", "paused"].includes(name))
            .map((tile) => ({
                ...tile,
                text: formatInteger(tile.count) + (tile.name === "failed" && more ? "+" : ""),
            }));
    }

    failedRows(rows, isMore) {
        return rows === 1 && !isMore
            ? _t("1 row failed")
            : _t("%s rows failed", formatInteger(rows) + (isMore ? "+" : ""));
    }

    get moreJobs() {
        const { counts, jobs } = this.state.seen;
        return Math.max(counts.running - jobs.length, 0);
    }

    /** What the bar reads of a record. */
    recordOf(job) {
        return { data: job, fields: { progress: { string: job.name } } };
    }

    leftLabel(job) {
        return _t("%s left", job.time_left_text);
    }

    pauseLabel(job) {
        return _t("Pause %s", job.name);
    }

    moreLabel(count) {
        return _t("and %s more", formatInteger(count));
    }

    mendLabel(how) {
        return { wake: _t("Wake the Runners"), switch_on: _t("Switch Them On") }[how];
    }

    doing({ state, since, looked }) {
        const texts = {
            lost: _t("Its worker died; begun %s ago", since),
            works: _t("At work for %s", since),
            idle: looked
                ? _t("Idle; looked at the queue %s ago", looked)
                : _t("Has not looked at the queue yet"),
            off: _t("Switched off"),
        };
        return texts[state];
    }

    places([first, last]) {
        const numbers = { first: formatInteger(first), last: formatInteger(last) };
        if (first === last) {
            return _t("row %(first)s", numbers);
        }
        return first > last ? "" : _t("rows %(first)s to %(last)s", numbers);
    }

    async openJobs(name, domain) {
        await this.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: "batch.job",
            views: [
                [false, "list"],
                [false, "kanban"],
                [false, "form"],
            ],
            domain,
        });
    }

    async openRunning() {
        await this.openJobs(_t("Running"), [["state", "=", "running"]]);
    }

    async openJob(id) {
        await this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "batch.job",
            res_id: id,
            views: [[false, "form"]],
        });
    }

    async pause(job) {
        const answer = await this.orm.call("batch.job", "action_pause", [[job.id]]);
        if (answer) {
            await this.action.doAction(answer); // it came too late, and says so
        }
        await this.read();
    }

    async mend(how) {
        await this.orm.call("batch.job", "mend_queue", [how]);
        await this.read();
    }
}

registry.category("actions").add("batch_job.overview", BatchJobOverview);
