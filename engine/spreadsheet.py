"""What is wrong with a file that somebody uploads, found out before a reader takes it to memory.

A workbook (XLSX, ODS) is a zip of XML. A small one may unpack to gigabytes, and two cells that are
far apart make the readers build all the cells between them.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

MIB = 2**20
ZIP_BEGINS = b"PK"
_ENTRY = b"PK\x01\x02"  # begins an entry of a zip's table of contents
_READ_AT_ONCE = 64 * 1024  # bytes
_NORMAL_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED = 1  # a bit of the flags of an entry
_UNKNOWN_ENCODING = (18, 19)  # of expat: the check cannot read the part, but a reader may
_DAMAGED = (
    zipfile.BadZipFile, zlib.error,
    EOFError, NotImplementedError, OSError, RuntimeError, ValueError,
)  # fmt: skip
_SEPARATORS = (b",", b";", b"\t", b"|")
_BLANK = b"\0\t\n\r \xef\xbb\xbf\xff\xfe"  # also the marks of encodings
_HEAD = 4096  # bytes


@dataclass(frozen=True)
class Limits:
    """How large a file may be to be read by one request."""

    unpacked: int = 512 * MIB  # bytes of a workbook
    cells: int = 3_000_000  # of a workbook, also empty ones between others
    ods_elements: int = 500_000  # the reader of ODS keeps some 2 kB for each
    text_cells: int = 10_000_000  # of a CSV file
    parts: int = 10_000  # files in a workbook


@dataclass(frozen=True)
class Problem:
    """Why a file is not read: `kind` is empty, damaged, encrypted, parts, unpacked, cells, elements
    or text_cells."""

    kind: str
    found: int = 0
    most: int = 0
    row: int = 0  # the last row and column of a sheet with too many cells
    column: int = 0


class _TooMany(Exception):
    def __init__(self, problem: Problem):
        super().__init__(problem.kind)
        self.problem = problem


def problem_of(content: bytes, limits: Limits | None = None) -> Problem | None:
    """Why a file must not be read; None if a reader may have it."""
    limits = limits or Limits()
    if not (content[:_HEAD].strip(_BLANK) or content.strip(_BLANK)):
        return Problem("empty")
    if content.startswith(ZIP_BEGINS):
        return _problem_of_zip(content, limits)
    return _problem_of_text(content, limits)


def is_binary(content: bytes) -> bool:
    """Whether what should be a text is a program or the like. UTF-16 has its mark here.

    >>> is_binary(b"\\x7fELF\\x02\\0\\x01"), is_binary("ab".encode("utf-16")), is_binary(b"a,b\\n")
    (True, False, False)
    """
    head = content[:_HEAD]
    has_mark = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
    return not has_mark and 0 in head and any(one in head for one in range(1, 7))


def column_name(number: int) -> str:
    """The letters of a column of a sheet.

    >>> column_name(1), column_name(27), column_name(16384)
    ('A', 'AA', 'XFD')
    """
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _problem_of_text(content: bytes, limits: Limits) -> Problem | None:
    """A text has about as many cells as separators and lines."""
    cells = content.count(b"\n") + max(content.count(one) for one in _SEPARATORS)
    if cells > limits.text_cells:
        return Problem("text_cells", cells, limits.text_cells)
    return None


def _problem_of_zip(content: bytes, limits: Limits) -> Problem | None:
    # `ZipFile` makes an object for each entry: count before
    entries = content.count(_ENTRY)
    if entries > limits.parts:
        return Problem("parts", entries, limits.parts)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _problem_of_entries(archive.infolist(), limits) or _count(archive, limits)
    except _TooMany as error:
        return error.problem
    except _DAMAGED:
        return Problem("damaged")


def _problem_of_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> Problem | None:
    if any(one.flag_bits & _IS_ENCRYPTED for one in entries):
        return Problem("encrypted")
    if any(one.compress_type not in _NORMAL_COMPRESSION for one in entries):
        return Problem("damaged")  # LZMA, say, takes the memory that the file asks for
    # zipfile gives no more of an entry than the size that the entry says
    size = sum(one.file_size for one in entries)
    return Problem("unpacked", size, limits.unpacked) if size > limits.unpacked else None


def _count(archive: zipfile.ZipFile, limits: Limits) -> Problem | None:
    """Count the cells of all parts: a workbook may give its sheets any names."""
    count = _Count(limits)
    for entry in archive.infolist():
        with archive.open(entry) as part:
            count.part(iter(lambda part=part: part.read(_READ_AT_ONCE), b""))
    count.check_comments()
    return None


class _Count:
    """Counts the cells that the readers of Odoo would make of a workbook."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.cells = 0  # that are stored, or made by ranges
        self.boxes: list[tuple[int, int]] = []  # last row and column of each sheet
        self.comments = (0, 0)  # the last row and column with one; a comment makes its cell
        self._elements = 0
        self._columns: dict[str, int] = {}  # letters -> number

    def part(self, chunks: Iterator[bytes]) -> None:
        """Count one part of the workbook. What is no XML has no cells."""
        first = next(chunks, b"")
        if b"<" not in first.lstrip()[:8]:
            return
        self._rows = self._last = self._row = self._column = self._repeated = 0
        self._is_sheet = False
        self._handlers: dict[str, object] = {}
        parser = expat.ParserCreate()
        parser.buffer_text = False
        parser.StartElementHandler = self._start
        try:
            parser.Parse(first, False)
            for chunk in chunks:
                parser.Parse(chunk, False)
        except expat.ExpatError as error:
            if error.code in _UNKNOWN_ENCODING:
                raise zipfile.BadZipFile from error
            # a reader ends here as well, with a sentence of its own
        self.boxes.append((self._rows, self._last))

    def check_comments(self) -> None:
        for row, column in self.boxes:
            if row:
                self._check_box(max(row, self.comments[0]), max(column, self.comments[1]))

    def _start(self, name, attributes):
        try:
            handler = self._handlers[name]
        except KeyError:
            local = name.rpartition(":")[2]
            handler = self._handlers[name] = getattr(self, f"_on_{local.replace('-', '_')}", None)
        if handler is not None:
            handler(attributes)

    # XLSX

    def _on_row(self, attributes):
        number = attributes.get("r", "")
        self._row = int(number) if number.isdecimal() else self._row + 1
        self._column = 0
        self._is_sheet = True

    def _on_c(self, attributes):
        if not self._is_sheet:
            return  # the list of formulas names cells as well
        place = attributes.get("r")
        if place:
            self._row, self._column = self._place(place)
        else:
            self._column += 1
        self._add(1)
        self._stretch(self._row, self._column)

    def _on_mergeCell(self, attributes):
        self._range(attributes)

    def _on_hyperlink(self, attributes):
        self._range(attributes)

    def _on_comment(self, attributes):
        row, column = self._place(attributes.get("ref", ""))
        self.comments = max(row, self.comments[0]), max(column, self.comments[1])

    def _range(self, attributes):
        """A range for which the reader makes every cell."""
        begin, _, end = attributes.get("ref", "").partition(":")
        first, last = self._place(begin), self._place(end or begin)
        self._stretch(*last)
        self._add(max(last[0] - first[0] + 1, 0) * max(last[1] - first[1] + 1, 0))

    def _place(self, text: str) -> tuple[int, int]:
        """(row, column) of a place such as B7; (0, 0) if it is none."""
        letters = text.rstrip("0123456789")
        digits = text[len(letters) :]
        if letters not in self._columns:
            self._columns[letters] = _number_of(letters)
        column = self._columns[letters]
        return (int(digits), column) if digits and column else (0, 0)

    def _stretch(self, row: int, column: int):
        if row > self._rows or column > self._last:
            self._rows, self._last = max(row, self._rows), max(column, self._last)
            self._check_box(self._rows, self._last)

    def _check_box(self, row: int, column: int):
        if row * column > self.limits.cells:
            most = self.limits.cells
            raise _TooMany(Problem("cells", row * column, most, row, column))

    # ODS

    def _on_table_row(self, attributes):
        self._repeated = 0
        self._element()

    def _on_table_cell(self, attributes):
        """A cell may stand for many. The reader takes the last cell of a row once."""
        self._add(1 + self._repeated)
        self._repeated = 0
        self._element()
        for name, value in attributes.items():
            if name.endswith("number-columns-repeated") and value.isdecimal():
                self._repeated = int(value) - 1

    def _on_p(self, attributes):
        self._element()

    def _on_span(self, attributes):
        self._element()

    def _element(self):
        self._elements += 1
        if self._elements > self.limits.ods_elements:
            raise _TooMany(Problem("elements", self._elements, self.limits.ods_elements))

    def _add(self, cells: int):
        self.cells += cells
        if self.cells > self.limits.cells:
            raise _TooMany(Problem("cells", self.cells, self.limits.cells))


def _number_of(letters: str) -> int:
    """The number of a column; 0 if the letters are none."""
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
        return 0
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
