import { _t } from "@web/core/l10n/translation";

const DONE = "#28a745";
const FAILED = "#c9302c";

/** The settings of Chart.js: a bar for each point, of what was done and, on top, what failed. */
export function chartOf(points, labels) {
    return {
        type: "bar",
        data: dataOf(points, labels),
        options: {
            animation: false,
            maintainAspectRatio: false,
            datasets: { bar: { categoryPercentage: 1, barPercentage: 0.95 } },
            interaction: { mode: "index", intersect: false },
            scales: {
                x: { stacked: true, ticks: { maxTicksLimit: 8, maxRotation: 0 } },
                y: {
                    stacked: true,
                    beginAtZero: true,
                    title: { display: true, text: _t("Rows a second") },
                },
            },
        },
    };
}

export function dataOf(points, labels) {
    return {
        labels,
        datasets: [
            {
                label: _t("Rows a second"),
                data: points.map(({ rate, failed_rate }) => rate - failed_rate),
                backgroundColor: DONE,
            },
            {
                label: _t("of these failed"),
                data: points.map(({ failed_rate }) => failed_rate),
                backgroundColor: FAILED,
            },
        ],
    };
}
