"""Files that would cost the server its memory are known before a reader has them."""

import io
import tracemalloc
import zipfile

import pytest
from bombs import GIB, bomb

from engine.spreadsheet import Limits, Problem, problem_of

SHEET = '<worksheet xmlns="x"><sheetData>{}</sheetData>{}</worksheet>'
SMALL = Limits(cells=100, ods_elements=20, text_cells=50, parts=5)


def workbook(rows="", rest="", **parts):
    """A zip with a sheet; `parts` are more files, without the ending."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", SHEET.format(rows, rest))
        for name, text in parts.items():
            archive.writestr(f"xl/{name}.xml", text)
    return file.getvalue()


def cells(*places):
    return "<row>" + "".join(f'<c r="{place}"><v>1</v></c>' for place in places) + "</row>"


def test_good_files_have_no_problem():
    """A workbook, a text, and a workbook whose cells do not say where they are, may be read."""
    unplaced = "<row><c/><c/></row><row><c/></row>"
    for content in (workbook(cells("A1", "J10")), b"a,b\n1,2\n", workbook(unplaced)):
        assert problem_of(content, SMALL) is None


@pytest.mark.parametrize("content", [b"", b"\n\r\n \t", b"\xef\xbb\xbf", b"\xff\xfe", bytes(5_000)])
def test_file_without_a_character_is_empty(content):
    """A file without a character is empty, also with the mark of an encoding."""
    assert problem_of(content) == Problem("empty")


def test_ten_gigabytes_are_refused_unread():
    """A workbook of ten megabytes that unpacks to 10 GB is refused by its table of contents; one
    that lies about its size is read no further than it says."""
    honest, lying = bomb(10 * GIB), bomb(10 * GIB, told=2**20)
    assert len(honest) < 2**24
    tracemalloc.start()
    assert problem_of(honest) == Problem("unpacked", 10 * GIB + 3, Limits().unpacked)
    assert problem_of(lying) == Problem("damaged")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"10 GB from {len(honest) / 2**20:.0f} MiB: {peak / 2**20:.1f} MiB of memory")
    assert peak < 2**20


def test_two_cells_far_apart():
    """Two cells make all cells between them; the problem says where the last one is."""
    found = problem_of(workbook(cells("A1", "XFD1048576")))
    assert found == Problem("cells", 1_048_576 * 16_384, Limits().cells, 1_048_576, 16_384)
    assert problem_of(workbook(cells("A1", "K10")), SMALL) == Problem("cells", 110, 100, 10, 11)


@pytest.mark.parametrize(
    "rest",
    [
        '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        '<hyperlinks><hyperlink ref="A1:XFD1048576"/></hyperlinks>',
        "<mergeCells>{}</mergeCells>".format('<mergeCell ref="A1:J10"/>' * 2),
    ],
)
def test_ranges_count_as_their_cells(rest):
    """Ranges for which a reader makes every cell count as their cells."""
    assert problem_of(workbook(cells("A1"), rest), SMALL).kind == "cells"


def test_comment_far_away():
    """A comment makes its cell, in a part of its own."""
    comments = '<comments xmlns="x"><commentList><comment ref="A999"/></commentList></comments>'
    assert problem_of(workbook(cells("B1"), comments1=comments), SMALL).kind == "cells"
    assert problem_of(workbook(cells("B1")), SMALL) is None


def test_cells_of_all_sheets():
    """The reader takes all sheets to memory; a part may have any name, prefix and encoding."""
    other = '<x:worksheet xmlns:x="x"><x:row>{}</x:row></x:worksheet>'.format("<x:c/>" * 60)
    several = workbook(cells(*(f"A{row}" for row in range(1, 61))), sharedStrings=other)
    assert problem_of(several, SMALL).kind == "cells"
    wide = other.encode("utf-16")
    assert problem_of(workbook(a=wide, b=wide), SMALL).kind == "cells"


def test_list_of_formulas_is_no_sheet():
    """Places in the list of formulas are no cells of their own."""
    chain = "<calcChain>" + '<c r="XFD1048576"/>' * 200 + "</calcChain>"
    assert problem_of(workbook(cells("A1"), calcChain=chain), SMALL) is None


def test_repeated_cells_count_as_many():
    """A cell of an ODS file may stand for many, the last of a row stands for itself."""
    row = '<t:table-row xmlns:t="t"><t:table-cell t:number-columns-repeated="{}"/>{}</t:table-row>'
    last = '<t:table-cell t:number-columns-repeated="16384"/>'
    assert problem_of(workbook(content=row.format(16384, "")), SMALL) is None
    assert problem_of(workbook(content=row.format(20, last)), SMALL) is None
    assert problem_of(workbook(content=row.format(16384, last)), SMALL).kind == "cells"
    many = "<t xmlns:t='t'>" + "<t:table-row><t:table-cell/></t:table-row>" * 11 + "</t>"
    assert problem_of(workbook(content=many), SMALL) == Problem("elements", 21, 20)


def test_bad_archives_are_told_apart():
    """Damaged, encrypted, strangely packed and overfull archives are told apart."""
    good = workbook(cells("A1"))
    assert problem_of(good[:-30]) == Problem("damaged")
    assert problem_of(b"PK\3\4" + b"x" * 100) == Problem("damaged")
    at = good.index(b"PK\1\2")
    locked = good[: at + 8] + b"\1" + good[at + 9 :]
    assert problem_of(locked) == Problem("encrypted")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.xml", "<a/>")
    assert problem_of(file.getvalue()) == Problem("damaged")
    parts = workbook(**{f"p{number}": "<a/>" for number in range(5)})
    assert problem_of(parts, SMALL) == Problem("parts", 6, 5)


def test_entities_that_grow():
    """Entities that unfold to gigabytes are stopped by the parser, here as in the readers."""
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
    text = f'<!DOCTYPE a [<!ENTITY e0 "lol">{entities}]><a>&e12;</a>'
    tracemalloc.start()
    assert problem_of(workbook(a=text)) is None
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_unknown_encoding_is_refused():
    """What the check cannot read, no reader shall."""
    text = "<?xml version='1.0' encoding='shift_jis'?><a/>"
    assert problem_of(workbook(a=text)) == Problem("damaged")


def test_text_counts_lines_and_separators():
    """A text counts its lines and its most frequent separator."""
    assert problem_of(b"a;b;c\n" * 17, SMALL) == Problem("text_cells", 51, 50)
    assert problem_of(b"a;b;c\n" * 16, SMALL) is None
