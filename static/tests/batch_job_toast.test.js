import { defineBusModels, waitForChannels, waitNotifications } from "@bus/../tests/bus_test_helpers";
import { after, describe, expect, queryAllTexts, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    getService,
    makeServerError,
    MockServer,
    mockService,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
    serverState,
} from "@web/../tests/web_test_helpers";

import { browser } from "@web/core/browser/browser";

import { CLOSE_AFTER, JobToasts, MOST_OPEN } from "@batch_job/batch_job_toast/batch_job_toast";

class Page extends models.Model {
    _name = "page.of.another.app";

    name = fields.Char();
    _records = [{ id: 1, name: "Somewhere else" }];
}

defineBusModels();
defineModels([Page]);
describe.current.tags("desktop");

const done = { id: 7, name: "Prices", state: "done", succeeded: 20000, failed: 0, skipped: 0 };
const partly = { ...done, state: "partial", succeeded: 17000, failed: 3000 };
const TOAST = ".o_batch_job_toast";

const openPage = () =>
    mountView({
        type: "form",
        resModel: "page.of.another.app",
        resId: 1,
        arch: `<form><field name="name"/></form>`,
    });

/** A tab of the browser, beside the page's own. */
const newTab = () => {
    const [action, notification, orm] = ["action", "notification", "orm"].map(getService);
    const tab = new JobToasts({ action, notification, orm });
    after(() => tab.tabs.close());
    return tab;
};

const mockHidden = () => {
    let isHidden = true;
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    after(() => delete document.hidden);
    return async () => {
        isHidden = false;
        document.dispatchEvent(new Event("visibilitychange"));
        await animationFrame();
    };
};

test("the end of a job is told on the page of another app", async () => {
    await openPage();
    getService("bus_service").addChannel("owner");
    await waitForChannels(["owner"]);
    MockServer.env["bus.bus"]._sendone("owner", "batch_job/ended", partly);
    await waitNotifications(["batch_job/ended", partly]);
    await animationFrame();
    expect(`${TOAST} .o_notification_content`).toHaveText("Prices\n17,000 done, 3,000 failed");
    expect(`${TOAST} .bg-warning`).toHaveCount(1 + 1);
    expect(queryAllTexts(`${TOAST} .o_notification_buttons button`)).toEqual([
        "Open",
        "Download Failed",
    ]);
});

test("words and colour are those of the outcome", async () => {
    await openPage();
    const tab = newTab();
    const outcomes = [
        [done, "Prices\n20,000 done", "success"],
        [{ ...done, state: "failed", succeeded: 0, failed: 5 }, "Prices\n5 failed", "danger"],
        [
            { ...done, state: "cancelled", succeeded: 1, skipped: 9 },
            "Prices\nCancelled: 1 done, 9 not run",
            "info",
        ],
        [{ ...partly, dry_run: true }, "Prices\nDry run: 17,000 passed, 3,000 failed", "warning"],
    ];
    for (const [number, [job, text, type]] of outcomes.entries()) {
        tab.announce(job, number + 1);
        await animationFrame();
        // one toast for each job: the new one takes the place of the old one
        expect(`${TOAST} .o_notification_content`).toHaveText(text);
        expect(`${TOAST} .o_notification_bar.bg-${type}`).toHaveCount(1);
    }
});

test("a name is text, never HTML", async () => {
    await openPage();
    newTab().announce({ ...done, name: "<img src=x>" }, 1);
    await animationFrame();
    expect(`${TOAST} img`).toHaveCount(0);
    expect(`${TOAST} strong`).toHaveText("<img src=x>");
});

test("a toast of failures stays, another one goes after a while", async () => {
    await openPage();
    const tab = newTab();
    tab.announce(done, 1);
    tab.announce({ ...partly, id: 8 }, 2);
    await animationFrame();
    expect(TOAST).toHaveCount(2);
    await advanceTime(CLOSE_AFTER + 1000);
    await animationFrame();
    expect(TOAST).toHaveCount(1);
    expect(TOAST).toHaveText(/3,000 failed/);
});

test("the same message twice makes one toast, and a closed one does not come back", async () => {
    await openPage();
    const tab = newTab();
    tab.announce(partly, 1);
    tab.announce(partly, 1);
    await animationFrame();
    expect(TOAST).toHaveCount(1);
    await contains(`${TOAST} .o_notification_close`).click();
    tab.announce(partly, 1);
    await animationFrame();
    expect(TOAST).toHaveCount(0);
});

test("a job whose form is open needs no toast", async () => {
    await openPage();
    const tab = newTab();
    tab.announce(partly, 1);
    await animationFrame();
    tab.enter(7);
    await animationFrame();
    expect(TOAST).toHaveCount(0);
    tab.announce(partly, 2);
    await animationFrame();
    expect(TOAST).toHaveCount(0);

    tab.leave(7);
    tab.announce(partly, 3);
    await animationFrame();
    expect(TOAST).toHaveCount(1);
});

test("a tab that nobody sees waits until somebody looks", async () => {
    const look = mockHidden();
    await openPage();
    newTab().announce(done, 1);
    await animationFrame();
    expect(TOAST).toHaveCount(0);
    await look();
    expect(TOAST).toHaveCount(1);
});

test("of several tabs the one that somebody looks at shows the toast", async () => {
    await openPage();
    const [seen, other] = [newTab(), newTab()];
    const heard = new Promise((resolve) => other.tabs.addEventListener("message", resolve));
    seen.announce(partly, 1);
    await heard;
    other.announce(partly, 1);
    await animationFrame();
    expect(TOAST).toHaveCount(1);
});

test("a toast that is closed in one window is closed in the others", async () => {
    await openPage();
    const [one, other] = [newTab(), newTab()];
    one.announce(partly, 1);
    other.announce(partly, 1);
    await animationFrame();
    expect(TOAST).toHaveCount(2);
    const closed = new Promise((resolve) =>
        other.tabs.addEventListener("message", ({ data }) => data.isClosed && resolve())
    );
    one.closers.get(7)();
    await closed;
    await animationFrame();
    expect(TOAST).toHaveCount(0);
});

test("failures that nobody has closed are told again after the page was loaded anew", async () => {
    await openPage();
    const tab = newTab();
    tab.announce(done, 1);
    tab.announce({ ...partly, id: 8 }, 2);
    await animationFrame();
    expect(JSON.parse(browser.sessionStorage.getItem(tab.key)).map(({ id }) => id)).toEqual([8]);
    newTab(); // the page after it was loaded anew
    await animationFrame();
    expect(`${TOAST}:contains(3,000 failed)`).toHaveCount(2);

    tab.closers.get(8)();
    expect(browser.sessionStorage.getItem(tab.key)).toBe("[]");
});

test("many toasts make room for each other", async () => {
    await openPage();
    const tab = newTab();
    for (let id = 1; id <= MOST_OPEN + 3; id++) {
        tab.announce({ ...partly, id, name: `Job ${id}` }, id);
    }
    await animationFrame();
    expect(queryAllTexts(`${TOAST} strong`)).toEqual(["Job 4", "Job 5", "Job 6", "Job 7", "Job 8"]);
});

test("the buttons open the form and download the failed rows", async () => {
    mockService("action", {
        doAction: ({ res_model, res_id, views }) =>
            expect.step(`open ${res_model} ${res_id} ${views[0][1]}`),
    });
    patchWithCleanup(HTMLAnchorElement.prototype, {
        click() {
            expect.step(`download ${this.getAttribute("href")}`);
        },
    });
    onRpc("batch.job", "rows_address", ({ args }) => {
        expect.step(args);
        return "/the/file";
    });
    await openPage();
    newTab().announce(partly, 1);
    await animationFrame();
    await contains(`${TOAST} button:contains(Download Failed)`).click();
    expect.verifySteps([[[7], "xlsx", "failed", null], "download /the/file"]);
    expect(TOAST).toHaveCount(1);
    await contains(`${TOAST} button:contains(Open)`).click();
    expect.verifySteps(["open batch.job 7 form"]);
    expect(TOAST).toHaveCount(0);
});

test("what cannot be downloaded says why, and downloads nothing", async () => {
    expect.errors(1);
    onRpc("batch.job", "rows_address", () => {
        throw makeServerError({ type: "UserError", message: "Job 7 does not exist" });
    });
    patchWithCleanup(HTMLAnchorElement.prototype, {
        click() {
            expect.step("download");
        },
    });
    await openPage();
    newTab().announce(partly, 1);
    await animationFrame();
    await contains(`${TOAST} button:contains(Download Failed)`).click();
    await animationFrame();
    expect.verifySteps([]);
    expect.verifyErrors(["RPC_ERROR: Job 7 does not exist"]);
    expect(".modal-body, .o_notification:not(.o_batch_job_toast)").toHaveText(
        "Job 7 does not exist"
    );
});

test("what is kept belongs to one user of one database", async () => {
    await openPage();
    expect(newTab().key).toInclude(String(serverState.userId));
});
