"""Files of accounts, phones and numbers, read into rows; what they mean is decided elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.form import read_form
from pbxcharge.catalog.import_form import ImportForm
from pbxcharge.catalog.import_table import SECTIONS, parse_table
from pbxcharge.catalog.source import Group, Items, Source, child, key_text, read_source
from pbxcharge.core.imported import ImportRow

TABLE_BYTES_MAX = 50_000_000
TABLE, TREES = ".csv", (".yaml", ".yml")


def read_import(paths: Sequence[Path]) -> tuple[tuple[ImportRow, ...], tuple[Finding, ...]]:
    """The rows of all files, and whatever is wrong in their form.

    A row that has no id is left out; of any other row what could be read is there.
    """
    rows: list[ImportRow] = []
    found: list[Finding] = []
    for path in paths:
        source, source_findings = _read(path)
        found += source_findings
        if source is None:
            continue
        form, form_findings = read_form(ImportForm, source)
        table = path.suffix == TABLE
        found += [_of_table(finding) if table else finding for finding in form_findings]
        rows += _rows(form, source, table)
    return tuple(rows), tuple(found)


def _read(path: Path) -> tuple[Source | None, tuple[Finding, ...]]:
    if path.suffix in TREES:
        return read_source(path)
    if path.suffix != TABLE:
        hint = "name it .csv or .yaml"
        return None, (_of_file(path, "is neither a table nor YAML", hint),)
    try:
        content = path.read_bytes()
    except OSError as error:
        return None, (_of_file(path, f"cannot be read: {error.strerror or error}"),)
    if len(content) > TABLE_BYTES_MAX:
        return None, (_of_file(path, f"is larger than {TABLE_BYTES_MAX:,} bytes"),)
    try:
        # Spreadsheets put a mark at the beginning; it is no part of the first column's name.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, (replace(_of_file(path, "is not UTF-8 text", "save it as UTF-8"), line=line),)
    return parse_table(str(path), path.stem, text)


def _rows(form: ImportForm, source: Source, table: bool) -> Iterator[ImportRow]:
    read = form.rows()
    for subject, section in SECTIONS.items():
        node = child(source.root, section)
        groups = node.items if isinstance(node, Items) else ()
        for place, (values, group) in enumerate(zip(read[section], groups, strict=False)):
            said = values.model_dump(exclude_none=True)
            if not isinstance(group, Group):
                continue
            lines = {} if table else {name: group.entries[name].line for name in said}
            key = "" if table else key_text((section, place))
            row = ImportRow(subject, source.file, group.line, said, key, lines)
            if row.id:
                yield row


def _of_table(finding: Finding) -> Finding:
    """A table has columns; the place in the list says no more than the line."""
    return replace(finding, key=finding.key.rpartition(".")[2])


def _of_file(path: Path, message: str, hint: str = "") -> Finding:
    return Finding(Severity.ERROR, str(path), 0, "", message, hint)
