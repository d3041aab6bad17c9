import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, useEffect, useState } from "@odoo/owl";

export const ANNOUNCE_EVERY = 10000; // milliseconds

/** What became of a job's operations: a bar in segments, each with its number in words. */
export class BatchJobBar extends Component {
    static template = "batch_job.Bar";
    static props = { ...standardFieldProps, hasLegend: { type: Boolean, optional: true } };

    setup() {
        this.spoken = useState({ text: "" });
        if (this.props.hasLegend) {
            this.announceChanges();
        }
    }

    get segments() {
        const { total, succeeded, failed, skipped, state, dry_run } = this.props.record.data;
        const left = total - succeeded - failed - skipped;
        const tried = state === "running" ? Math.min(this.tried, left) : 0;
        const segments = [
            { name: "done", count: succeeded, label: dry_run ? _t("passed") : _t("done") },
            { name: "failed", count: failed, label: _t("failed") },
            { name: "skipped", count: skipped, label: _t("not run") },
            { name: "tried", count: tried, label: _t("tried") },
            { name: "left", count: left - tried, label: _t("left") },
        ];
        return segments
            .filter(({ name, count }) => count || name === "done")
            .map((one) => ({
                ...one,
                text: `${formatInteger(one.count)} ${one.label}`,
                width: `width: ${total ? (100 * one.count) / total : 0}%`,
            }));
    }

    /** Of a job in one transaction: how many operations were tried. None is kept before the end. */
    get tried() {
        const { dry_run, policy, step_position } = this.props.record.data;
        return dry_run || policy === "all" ? step_position : 0;
    }

    get percent() {
        const { total } = this.props.record.data;
        const ran = this.segments.filter(({ name }) => ["done", "failed", "tried"].includes(name));
        const count = ran.reduce((sum, one) => sum + one.count, 0);
        return total ? Math.floor((100 * count) / total) : 0;
    }

    get text() {
        const parts = this.segments.map(({ text }) => text).join(", ");
        const total = formatInteger(this.props.record.data.total);
        return _t("%(percent)s %: %(parts)s, of %(total)s", {
            percent: this.percent,
            parts,
            total,
        });
    }

    /** Says what has changed, in the words of a screen reader, and not too often. */
    announceChanges() {
        let said = this.text;
        let last = 0;
        useEffect(
            (text) => {
                if (text === said) {
                    return;
                }
                const say = () => {
                    said = text;
                    last = Date.now();
                    this.spoken.text = text;
                };
                const wait = last + ANNOUNCE_EVERY - Date.now();
                if (wait <= 0) {
                    say();
                    return;
                }
                const timer = browser.setTimeout(say, wait);
                return () => browser.clearTimeout(timer);
            },
            () => [this.text]
        );
    }
}

const integers = ["total", "succeeded", "failed", "skipped", "step_position"];

export const batchJobBar = {
    component: BatchJobBar,
    displayName: _t("Segments of a batch job"),
    supportedTypes: ["float"],
    fieldDependencies: [
        ...integers.map((name) => ({ name, type: "integer", readonly: true })),
        { name: "state", type: "selection", readonly: true },
        { name: "policy", type: "selection", readonly: true },
        { name: "dry_run", type: "boolean", readonly: true },
    ],
    extractProps: ({ options }) => ({ hasLegend: Boolean(options.legend) }),
};

registry.category("fields").add("batch_job_bar", batchJobBar);
