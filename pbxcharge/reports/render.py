"""An answer of the API as the report that it is."""

from collections.abc import Callable

from pbxcharge.reports.call_report import call_report
from pbxcharge.reports.statement_report import statement_report
from pbxcharge.reports.sum_reports import (
    account_report,
    destination_report,
    margin_report,
    refused_report,
)
from pbxcharge.reports.table import Report
from pbxcharge.reports.words import Document
from pbxcharge.reports.xdr_report import xdr_report

_REPORTS: dict[str, Callable[[Document], Report]] = {
    "calls": call_report,
    "accounts": account_report,
    "destinations": destination_report,
    "margins": margin_report,
    "refused": refused_report,
    "xdrs": xdr_report,
    "statement": statement_report,
}


def report(answer: Document) -> Report:
    """The report of an answer, for people."""
    return _REPORTS[answer["report"]](answer)
