import { defineBusModels, waitForChannels, waitNotifications } from "@bus/../tests/bus_test_helpers";
import { describe, expect, queryAllTexts, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    getService,
    MockServer,
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

defineBusModels();
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

test("the form reads its schedule again after a run, but not what somebody edits", async () => {
    await mountView({
        type: "form",
        resModel: "batch.job.schedule",
        resId: 1,
        arch: `<form js_class="batch_job_schedule_form">${BODY}</form>`,
    });
    getService("bus_service").addChannel("owner");
    await waitForChannels(["owner"]);
    const hasRun = async (values, id = 1) => {
        MockServer.env["batch.job.schedule"].write([1], values);
        MockServer.env["bus.bus"]._sendone("owner", "batch_job/schedule", { id });
        await waitNotifications(["batch_job/schedule", { id }]);
        await animationFrame();
    };
    const name = ".o_field_widget[name=name] input";
    await hasRun({ name: "Mine, run once" }, 2);
    expect(name).toHaveValue("Mine");
    await hasRun({ name: "Mine, run once" });
    expect(name).toHaveValue("Mine, run once");
    await contains(name).edit("Typed", { confirm: "tab" });
    await hasRun({ name: "Mine, run twice" });
    expect(name).toHaveValue("Typed");
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
