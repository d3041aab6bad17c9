import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component } from "@odoo/owl";

import { downloadRows } from "./rows_file";

/** The rows of a job as files: those that failed, those that were not done, or all. */
export class BatchJobDownload extends Component {
    static template = "batch_job.Download";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardWidgetProps };

    setup() {
        // on a phone a tap closes the menu that this is in: `useService` would drop the answer then
        this.orm = this.env.services.orm;
    }

    get files() {
        const { failed, skipped } = this.props.record.data;
        const parts = [
            { state: "failed", name: _t("Failed rows"), isThere: failed },
            { state: "not_done", name: _t("All that was not done"), isThere: skipped },
            { state: "all", name: _t("All rows"), isThere: true },
        ];
        return parts
            .filter(({ isThere }) => isThere)
            .flatMap(({ state, name }) =>
                ["xlsx", "csv"].map((format) => ({
                    key: `${state}.${format}`,
                    text: `${name} (${format.toUpperCase()})`,
                    format,
                    state,
                }))
            );
    }

    get label() {
        return _t("Download");
    }

    async download({ format, state }) {
        await downloadRows(this.orm, { jobId: this.props.record.resId, format, state });
    }
}

export const batchJobDownload = {
    component: BatchJobDownload,
    fieldDependencies: [
        { name: "failed", type: "integer" },
        { name: "skipped", type: "integer" },
    ],
};

registry.category("view_widgets").add("batch_job_download", batchJobDownload);
