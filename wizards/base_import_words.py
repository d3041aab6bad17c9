"""Sentences about a file that cannot be imported."""

from odoo.tools import human_size
from odoo.tools.misc import formatLang

from ..engine.spreadsheet import Problem, column_name


def problem_in_words(env, problem: Problem) -> str:
    """What is wrong with a file, and what to do."""
    return _WORDS[problem.kind](env, problem)


def _empty(env, _problem):
    return env._("The file is empty. Choose a file that has rows.")


def _damaged(env, _problem):
    return env._(
        "The file is damaged, or no spreadsheet. Open it in your spreadsheet program, save it as "
        "XLSX or CSV, and choose that file."
    )


def _encrypted(env, _problem):
    return env._("The file is protected by a password. Save it without one, and choose that file.")


def _parts(env, problem):
    return env._(
        "The spreadsheet consists of %(found)s files, and %(most)s are read at most. Copy the rows "
        "to a new spreadsheet, or save the sheet as CSV.",
        found=_number(env, problem.found),
        most=_number(env, problem.most),
    )


def _unpacked(env, problem):
    return env._(
        "The spreadsheet unpacks to %(found)s, and %(most)s are read at most. Take pictures and "
        "other sheets out, save the sheet as CSV, or cut it into several files.",
        found=human_size(problem.found),
        most=human_size(problem.most),
    )


def _cells(env, problem):
    numbers = {"found": _number(env, problem.found), "most": _number(env, problem.most)}
    if not problem.row:
        return env._(
            "The spreadsheet has more than %(most)s cells. Save the sheet as CSV, or cut it into "
            "several files.",
            **numbers,
        )
    return env._(
        "The last row of a sheet is %(row)s and its last column %(column)s: that makes %(found)s "
        "cells, and %(most)s are read at most. If your data ends before, delete the empty rows and "
        "columns behind it. Else save the sheet as CSV, or cut it into several files.",
        row=_number(env, problem.row),
        column=column_name(problem.column),
        **numbers,
    )


def _elements(env, problem):
    return env._(
        "The sheet is too large for the format ODS: it has more than %s cells and texts. Save it "
        "as XLSX or CSV, which take less memory.",
        _number(env, problem.most),
    )


def _text_cells(env, problem):
    return env._(
        "The file has about %(found)s cells, and %(most)s are read at most. Cut it into several "
        "files.",
        found=_number(env, problem.found),
        most=_number(env, problem.most),
    )


def _number(env, count) -> str:
    return formatLang(env, count, digits=0)


_WORDS = {
    "empty": _empty,
    "damaged": _damaged,
    "encrypted": _encrypted,
    "parts": _parts,
    "unpacked": _unpacked,
    "cells": _cells,
    "elements": _elements,
    "text_cells": _text_cells,
}
