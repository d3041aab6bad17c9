import { describe, expect, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    defineModels,
    defineWebModels,
    fields,
    findComponent,
    models,
    mountView,
} from "@web/../tests/web_test_helpers";
import { FormController } from "@web/views/form/form_controller";

import { ANNOUNCE_EVERY } from "@batch_job/batch_job_bar/batch_job_bar";

class BatchJob extends models.Model {
    _name = "batch.job";

    progress = fields.Float();
    total = fields.Integer();
    succeeded = fields.Integer();
    failed = fields.Integer();
    skipped = fields.Integer();
    step_position = fields.Integer();
    state = fields.Char();
    policy = fields.Char();
    dry_run = fields.Boolean();

    _records = [
        { id: 1, total: 20000, succeeded: 16999, failed: 3000, state: "running" },
        { id: 2, total: 500, skipped: 500, progress: 100, state: "cancelled" },
        { id: 3, total: 8, step_position: 6, state: "running", dry_run: true },
    ];
}

defineWebModels();
defineModels([BatchJob]);
describe.current.tags("desktop");

const bar = (options = "") => `<field name="progress" widget="batch_job_bar" ${options}/>`;

const mountJob = (resId) => {
    const arch = `<form>${bar(`options="{'legend': true}"`)}</form>`;
    return mountView({ type: "form", resModel: "batch.job", resId, arch });
};

const texts = () =>
    [...document.querySelectorAll(".o_batch_job_legend li")].map((one) => one.innerText.trim());

test("each segment is named with its number, and as wide as its share", async () => {
    await mountJob(1);
    expect(texts()).toEqual(["16,999 done", "3,000 failed", "1 left"]);
    const widths = [...document.querySelectorAll(".o_batch_job_segments > div")].map((segment) =>
        parseFloat(segment.style.width)
    );
    expect(widths).toEqual([84.995, 15, 0.005]);
});

test("a job that was cancelled before it ran shows 0 %", async () => {
    await mountJob(2);
    expect(".o_batch_job_percent").toHaveText("0 %");
    expect(texts()).toEqual(["0 done", "500 not run"]);
});

test("of a dry run, what was tried is not called done", async () => {
    await mountJob(3);
    expect(texts()).toEqual(["0 passed", "6 tried", "2 left"]);
    expect(".o_batch_job_percent").toHaveText("75 %");
});

test("the bar is a progress bar for assistive technology, with all numbers", async () => {
    await mountJob(1);
    expect(".o_batch_job_segments").toHaveAttribute("role", "progressbar");
    expect(".o_batch_job_segments").toHaveAttribute("aria-valuenow", "99");
    expect(".o_batch_job_segments").toHaveAttribute(
        "aria-valuetext",
        "99 %: 16,999 done, 3,000 failed, 1 left, of 20,000"
    );
});

test("changes are announced politely, at most every ten seconds, the latest ones", async () => {
    const view = await mountJob(1);
    const { root } = findComponent(view, (one) => one instanceof FormController).model;
    const change = async (succeeded) => {
        root._applyValues({ succeeded });
        await animationFrame(); // the bar
        await animationFrame(); // what it says
    };
    const spoken = () => document.querySelector("[aria-live=polite]").textContent;

    expect(spoken()).toBe("");
    await change(16990);
    expect(spoken()).toMatch(/16,990 done/);
    await change(16991);
    await change(16992);
    expect(spoken()).toMatch(/16,990 done/);
    await advanceTime(ANNOUNCE_EVERY);
    await animationFrame();
    expect(spoken()).toMatch(/16,992 done/);
});

test("in lists and on cards the numbers are a tooltip, and nothing is announced", async () => {
    await mountView({ type: "list", resModel: "batch.job", arch: `<list>${bar()}</list>` });
    expect(".o_batch_job_bar").toHaveCount(3);
    expect(".o_data_row:first .o_batch_job_bar").toHaveAttribute(
        "title",
        "99 %: 16,999 done, 3,000 failed, 1 left, of 20,000"
    );
    expect(".o_data_row .o_batch_job_legend").toHaveCount(0);
    expect("[aria-live]").toHaveCount(0);
});
