import { describe, expect, test } from "@odoo/hoot";
import { press, queryAllTexts, queryFirst } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    defineWebModels,
    fields,
    findComponent,
    mockService,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { FormController } from "@web/views/form/form_controller";

const COUNTRY = { type: "foreign_key", model: "res.partner", field: "country_id", constraint: null };
const CAUSES = [
    {
        ...COUNTRY,
        count: 1200,
        message: "country_id: there is no res.country with id 9999.",
        reason: "Country: no such record, e.g. 9999 (3 values)",
        values: ["9999", "9998", "9997"],
        distinct: 3,
    },
    {
        ...{ type: "bad_value", model: "res.partner", field: "type & co", constraint: null },
        count: 2,
        message: "type (Address Type): 'x' is not valid. Send one of: contact, other.",
        reason: "Address Type: wrong value: x",
        values: ["x"],
        distinct: 1,
    },
    {
        ...{ type: "other", model: null, field: null, constraint: null },
        count: 7,
        message: "Other causes",
        reason: "Other causes",
        values: [],
        distinct: null,
    },
];

class BatchJob extends models.Model {
    _name = "batch.job";

    name = fields.Char();
    causes = fields.Json({ string: "Causes" });
    state = fields.Char();
    policy = fields.Char();
    dry_run = fields.Boolean();

    _records = [
        { id: 1, name: "Ended", causes: CAUSES, state: "partial", policy: "isolate" },
        { id: 2, name: "At work", causes: CAUSES, state: "running", policy: "isolate" },
        { id: 3, name: "Trial", causes: CAUSES, state: "partial", policy: "isolate", dry_run: true },
        { id: 4, name: "As one", causes: CAUSES, state: "failed", policy: "all" },
        { id: 5, name: "Nothing yet", causes: false, state: "running", policy: "isolate" },
        { id: 6, name: "One", causes: [{ ...CAUSES[0], count: 1 }], state: "partial", policy: "isolate" },
    ];
}

defineWebModels();
defineModels([BatchJob]);
describe.current.tags("desktop");

const arch = `<form><field name="name"/><field name="causes" widget="batch_job_causes"/></form>`;
const mountJob = (resId) => mountView({ type: "form", resModel: "batch.job", resId, arch });
const button = (cause, label) =>
    `.o_batch_job_cause:eq(${cause}) [aria-label="${label}"]`;
const ROWS = button(0, "Show the 1,200 rows: Country: no such record, e.g. 9999 (3 values)");
const FILE = button(1, "Download the 2 rows: Address Type: wrong value: x");
const RETRY = button(0, "Retry the 1,200 rows: Country: no such record, e.g. 9999 (3 values)");

/** What the server is asked, and which action the web client is given. */
const record = (answer = false) => {
    const opened = [];
    mockService("action", { doAction: async (action) => opened.push(action) });
    for (const method of ["action_open_cause", "action_open_failed", "action_retry_cause"]) {
        onRpc("batch.job", method, ({ args }) => {
            expect.step([method, ...args]);
            return answer;
        });
    }
    return opened;
};

test("a line for each cause: how many, why, and what the reason leaves out", async () => {
    await mountJob(1);
    expect(queryAllTexts(".o_batch_job_cause_count")).toEqual(["1,200", "2", "7"]);
    expect(queryAllTexts(".o_batch_job_cause_reason")).toEqual(CAUSES.map(({ reason }) => reason));
    expect(queryAllTexts(".o_batch_job_cause_more")).toEqual([CAUSES[1].message]);
    expect(".o_batch_job_cause_reason:first").toHaveAttribute("title", "9999, 9998, 9997");
    expect(".o_batch_job_cause_reason[dir=auto]").toHaveCount(3);
});

test("Rows opens the operations of exactly that cause; of the other causes, all that failed", async () => {
    const action = { type: "ir.actions.act_window", res_model: "batch.job.operation" };
    const opened = record(action);
    await mountJob(1);
    await contains(ROWS).click();
    await contains(button(2, "Show the 7 rows: Other causes")).click();
    expect.verifySteps([
        ["action_open_cause", [1], COUNTRY],
        ["action_open_failed", [1]],
    ]);
    expect(opened).toEqual([action, action]);
});

test("Retry asks with the number, and retries exactly that cause", async () => {
    record();
    await mountJob(1);
    await contains(RETRY).click();
    expect(".modal-body").toHaveText(
        "1,200 rows run again: Country: no such record, e.g. 9999 (3 values)"
    );
    await contains(".modal-footer button:contains(Go Back)").click();
    expect.verifySteps([]);
    await contains(RETRY).click();
    await contains(".modal-footer button:contains(Retry)").click();
    expect.verifySteps([["action_retry_cause", [1], COUNTRY]]);
});

test("one row is told in the singular", async () => {
    const [cause] = CAUSES;
    await mountJob(6);
    const labels = [...document.querySelectorAll(".o_batch_job_cause [aria-label]")].map((one) =>
        one.getAttribute("aria-label")
    );
    expect(labels).toEqual([
        `Show the row: ${cause.reason}`,
        `Download the row: ${cause.reason}`,
        `Retry the row: ${cause.reason}`,
    ]);
    await contains(".o_batch_job_cause button:has(.fa-repeat)").click();
    expect(".modal-title").toHaveText("Retry this row?");
    expect(".modal-body").toHaveText(`1 row runs again: ${cause.reason}`);
});

test("a retry that came too late says what the server says", async () => {
    const warning = { type: "ir.actions.client", tag: "display_notification" };
    const opened = record(warning);
    await mountJob(1);
    await contains(RETRY).click();
    await contains(".modal-footer button:contains(Retry)").click();
    expect.verifySteps([["action_retry_cause", [1], COUNTRY]]);
    expect(opened).toEqual([warning]);
});

test("the file is that of the cause; the server gives its address", async () => {
    onRpc("batch.job", "rows_address", ({ args }) => {
        expect.step(args);
        return "/the/file";
    });
    patchWithCleanup(HTMLAnchorElement.prototype, {
        click() {
            expect.step(`download ${this.getAttribute("href")}`);
        },
    });
    await mountJob(1);
    await contains(FILE).click();
    const cause = {
        type: "bad_value",
        model: "res.partner",
        field: "type & co",
        constraint: null,
    };
    expect.verifySteps([[[1], "xlsx", "failed", cause], "download /the/file"]);
});

for (const [resId, name, retries] of [
    [1, "a job that has ended", 2],
    [2, "a job at work", 0],
    [3, "a dry run", 0],
    [4, "one transaction", 0],
]) {
    test(`causes that are retried: ${retries}, of ${name}`, async () => {
        await mountJob(resId);
        expect(".o_batch_job_cause .fa-repeat").toHaveCount(retries);
        expect(".o_batch_job_cause .fa-download").toHaveCount(2);
        expect(".o_batch_job_cause button:contains(Rows)").toHaveCount(3);
    });
}

test("a job without causes has no line", async () => {
    await mountJob(5);
    expect(".o_batch_job_causes").toHaveCount(1);
    expect(".o_batch_job_cause").toHaveCount(0);
});

test("every button is reached and pressed by the keyboard", async () => {
    record();
    await mountJob(1);
    const reached = [...document.querySelectorAll(".o_batch_job_cause_buttons > *")];
    expect(reached).toHaveLength(7);
    expect(reached.every((one) => one.tabIndex === 0 && one.ariaLabel)).toBe(true);
    queryFirst(RETRY).focus();
    await press("Enter");
    await animationFrame();
    expect(".modal-body").toHaveCount(1);
});

test("causes are patched in while somebody types, and nothing typed is touched", async () => {
    const view = await mountJob(2);
    const { root } = findComponent(view, (one) => one instanceof FormController).model;
    await contains(".o_field_widget[name=name] input").edit("Half typ", { confirm: false });
    root._applyValues({ causes: [{ ...CAUSES[0], count: 1201 }] });
    await animationFrame();
    expect(queryAllTexts(".o_batch_job_cause_count")).toEqual(["1,201"]);
    expect(".o_field_widget[name=name] input").toHaveValue("Half typ");
});
