import { describe, expect, test } from "@odoo/hoot";
import { makeMockEnv } from "@web/../tests/web_test_helpers";

import { questionOf } from "@batch_job/batch_job_form/batch_job_questions";

describe.current.tags("desktop");

test("each button that writes says how many rows it is about", async () => {
    await makeMockEnv();
    const job = { total: 30000, succeeded: 17045, failed: 5, skipped: 950, cancelled: 950 };
    const bodyOf = (button, values = {}) => String(questionOf(button, { ...job, ...values }).body);

    expect(bodyOf("action_start", { what: "Change: 500 × Contact" })).toBe(
        "This carries out 30,000 rows: Change: 500 × Contact. What is done stays."
    );
    expect(bodyOf("action_start", { dry_run: true })).toBe(
        "This tries 30,000 rows. Nothing will be kept."
    );
    expect(bodyOf("action_cancel", { policy: "all" })).toBe(
        "12,000 rows will not run. Nothing is kept."
    );
    expect(bodyOf("action_retry_cancelled")).toBe(
        "950 rows that the cancel has stopped will run. 5 failed rows will run again."
    );
    expect(bodyOf("action_retry_cancelled", { failed: 0 })).toBe(
        "950 rows that the cancel has stopped will run."
    );
    expect(bodyOf("action_resume_skip")).toBe("It stays failed. 12,000 rows will run.");
    expect(questionOf("action_pause", job)).toBe(undefined);
});

test("one row is told in the singular", async () => {
    await makeMockEnv();
    const job = { total: 3, succeeded: 1, failed: 1, skipped: 0, cancelled: 1 };
    const bodyOf = (button, values = {}) => String(questionOf(button, { ...job, ...values }).body);

    expect(bodyOf("action_start", { total: 1, what: "Change: 1 × Contact" })).toBe(
        "This carries out 1 row: Change: 1 × Contact. What is done stays."
    );
    expect(bodyOf("action_cancel")).toBe("1 row is done and stays. 1 row will not run.");
    expect(bodyOf("action_cancel", { policy: "all" })).toBe("1 row will not run. Nothing is kept.");
    expect(bodyOf("action_retry_cancelled")).toBe(
        "1 row that the cancel has stopped will run. 1 failed row will run again."
    );
    expect(bodyOf("action_resume_skip")).toBe("It stays failed. 1 row will run.");
});
