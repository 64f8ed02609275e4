"""CSV tables of accounts, phones and numbers, as the same nodes that a YAML file makes.

So both are held against one form, and what is wrong is said in the same words.
"""

import csv
from collections.abc import Iterator
from difflib import get_close_matches
from io import StringIO

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.source import Entry, Group, Items, Scalar, Source
from pbxcharge.core.imported import COLUMNS, Subject

KIND = "kind"
SECTIONS = {Subject.ACCOUNT: "accounts", Subject.EXTENSION: "extensions", Subject.DID: "dids"}
DELIMITERS = ",;\t"
"""A comma, or what spreadsheets write in countries where the comma is a decimal point."""
COMMENT = "#"
"""A line that begins so is for people."""

Found = list[Finding]


def parse_table(file: str, stem: str, text: str) -> tuple[Source | None, tuple[Finding, ...]]:
    """The rows of a table; a column without a known name is named once.

    Args:
        file: for findings.
        stem: the file's name without its ending; `accounts`, `extensions` or `dids` at its
            beginning says what the rows are about, else each row's `kind` does.
        text: the content.
    """
    subject = next((each for each, name in SECTIONS.items() if stem.startswith(name)), None)
    found: Found = []
    groups: dict[Subject, list[Group]] = {each: [] for each in Subject}
    records = _records(file, text, found)
    header = next(records, None)
    if header is None:
        found = found or [_finding(file, 1, "", "is empty", "write a header line first")]
        return None, tuple(found)
    columns = _columns(file, header, subject, found)
    for line, cells in records:
        if len(cells) > len(columns):
            message = f"has {len(cells)} cells under {len(columns)} columns"
            found.append(_finding(file, line, "", message, "put a text with a comma in quotes"))
        about, group = _row(line, columns, cells, subject)
        if group.entries:
            groups[about].append(group)
    return _source(file, groups), tuple(found)


def _records(file: str, text: str, found: Found) -> Iterator[tuple[int, list[str]]]:
    """Every line that says something, with its number; ends where it is no table any more."""
    lines = ["\n" if line.startswith(COMMENT) else line for line in StringIO(text, newline="")]
    header = next((line for line in lines if line.strip()), "")
    delimiter = next((each for each in DELIMITERS if each in header), ",")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        found.append(_finding(file, line, "", f"is no table: {error}", "look at its quotes"))


def _columns(
    file: str, header: tuple[int, list[str]], subject: Subject | None, found: Found
) -> list[str]:
    """The columns by their names, those that are not known as nothing."""
    line, cells = header
    names = [cell.strip().lower() for cell in cells]
    known = list(COLUMNS[subject]) if subject else _all_columns()
    for place, name in enumerate(names):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            found.append(_finding(file, line, name, "is no known column", hint))
        elif name in names[:place]:
            found.append(_finding(file, line, name, "stands twice", "keep one of them"))
    if subject is None and KIND not in names:
        hint = "or call the file accounts.csv, extensions.csv or dids.csv"
        found.append(_finding(file, line, KIND, "is missing", hint))
    return [name if name in known else "" for name in names]


def _all_columns() -> list[str]:
    return list(dict.fromkeys(name for columns in COLUMNS.values() for name in columns))


def _row(
    line: int, columns: list[str], cells: list[str], subject: Subject | None
) -> tuple[Subject, Group]:
    given = {
        name: cell.strip()
        for name, cell in zip(columns, cells, strict=False)
        if name and cell.strip()
    }
    kind = given.get(KIND, "")
    if subject is None and kind in (Subject.EXTENSION, Subject.DID):
        subject = Subject(kind)
        del given[KIND]
    entries = {name: Entry(line, Scalar(line, cell)) for name, cell in given.items()}
    return subject or Subject.ACCOUNT, Group(line, entries)


def _source(file: str, groups: dict[Subject, list[Group]]) -> Source:
    sections = {
        SECTIONS[subject]: Entry(rows[0].line, Items(rows[0].line, tuple(rows)))
        for subject, rows in groups.items()
        if rows
    }
    return Source(file, Group(1, sections))


def _finding(file: str, line: int, key: str, message: str, hint: str) -> Finding:
    return Finding(Severity.ERROR, file, line, key, message, hint)
