import { describe, expect, queryAllTexts, test } from "@odoo/hoot";
import {
    contains,
    defineModels,
    defineWebModels,
    fields,
    models,
    mountView,
} from "@web/../tests/web_test_helpers";

class Schedule extends models.Model {
    _name = "batch.job.schedule";

    name = fields.Char();
    active = fields.Boolean();
    may_edit = fields.Boolean();

    _records = [
        { id: 1, name: "Mine", active: true, may_edit: true },
        { id: 2, name: "Somebody else's", active: true, may_edit: false },
    ];
}

defineWebModels();
defineModels([Schedule]);
describe.current.tags("desktop");

const BODY = `<field name="name"/><field name="active"/><field name="may_edit"/>`;
const CHANGES = ["Archive", "Unarchive", "Delete"];

/** Which changes the menu of actions offers. */
const offered = async () => {
    await contains(".o_cp_action_menus .dropdown-toggle").click();
    const found = queryAllTexts(".o_menu_item").filter((text) => CHANGES.includes(text));
    await contains(".o_cp_action_menus .dropdown-toggle").click();
    return found;
};

test("the form of somebody else's schedule offers no change", async () => {
    const view = {
        type: "form",
        resModel: "batch.job.schedule",
        resIds: [1, 2],
        arch: `<form js_class="batch_job_schedule_form">${BODY}</form>`,
        actionMenus: {},
    };
    await mountView({ ...view, resId: 1 });
    expect(await offered()).toEqual(["Archive", "Delete"]);
    await contains(".o_pager_next").click();
    expect(".o_field_widget[name=name] input").toHaveValue("Somebody else's");
    await contains(".o_cp_action_menus .dropdown-toggle").click();
    expect(queryAllTexts(".o_menu_item").filter((text) => CHANGES.includes(text))).toEqual([]);
});

test("a selection with somebody else's schedule offers no change", async () => {
    await mountView({
        type: "list",
        resModel: "batch.job.schedule",
        arch: `<list js_class="batch_job_schedule_list">${BODY}</list>`,
        actionMenus: {},
    });
    await contains(".o_data_row:nth-child(1) .o_list_record_selector input").click();
    expect(await offered()).toEqual(CHANGES);
    await contains(".o_data_row:nth-child(2) .o_list_record_selector input").click();
    expect(await offered()).toEqual([]);
});
