import { registry } from "@web/core/registry";
import { inputFiles } from "@web/../tests/utils";

const ROWS = 150;

function rows(firstName) {
    const names = Array.from({ length: ROWS }, (_, at) => (at ? `Tour ${at}` : firstName));
    const lines = names.map((name, at) => `${name},${at % 10}`);
    return new File([["name,color", ...lines].join("\n")], "tags of the tour.csv", {
        type: "text/csv",
    });
}

const choose = (firstName) => [
    { content: "the menu", trigger: ".o_cp_action_menus .fa-cog", run: "click" },
    { content: "import", trigger: ".o_import_menu", run: "click" },
    {
        content: "choose the file",
        trigger: ".o_import_file",
        run: () => inputFiles(".o_input_file", [rows(firstName)]),
    },
];

registry.category("web_tour.tours").add("batch_job_import_in_background", {
    steps: () => [
        ...choose("Tour 0"),
        {
            content: "it comes first, as the primary button, because the file has batches",
            trigger: ".o_import_in_background button.btn-primary[name=import_in_background]",
        },
        {
            content: "Odoo's own buttons come after it",
            trigger: ".o_import_in_background ~ button.btn-secondary:contains(Test)",
        },
        {
            content: "update records by their name",
            trigger: "#o_import_key",
            run: "select name",
        },
        { content: "it is chosen", trigger: ".o_import_key .badge:contains(Name)" },
        {
            content: "a double click",
            trigger: "button[name=import_in_background]",
            run: "dblclick",
        },
        {
            content: "the job's form is there, and the dialog is left",
            trigger: ".o_form_view:contains(tags of the tour.csv)",
        },
        {
            content: "no way back into the dialog",
            trigger: ".o_breadcrumb:not(:contains(Import a File))",
        },
    ],
});

registry.category("web_tour.tours").add("batch_job_import_refused", {
    steps: () => [
        ...choose(""),
        {
            content: "update records by their name, which the first row has not",
            trigger: "#o_import_key",
            run: "select name",
        },
        { content: "test it", trigger: "button[name=test_in_background]", run: "click" },
        {
            content: "the refusal is shown in the dialog, with the row of the file",
            trigger: ".o_import_data_content .alert:contains(Row 2: )",
        },
    ],
});
