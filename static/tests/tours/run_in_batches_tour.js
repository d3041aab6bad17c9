import { registry } from "@web/core/registry";

const selected = (row) => ({
    content: `select row ${row}`,
    trigger: `.o_data_row:eq(${row}) .o_list_record_selector input`,
    run: "click",
});

const everyRowSelected = () => ({
    content: "select the page",
    trigger: "thead .o_list_record_selector input",
    run: "click",
});

const opened = () => [
    {
        content: "open the menu of the selection",
        trigger: ".o_cp_action_menus button:contains(Actions)",
        run: "click",
    },
    {
        content: "Run in Batches",
        trigger: ".o_menu_item:contains(Run in Batches)",
        run: "click",
    },
];

const counted = (text) => ({
    content: `the dialog says ${text}`,
    trigger: `.o_batch_job_run_count:contains(${text})`,
});

const chosen = (name) => ({
    content: `choose ${name}`,
    trigger: "#batch_job_choice",
    run() {
        const options = [...this.anchor.options];
        this.anchor.value = options.find((option) => option.textContent.trim() === name).value;
        this.anchor.dispatchEvent(new Event("change"));
    },
});

const row = (name) => `.o_batch_job_run_field[data-name=${name}]`;

const fieldAdded = (name, label) => [
    {
        content: `open the fields for ${name}`,
        trigger: ".o_batch_job_run_add input",
        run: "click",
    },
    {
        content: `add ${name}`,
        trigger: `.o_select_menu_item:contains(${label})`,
        run: "click",
    },
    { content: `the editor of ${name}`, trigger: `${row(name)} .o_field_widget` },
];

const picked = (name, text) => [
    {
        content: `type ${text}`,
        trigger: `${row(name)} .o_field_widget input`,
        run: `edit ${text}`,
    },
    {
        content: `pick ${text}`,
        trigger: `.o-autocomplete--dropdown-item:contains(${text})`,
        run: "click",
    },
];

const started = (question) => [
    { content: "Start", trigger: ".o_batch_job_run_start:enabled", run: "click" },
    { content: `it asks: ${question}`, trigger: `.modal p:contains(${question})` },
    {
        content: "yes",
        trigger: ".modal:not(.o_inactive_modal) .modal-footer button:contains(Start)",
        run: "click",
    },
];

const formOf = (name) => ({
    content: `the form of ${name}`,
    trigger: `.o_form_view .o_field_widget[name=name]:contains(${name}), .o_breadcrumb:contains(${name})`,
});

registry.category("web_tour.tours").add("batch_job_run_update", {
    steps: () => [
        selected(0),
        selected(1),
        ...opened(),
        counted("2 Deeds"),
        ...fieldAdded("country_id", "Country"),
        ...picked("country_id", "Belgium"),
        ...fieldAdded("due", "Due"),
        {
            content: "a date",
            trigger: `${row("due")} .o_field_widget input`,
            run: "edit 02/03/2030 && press Tab",
        },
        ...fieldAdded("kind", "Kind"),
        {
            content: "open the selection",
            trigger: `${row("kind")} .o_field_widget input`,
            run: "click",
        },
        { content: "Kind B", trigger: ".o_select_menu_item:contains(Kind B)", run: "click" },
        ...fieldAdded("tag_ids", "Tag"),
        ...picked("tag_ids", "Tag of the tour"),
        { content: "the tag", trigger: `${row("tag_ids")} .o_tag:contains(Tag of the tour)` },
        ...fieldAdded("trace", "Trace"),
        {
            content: "Start with a text that has no value",
            trigger: ".o_batch_job_run_start:enabled",
            run: "click",
        },
        {
            content: "it says what is missing",
            trigger: ".o_notification:contains(has no value)",
        },
        { content: "empty it", trigger: `${row("trace")} input[type=checkbox]`, run: "click" },
        ...started("This updates 2 Deeds: Country, Due, Kind, Tag, Trace."),
        formOf("Update 2 Deeds"),
    ],
});

registry.category("web_tour.tours").add("batch_job_run_archive_all", {
    steps: () => [
        everyRowSelected(),
        { content: "select all", trigger: ".o_select_domain", run: "click" },
        ...opened(),
        counted("5 Deeds"),
        chosen("Archive"),
        { content: "Try First", trigger: ".o_batch_job_run_try:enabled", run: "click" },
        formOf("Archive 5 Deeds"),
    ],
});

registry.category("web_tour.tours").add("batch_job_run_button", {
    steps: () => [
        selected(0),
        ...opened(),
        counted("1 Deed"),
        chosen("Finish"),
        ...started("Finish it for good?"),
        formOf("Finish 1 Deed"),
    ],
});

registry.category("web_tour.tours").add("batch_job_run_action", {
    steps: () => [
        everyRowSelected(),
        ...opened(),
        counted("3 Deeds"),
        chosen("Count Together"),
        {
            content: "two records in a call",
            trigger: ".o_batch_job_run_together",
            run: "edit 2",
        },
        ...started("in 2 calls"),
        formOf("Count Together: 3 Deeds"),
    ],
});
