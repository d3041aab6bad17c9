import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

import { RunInBatchesDialog } from "../run_in_batches/run_in_batches_dialog";

patch(RunInBatchesDialog.prototype, {
    /** A schedule looks for the records itself: so it takes a filter, and no selection. */
    get canSchedule() {
        return Boolean(this.props.domainText && this.choice);
    },

    onSchedule() {
        return this.once(() => this.schedule());
    },

    /** Makes a paused schedule, and opens it: the person says there when it is to run. */
    async schedule() {
        const action = await this.collect();
        if (!action) {
            return;
        }
        const { resModel, context, domainText, label } = this.props;
        const values = {
            name: _t("%(what)s: %(records)s", {
                what: this.choice.name,
                records: label || this.name,
            }),
            model: resModel,
            domain: domainText,
            action,
            active: false,
        };
        const [id] = await this.orm.create("batch.job.schedule", [values], { context });
        this.props.close();
        await this.actionService.doAction({
            type: "ir.actions.act_window",
            res_model: "batch.job.schedule",
            res_id: id,
            views: [[false, "form"]],
        });
    },
});
