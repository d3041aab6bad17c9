import { loadBundle } from "@web/core/assets";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatFloat } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, onWillStart, status, useEffect, useRef, useState } from "@odoo/owl";

import { chartOf, dataOf } from "./throughput_chart";

export const LOOK_EVERY = 2000; // milliseconds

const inWords = (rate) => formatFloat(rate, { digits: [16, rate < 10 ? 1 : 0] });

/** How many rows a second the job has done over its time at work, and how many of them failed. */
export class BatchJobThroughput extends Component {
    static template = "batch_job.Throughput";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.canvas = useRef("canvas");
        this.state = useState({ points: [] });
        onWillStart(() => Promise.all([loadBundle("web.chartjs_lib"), this.load()]));
        useEffect(
            () => {
                const timer = browser.setInterval(() => this.look(), LOOK_EVERY);
                return () => browser.clearInterval(timer);
            },
            () => []
        );
        useEffect(
            (points) => this.draw(points),
            () => [this.state.points]
        );
        useEffect(
            () => () => this.chart?.destroy(),
            () => []
        );
    }

    /** What the chart is of; another value means that there is more to show. */
    get version() {
        const { succeeded, failed, skipped, state } = this.props.record.data;
        return [this.props.record.resId, succeeded, failed, skipped, state].join();
    }

    async look() {
        if (!document.hidden && this.loaded !== this.version) {
            await this.load();
        }
    }

    async load() {
        const version = this.version;
        let answer;
        try {
            answer = await this.orm.silent.call("batch.job", "throughput", [
                [this.props.record.resId],
            ]);
        } catch {
            return; // offline, say: the next look may get through
        }
        if (status(this) !== "destroyed") {
            this.loaded = version;
            this.state.points = answer.points;
        }
    }

    draw(points) {
        if (!this.canvas.el) {
            this.chart?.destroy();
            this.chart = null;
        } else if (this.chart) {
            this.chart.data = dataOf(points, this.labels);
            this.chart.update();
        } else {
            this.chart = new Chart(this.canvas.el, chartOf(points, this.labels));
        }
    }

    get labels() {
        return this.rows.map(({ time }) => time);
    }

    /** The same as the chart, for those who do not see it. */
    get rows() {
        return this.state.points.map(({ at, rate, failed_rate }) => ({
            time: luxon.DateTime.fromISO(at).toLocaleString(luxon.DateTime.TIME_WITH_SECONDS),
            rate: inWords(rate),
            failed: inWords(failed_rate),
        }));
    }

    get summary() {
        const rates = this.state.points.map(({ rate }) => rate);
        const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
        return _t("Rows a second: %(mean)s on average, at most %(most)s; last %(last)s.", {
            mean: inWords(mean),
            most: inWords(Math.max(...rates)),
            last: inWords(rates.at(-1)),
        });
    }
}

export const batchJobThroughput = {
    component: BatchJobThroughput,
    fieldDependencies: [
        { name: "state", type: "selection" },
        ...["succeeded", "failed", "skipped"].map((name) => ({ name, type: "integer" })),
    ],
};

registry.category("view_widgets").add("batch_job_throughput", batchJobThroughput);
