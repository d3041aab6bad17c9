import { Component } from "@odoo/owl";

/** The columns by which a file in the background finds the records that it updates. */
export class ImportKey extends Component {
    static template = "batch_job.ImportKey";
    static props = {
        columns: Array, // [path, label]
        key: Array, // paths
        onKeyChanged: Function,
        reason: String,
    };

    /** What was chosen, as far as the columns are still imported. */
    get chosen() {
        return this.props.columns.filter(([path]) => this.props.key.includes(path));
    }

    get others() {
        return this.props.columns.filter(([path]) => !this.props.key.includes(path));
    }

    add(ev) {
        const path = ev.target.value;
        ev.target.value = "";
        if (path) {
            this.props.onKeyChanged([...this.chosen.map(([one]) => one), path]);
        }
    }

    remove(path) {
        const left = this.chosen.map(([one]) => one).filter((one) => one !== path);
        this.props.onKeyChanged(left);
    }
}
