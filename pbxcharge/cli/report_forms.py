"""The forms of a report: tables for people, CSV, JSON, a page, a PDF, how it would be searched."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli.command import Run
from pbxcharge.cli.output import facts, print_json, remark, say, table
from pbxcharge.errors import OperatingError

if TYPE_CHECKING:
    from pbxcharge.reports.table import Report, Table

Document = dict[str, Any]

AsCsv = Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")]
Html = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a page; - is standard output."),
]
Pdf = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the page as PDF; - is standard output."),
]
QueryPlan = Annotated[
    bool, typer.Option("--query-plan", help="Print how the books would be searched, nothing else.")
]


@dataclass(frozen=True, slots=True)
class Forms:
    """How an answer is wanted; a page and its PDF may be wanted at once.

    Args:
        as_csv: its rows as CSV.
        html: a page, and where.
        pdf: the page as PDF, and where.
        query_plan: how the books would be searched.
        charts: whether pages have charts.
    """

    as_csv: bool = False
    html: Path | None = None
    pdf: Path | None = None
    query_plan: bool = False
    charts: bool = True

    @property
    def page(self) -> bool:
        """Whether a page is made."""
        return self.html is not None or self.pdf is not None

    def check(self, run: Run) -> None:
        """Refuse what cannot be had together, and what a library is missing for.

        Raises:
            typer.BadParameter: two forms at once.
            ChartsMissing, PdfMissing: the extra `reports` is not installed.
        """
        if self.as_csv + self.page + (run.as_json or self.query_plan) > 1:
            others = "--html" if self.pdf is None else "--html, --pdf"
            raise typer.BadParameter(f"one of --csv and {others}, without --json and --query-plan")
        if self.page:
            # A missing library is said before the books are searched.
            from pbxcharge.reports.page import require_page

            require_page(charts=self.charts)
        if self.pdf is not None:
            from pbxcharge.reports.pdf import require_pdf

            require_pdf()


async def ask_and_show(run: Run, path: str, forms: Forms, **asked: Any) -> None:
    """Ask the API, and show the answer in the forms that are wanted."""
    from pbxcharge.cli.reach import read

    forms.check(run)
    answer = await read(
        run,
        lambda api: api.get(
            path,
            query_plan=forms.query_plan or None,
            **{option: value or None for option, value in asked.items()},
        ),
    )
    if run.as_json:
        print_json(answer)
    elif forms.query_plan:
        _print_plans(answer)
    else:
        _show(answer, forms)


def _show(answer: Document, forms: Forms) -> None:
    from pbxcharge.reports import raw, render

    if forms.as_csv:
        sys.stdout.writelines(raw.csv_text(answer))
        _remark_cut(answer)
    elif forms.page:
        for file, content in _pages(render.report(answer), forms):
            _write(file, content)
    else:
        _print(render.report(answer))


def _pages(report: "Report", forms: Forms) -> Iterator[tuple[Path, bytes]]:
    from pbxcharge.reports.page import page
    from pbxcharge.reports.pdf import pdf

    made = page(report)
    if forms.html is not None:
        yield forms.html, made.encode()
    if forms.pdf is not None:
        yield forms.pdf, pdf(made)


def _print(report: "Report") -> None:
    facts(dict(report.facts))
    # A statement is read from its sums on, with a title over each part.
    parts = (*report.sums, report.main) if report.running else (report.main, *report.sums)
    for each in parts:
        say("")
        if report.running:
            say(f"{each.title}:" if each.rows else f"{each.title}: {each.empty}")
        if each.rows or not report.running:
            _print_table(each)
    for note in report.notes:
        say("")
        say(note)


def _print_table(shown: "Table") -> None:
    columns = [
        (heading.removeprefix(">"), ">" if heading.startswith(">") else "<")
        for heading in shown.headings
    ]
    table(columns, shown.rows, shown.empty)


def _print_plans(answer: Document) -> None:
    for question, steps in answer["query_plans"].items():
        say(f"{question}:")
        for step in steps:
            say(f"  {step}")


def _remark_cut(answer: Document) -> None:
    if answer["cut"]:
        remark(f"cut: only {len(answer['rows'])} rows are shown; ask for more with --limit")


def _write(file: Path, content: bytes) -> None:
    if str(file) == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise OperatingError(f"{file} cannot be written: {error.strerror}") from error
    say(f"{file}: written; it needs no network to be read")
