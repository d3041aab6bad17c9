import { Component, xml } from "@odoo/owl";
import { Record } from "@web/model/record";
import { extractFieldsFromArchInfo } from "@web/model/relational_model/utils";
import { Field } from "@web/views/fields/field";

const WIDGETS = { many2many: "many2many_tags" };

/** Odoo's own editor of one field, on a record that is never stored. */
export class ValueEditor extends Component {
    static template = xml`
        <Record t-props="recordProps" t-slot-scope="data">
            <Field
                id="props.id"
                name="props.field.name"
                record="data.record"
                fieldInfo="fieldInfo"
                class="'w-100'"
            />
        </Record>`;
    static components = { Field, Record };
    // the props must stay the same objects: with other ones, Record would load its values again
    static props = {
        id: String, // of the input, for its label
        resModel: String,
        context: Object,
        field: Object,
        onLoaded: Function,
    };

    setup() {
        const { resModel, context, field } = this.props;
        const fields = { [field.name]: { ...field, required: false } };
        const node = document.createElement("field");
        node.setAttribute("name", field.name);
        node.setAttribute("options", "{'no_open': True}");
        if (WIDGETS[field.type]) {
            node.setAttribute("widget", WIDGETS[field.type]);
        }
        this.fieldInfo = Field.parseFieldNode(node, { [resModel]: { fields } }, resModel, "form");
        this.recordProps = {
            ...extractFieldsFromArchInfo({ fieldNodes: { [field.name]: this.fieldInfo } }, fields),
            resModel,
            context,
            values: {},
            hooks: { onRootLoaded: (record) => this.props.onLoaded(field.name, record) },
        };
    }
}

/**
 * What is to be written to a field; undefined if no value was given.
 *
 * @param {Object} row of the dialog: `{ field, isEmpty, links }`
 * @param {Object} record the record of the row's editor
 */
export async function valueOf(row, record) {
    const { name, type } = row.field;
    if (type === "many2many") {
        return row.isEmpty ? [[6, 0, []]] : linksOf(row.links, record.data[name].currentIds);
    }
    if (row.isEmpty) {
        return false;
    }
    const value = (await record.getChanges())[name];
    const isGiven = isAlwaysGiven(row.field) || (value !== false && value !== "");
    return isGiven ? value : undefined;
}

function linksOf(links, ids) {
    if (!ids.length) {
        return undefined;
    }
    return links === "set" ? [[6, 0, [...ids]]] : ids.map((id) => [links === "add" ? 4 : 3, id]);
}

/** Whether a field has a value always: no and 0 are values. */
export function isAlwaysGiven(field) {
    return ["boolean", "integer", "float", "monetary"].includes(field.type);
}
