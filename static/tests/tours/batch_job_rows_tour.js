import { registry } from "@web/core/registry";

const searched = (text) => [
    {
        content: `look for ${text}`,
        trigger: ".o_searchview_input",
        run: `edit ${text}`,
    },
    {
        content: "the first thing that is offered is the name of the row",
        trigger: ".o_searchview_input",
        run: "press Enter",
    },
];

const rowOf = (name) => `.o_list_view .o_content > .o_list_renderer .o_data_row:contains(${name})`;

registry.category("web_tour.tours").add("batch_job_rows", {
    steps: () => [
        {
            content: "all rows",
            trigger: ".oe_stat_button[name=action_open_operations]",
            run: "click",
        },
        { content: "they are there", trigger: rowOf("Kunde 00124") },
        ...searched("Kunde 00123"),
        {
            content: "the others are gone",
            trigger: `.o_list_view:not(:has(.o_data_row:contains(Kunde 00124)))`,
        },
        { content: "open the row", trigger: `${rowOf("Kunde 00123")} .o_data_cell`, run: "click" },
        {
            content: "the row has the number that it has in the file",
            trigger: ".o_form_view .o_field_widget[name=row]:contains(2)",
        },
        {
            content: "the wrong cell is marked",
            trigger:
                ".o_field_widget[name=content_table] tr.table-danger:contains(Category):contains(Refers to)",
        },
        {
            content: "JSON is folded away",
            trigger: ".o_form_view:not(:has(.o_field_widget[name=payload_text]))",
        },
        {
            content: "unfold it",
            trigger: ".o_notebook_headers .nav-link:contains(Technical)",
            run: "click",
        },
        {
            content: "the JSON",
            trigger: ".o_field_widget[name=payload_text]:contains(Kunde 00123)",
        },
    ],
});
