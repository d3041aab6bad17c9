import { Component, onWillStart, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { SelectMenu } from "@web/core/select_menu/select_menu";
import { useService } from "@web/core/utils/hooks";
import { uuid } from "@web/core/utils/strings";
import { formatInteger } from "@web/views/fields/formatters";

import { questionOf } from "./questions";
import { isAlwaysGiven, ValueEditor, valueOf } from "./value_editor";

export const MOST_TOGETHER = 10000; // as in engine/selection.py

/** Asks what to do with the records that were chosen in a list, and submits it as a job. */
export class RunInBatchesDialog extends Component {
    static template = "batch_job.RunInBatchesDialog";
    static components = { Dialog, SelectMenu, ValueEditor };
    static props = {
        close: Function,
        resModel: String,
        context: Object,
        label: String,
        viewId: Number, // of the form
        listId: Number,
        ids: { type: Array, element: Number, optional: true },
        domain: { type: Array, optional: true },
        domainText: { type: String, optional: true }, // with relative dates as they are
        mayEdit: { type: Boolean, optional: true },
        mayArchive: { type: Boolean, optional: true },
        mayDelete: { type: Boolean, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.actionService = useService("action");
        this.dialogService = useService("dialog");
        this.notification = useService("notification");
        this.key = uuid(); // a second Start after a lost answer finds the job of the first
        this.records = {}; // of the editors, by the names of their fields
        this.state = useState({ count: 0, choice: "", rows: [], together: 1, isBusy: false });
        onWillStart(() => this.load());
    }

    async load() {
        const [offers, count] = await Promise.all([
            this.call("offers", this.views),
            this.props.domain ? this.call("count", { domain: this.props.domain }) : null,
        ]);
        this.state.count = count ?? this.props.ids.length;
        this.fields = this.props.mayEdit ? offers.fields : {};
        this.name = offers.name;
        this.groups = this.groupsOf(offers);
        this.choices = Object.fromEntries(
            this.groups.flatMap(({ choices }) => choices.map((one) => [one.key, one]))
        );
        this.state.choice = Object.keys(this.choices)[0] || "";
    }

    /** Where a field may be read-only: in the form, or in the list. */
    get views() {
        return { view_id: this.props.viewId, list_id: this.props.listId };
    }

    call(method, args) {
        const { resModel, context } = this.props;
        return this.orm.call("batch.job.selection", method, [], {
            model_name: resModel,
            ...args,
            context,
        });
    }

    /** All that may be done: one entry for each choice, in groups as they are shown. */
    groupsOf(offers) {
        const { mayArchive, mayDelete, viewId } = this.props;
        const own = [
            [Object.keys(this.fields).length, "update", _t("Update fields")],
            [mayArchive && offers.archive, "archive", _t("Archive")],
            [mayArchive && offers.archive, "unarchive", _t("Unarchive")],
            [mayDelete && offers.delete, "delete", _t("Delete")],
        ];
        const choices = own
            .filter(([isOffered]) => isOffered)
            .map(([, kind, name]) => ({ key: kind, name, what: { kind } }));
        const labels = offers.buttons.map((button) => button.label);
        const isTold = (label) => labels.filter((one) => one === label).length === 1;
        const buttons = offers.buttons.map(({ method, context, label, confirm }, at) => ({
            key: `button-${at}`,
            name: isTold(label) ? label : `${label} (${method})`,
            confirm,
            what: { kind: "button", method, context, view_id: viewId },
        }));
        const actions = offers.actions.map(({ id, name }) => ({
            key: `action-${id}`,
            name,
            what: { kind: "action", action_id: id },
        }));
        return [
            { name: "", choices },
            { name: _t("Buttons of the form"), choices: buttons },
            { name: _t("Actions of the list"), choices: actions },
        ].filter(({ choices }) => choices.length);
    }

    get choice() {
        return this.choices[this.state.choice];
    }

    get kind() {
        return this.choice?.what.kind;
    }

    /** "12,431 Contacts" */
    get counted() {
        const { count } = this.state;
        const label = count === 1 ? this.name : this.props.label || this.name;
        return _t("%(count)s %(records)s", { count: formatInteger(count), records: label });
    }

    get callCount() {
        return Math.ceil(this.state.count / this.together);
    }

    get calls() {
        return formatInteger(this.callCount);
    }

    get together() {
        return Math.min(Math.max(Number(this.state.together) || 1, 1), MOST_TOGETHER);
    }

    get fieldChoices() {
        const taken = this.state.rows.map((row) => row.field.name);
        const all = Object.values(this.fields);
        const isTold = ({ string }) => all.filter((one) => one.string === string).length === 1;
        return all
            .filter(({ name }) => !taken.includes(name))
            .map((field) => ({
                value: field.name,
                label: isTold(field) ? field.string : `${field.string} (${field.name})`,
            }));
    }

    canBeEmpty(field) {
        return !field.required && !isAlwaysGiven(field);
    }

    addField(name) {
        if (!name) {
            return; // the menu was cleared
        }
        this.state.rows.push({ field: this.fields[name], isEmpty: false, links: "add" });
    }

    removeField(name) {
        this.state.rows = this.state.rows.filter((row) => row.field.name !== name);
        delete this.records[name];
    }

    onEditorLoaded(name, record) {
        this.records[name] = record;
    }

    /** What the server is asked to do; undefined, with a word to the person, if it is not known. */
    async collect() {
        if (this.kind === "update") {
            const values = await this.collectValues();
            return values && { kind: "update", values, ...this.views };
        }
        const { what } = this.choice;
        return this.kind === "action" ? { ...what, together: this.together } : { ...what };
    }

    async collectValues() {
        const values = {};
        for (const row of this.state.rows) {
            const { name, string } = row.field;
            const record = this.records[name];
            if (!row.isEmpty && !(await record.checkValidity({ displayNotification: true }))) {
                return undefined;
            }
            values[name] = await valueOf(row, record);
            if (values[name] === undefined) {
                return this.tell(
                    this.canBeEmpty(row.field)
                        ? _t("%s has no value. Give one, or say that it is to be emptied.", string)
                        : _t("%s has no value. Give one.", string)
                );
            }
        }
        return this.state.rows.length ? values : this.tell(_t("Add the field to be updated."));
    }

    tell(message) {
        this.notification.add(message, { type: "danger" });
    }

    /** Nothing is begun while something is under way: a double click is one click. */
    async once(work) {
        if (this.state.isBusy) {
            return undefined;
        }
        this.state.isBusy = true;
        try {
            return await work();
        } finally {
            this.state.isBusy = false;
        }
    }

    onTryFirst() {
        return this.once(async () => {
            const what = await this.collect();
            if (what) {
                await this.submit(what, true);
            }
        });
    }

    async onStart() {
        const what = await this.once(() => this.collect());
        if (!what) {
            return;
        }
        this.dialogService.add(ConfirmationDialog, {
            ...questionOf(what.kind, {
                counted: this.counted,
                name: this.choice.name,
                fields: this.state.rows.map((row) => row.field.string).join(", "),
                calls: this.calls,
                isOneCall: this.callCount === 1,
                confirm: this.choice.confirm,
            }),
            confirm: () => this.once(() => this.submit(what, false)),
            cancel: () => {},
        });
    }

    async submit(what, dryRun) {
        const { domain, ids, label } = this.props;
        const chosen = domain ? { domain, expected: this.state.count } : { record_ids: ids };
        const options = { label, dry_run: dryRun, idempotency_key: this.key };
        const answer = await this.call("run", { what, ...chosen, ...options });
        if (!answer.action) {
            this.state.count = answer.count;
            return this.tell(
                answer.count === 1
                    ? _t("Meanwhile there is %s. Nothing was started; look and start again.", this.counted)
                    : _t("Meanwhile there are %s. Nothing was started; look and start again.", this.counted)
            );
        }
        this.props.close();
        await this.actionService.doAction(answer.action);
    }
}
