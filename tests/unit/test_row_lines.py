import pytest

from engine.row_lines import BadFile, read_sheet

HEAD = ["Job", "Row", "Error", "name"]
OF_COMMAND_LINE = ["__job", "__index", "name"]


def sheet(*lines, head=HEAD, job=7, total=10):
    rows = [list(map(str, line)) for line in (head, *lines)]
    return read_sheet(enumerate(rows, 1), job, total)


def test_lines_are_rows():
    """A line has the index of its row, the number of its line, and the texts of its columns."""
    found = sheet([7, 1, "no", "a"], [7, 10, "", "b"])
    assert found.columns == ["name"]
    assert [(line.number, line.index, line.texts) for line in found.lines.values()] == [
        (2, 0, {"name": "a"}),
        (3, 9, {"name": "b"}),
    ]


def test_columns_may_move_and_rows_may_be_sorted():
    """Columns are known by their names, rows by their numbers."""
    found = sheet(["b", 7, 3], ["a", 7, 2], head=["name", "Job", "Row"])
    assert {index: line.texts["name"] for index, line in found.lines.items()} == {2: "b", 1: "a"}


def test_file_of_the_command_line():
    """Its rows count from 0, and its own columns are known."""
    head = ["name", "__job", "__index", "__error", "__state", "__ids"]
    found = sheet(["a", 7, 0, "no", "failed", ""], head=head)
    assert found.columns == ["name"]
    assert found.lines[0].texts == {"name": "a"}


def test_empty_lines_and_empty_cells():
    """They are no rows; a column without a name may be empty."""
    found = sheet(["", "", "", ""], [7, 1, "", "a", ""], head=[*HEAD, ""])
    assert list(found.lines) == [0]
    assert found.lines[0].number == 3


def test_numbers_as_programs_write_them():
    """7.0 is 7."""
    assert list(sheet(["7.0", "2.0", "", "a"]).lines) == [1]


def test_rows_of_other_jobs_are_counted():
    """In a file of several jobs they are left out."""
    found = sheet([8, 1, "", "a"], [7, 1, "", "b"], [8, 9999, "", "c"])
    assert (found.foreign, list(found.lines)) == (2, [0])


@pytest.mark.parametrize(
    ("lines", "head", "words"),
    [
        ([[8, 1, "", "a"]], HEAD, "No row of the file belongs to this job: .* of job 8."),
        ([], HEAD, "The file has no rows."),
        ([[1, "a"]], ["Row", "name"], "The column “Job” is missing"),
        ([[7, "a"]], ["Job", "name"], "The column “Row” is missing"),
        ([[7, 1, "", "a", "b"]], [*HEAD, "name"], "The column “name” is there twice"),
        ([[7, 1, "", "a", "b"]], HEAD, "Line 2: cell 5 has a value and no column."),
        ([[7, 1, "", "a", "b"]], [*HEAD, ""], "Line 2: cell 5 has a value and no column."),
        ([[7, 11, "", "a"]], HEAD, "Line 2: the job has no row 11; it has rows 1 to 10."),
        ([[7, 0, "", "a"]], HEAD, "Line 2: the job has no row 0"),
        ([[7, "", "", "a"]], HEAD, "Line 2: the column “Row” holds “”; leave it as it was."),
        ([[7, "x", "", "a"]], HEAD, "Line 2: the column “Row” holds “x”"),
        ([["07:12", 1, "", "a"]], HEAD, "Line 2: the column “Job” holds “07:12”"),
        ([[7, "a"]], ["__job", "name"], "The column “__index” is missing"),
        ([[0, "a"]], ["__index", "name"], "The column “__job” is missing"),
        ([["x", 0, "a"]], OF_COMMAND_LINE, "Line 2: the column “__job” holds “x”"),
        ([[7, 10, "a"]], OF_COMMAND_LINE, "the job has no row 10; it has rows 0 to 9."),
        ([[7, 3, "", "a"], [7, 3, "", "b"]], HEAD, "Lines 2 and 3 are both row 3: leave out one."),
    ],
)
def test_what_is_refused(lines, head, words):
    """Each with its lines and what to do."""
    with pytest.raises(BadFile, match=words):
        sheet(*lines, head=head)


def test_all_bad_lines_are_named():
    """In one message; of very many the first 20."""
    with pytest.raises(BadFile) as raised:
        sheet([7, 99, "", "a"], [7, 1, "", "b"], [7, "x", "", "c"])
    assert [text.split(":")[0] for text in str(raised.value).splitlines()] == ["Line 2", "Line 4"]
    with pytest.raises(BadFile) as raised:
        sheet(*[[7, 99, "", "a"]] * 30)
    lines = str(raised.value).splitlines()
    assert (len(lines), lines[-1]) == (21, "These are the first 20; there are more.")
