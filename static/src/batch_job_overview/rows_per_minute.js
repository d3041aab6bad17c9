import { loadBundle } from "@web/core/assets";
import { _t } from "@web/core/l10n/translation";
import { formatInteger } from "@web/views/fields/formatters";

import { Component, onWillStart, useEffect, useRef } from "@odoo/owl";

const { DateTime } = luxon;
const LEAST_HEIGHT = 3; // pixels: a single failure among thousands of rows is seen

const sum = (counts) => counts.reduce((one, other) => one + other, 0);

/** In a sentence of another direction a time stays together. */
const apart = (text) => `\u2068${text}\u2069`;

/** The rows of the last hour by minute: a chart, the same in a sentence, and as a table. */
export class RowsPerMinute extends Component {
    static template = "batch_job.RowsPerMinute";
    static props = { hour: Object };

    setup() {
        this.canvasRef = useRef("canvas");
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                this.chart = new Chart(this.canvasRef.el, this.config);
                return () => this.chart.destroy();
            },
            () => []
        );
        useEffect(
            () => this.draw(),
            () => [JSON.stringify(this.props.hour)]
        );
    }

    get kinds() {
        const { done, failed, skipped } = this.props.hour;
        const kinds = [
            { name: "failed", label: _t("failed"), counts: failed },
            { name: "done", label: _t("done"), counts: done },
            { name: "skipped", label: _t("not run"), counts: skipped },
        ];
        return kinds
            .map((kind) => ({ ...kind, total: sum(kind.counts) }))
            .filter(({ name, total }) => name !== "skipped" || total)
            .map((kind) => ({ ...kind, text: `${formatInteger(kind.total)} ${kind.label}` }));
    }

    /** Of each minute: when, and what of each kind. */
    get minutes() {
        const { first, done } = this.props.hour;
        return done.map((_count, place) => ({
            key: first + place,
            at: DateTime.fromSeconds(60 * (first + place)).toLocaleString(DateTime.TIME_SIMPLE),
            counts: this.kinds.map(({ counts }) => formatInteger(counts[place])),
            isEmpty: this.kinds.every(({ counts }) => !counts[place]),
        }));
    }

    get busyMinutes() {
        return this.minutes.filter(({ isEmpty }) => !isEmpty).reverse();
    }

    get text() {
        const { done, failed } = this.props.hour;
        const most = Math.max(...done);
        const numbers = {
            since: apart(this.minutes[0].at),
            done: formatInteger(sum(done)),
            failed: formatInteger(sum(failed)),
            most: formatInteger(most),
            at: apart(this.minutes[done.indexOf(most)].at),
        };
        if (!sum(done) && !sum(failed)) {
            return _t("No row was done since %(since)s.", numbers);
        }
        return _t(
            "Rows since %(since)s: %(done)s done, %(failed)s failed; most at %(at)s: %(most)s.",
            numbers
        );
    }

    get config() {
        const { color, grid } = this.colors;
        return {
            type: "bar",
            data: { labels: [], datasets: [] },
            options: {
                animation: false,
                maintainAspectRatio: false,
                plugins: { legend: { display: false } },
                scales: {
                    x: {
                        stacked: true,
                        grid: { display: false },
                        ticks: { color, maxTicksLimit: 7, maxRotation: 0 },
                    },
                    y: {
                        stacked: true,
                        beginAtZero: true,
                        grid: { color: grid },
                        ticks: { color, precision: 0, maxTicksLimit: 5 },
                    },
                },
            },
        };
    }

    draw() {
        this.chart.data = {
            labels: this.minutes.map(({ at }) => at),
            datasets: this.kinds.map(({ name, label, counts }) => ({
                label,
                data: counts.map((count) => count || null),
                backgroundColor: this.colors[name],
                minBarLength: name === "failed" ? LEAST_HEIGHT : 0,
            })),
        };
        this.chart.update();
    }

    /** Those of the style sheet, which knows whether the page is dark. */
    get colors() {
        const style = getComputedStyle(this.canvasRef.el);
        const colorOf = (name) => style.getPropertyValue(`--batch-job-${name}`).trim();
        return {
            color: style.color,
            grid: colorOf("grid"),
            done: colorOf("done"),
            failed: colorOf("failed"),
            skipped: colorOf("skipped"),
        };
    }
}
