import { defineBusModels } from "@bus/../tests/bus_test_helpers";
import { describe, expect, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

import { ASK_EVERY } from "@batch_job/batch_job_progress/batch_job_progress";

class BatchJob extends models.Model {
    _name = "batch.job";

    name = fields.Char();

    _records = [{ id: 7, name: "Prices" }];
}

class Campaign extends models.Model {
    _name = "campaign";

    job_id = fields.Many2one({ relation: "batch.job" });

    _records = [{ id: 1, job_id: 7 }, { id: 2 }];
}

defineBusModels();
defineModels([BatchJob, Campaign]);
describe.current.tags("desktop");

const mountCampaign = (resId) =>
    mountView({
        type: "form",
        resModel: "campaign",
        resId,
        arch: `<form><field name="job_id" widget="batch_job_progress"/></form>`,
    });

const statusOf = (succeeded, state) => ({
    id: 7,
    name: "Prices",
    state,
    total: 10,
    succeeded,
    failed: 0,
    skipped: 0,
    policy: "isolate",
    dry_run: false,
    error: null,
});

test("a job that is at work is followed until it has ended", async () => {
    const answers = [statusOf(0, "queued"), statusOf(4, "running"), statusOf(10, "done")];
    onRpc("batch.job", "status", () => {
        expect.step("status");
        return answers.shift();
    });
    await mountCampaign(1);
    await animationFrame();
    expect(".o_batch_job_progress a").toHaveText("Prices");
    expect(".o_batch_job_percent").toHaveText("0 %");
    await advanceTime(ASK_EVERY);
    await animationFrame();
    expect(".o_batch_job_percent").toHaveText("40 %");
    await advanceTime(ASK_EVERY);
    await animationFrame();
    expect(".o_batch_job_percent").toHaveText("100 %");
    await advanceTime(3 * ASK_EVERY);
    expect.verifySteps(["status", "status", "status"]);
});

test("somebody else's job is named, without a link and a bar", async () => {
    onRpc("batch.job", "status", () => {
        throw new Error("no right to see it");
    });
    await mountCampaign(1);
    await animationFrame();
    expect(".o_batch_job_progress").toHaveText("Prices");
    expect(".o_batch_job_progress a, .o_batch_job_bar").toHaveCount(0);
});

test("without a job nothing is shown and nothing is asked", async () => {
    onRpc("batch.job", "status", () => expect.step("status"));
    await mountCampaign(2);
    await advanceTime(2 * ASK_EVERY);
    expect(".o_batch_job_progress").toHaveCount(0);
    expect.verifySteps([]);
});

test("the name leads to the job's form", async () => {
    onRpc("batch.job", "status", () => statusOf(10, "done"));
    mockService("action", {
        doAction: ({ res_model, res_id }) => expect.step(`${res_model} ${res_id}`),
    });
    await mountCampaign(1);
    await animationFrame();
    await contains(".o_batch_job_progress a").click();
    expect.verifySteps(["batch.job 7"]);
});
