"""Files of rows over the real server, as a browser gets them."""

import base64
import csv
import io

import httpx
import openpyxl
import xlsxwriter

CAUSE = ("type", "model", "field", "constraint")


class Browser:
    """A person who has logged in."""

    def __init__(self, url, database, login="admin", password="admin"):
        self._http = httpx.Client(base_url=url, timeout=120)
        values = {"db": database, "login": login, "password": password}
        answer = self._http.post("/web/session/authenticate", json={"params": values}).json()
        assert answer.get("result", {}).get("uid"), answer

    def rows(self, job, kind, cause=None, **parameters):
        """The lines of a download, the header first."""
        if cause:
            parameters |= {name: cause[name] for name in CAUSE if cause[name]}
        return table_of(self.file(f"/batch_job/{job}/rows.{kind}", **parameters), kind)

    def file(self, address, **parameters):
        """What an address of the server gives."""
        reply = self._http.get(address, params=parameters or None)
        assert reply.status_code == 200, reply.text
        return reply.content

    def close(self):
        self._http.close()


def table_of(content, kind):
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    sheet.reset_dimensions()
    width = len(next(sheet.values))
    return [
        ["" if one is None else str(one) for one in [*row, *[None] * (width - len(row))]]
        for row in sheet.values
    ]


def encoded(table, kind):
    content = io.BytesIO()
    if kind == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(table)
        content.write(text.getvalue().encode("utf-8-sig"))
    else:
        with xlsxwriter.Workbook(content, {"strings_to_formulas": False}) as book:
            sheet = book.add_worksheet()
            for number, line in enumerate(table):
                for place, cell in enumerate(line):
                    sheet.write_string(number, place, cell)
    return base64.b64encode(content.getvalue()).decode()
