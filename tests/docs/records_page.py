"""`docs/records.md`: what a record, a line of the live cost log and a report say."""

from collections.abc import Mapping
from typing import Any

from pbxcharge.api.documents import cdr_document
from pbxcharge.api.report_rows import ACCOUNTS, DESTINATIONS, MARGINS, REFUSED, told
from pbxcharge.cli.reasons import CAUSES, ENDED_BY, REASONS, WITNESSES
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.ledger import EntryKind
from pbxcharge.core.plan import CallType
from pbxcharge.flow.journal import EVENTS
from pbxcharge.flow.rerate_judge import Verdict
from pbxcharge.reports.reconcile_document import COLUMNS as OF_DIFFERENCES
from pbxcharge.reports.replay_document import CHANGE_COLUMNS, SUM_COLUMNS
from pbxcharge.store.export_queries import COLUMNS as EXPORTED
from pbxcharge.store.report_selects import CALL_COLUMNS
from tests.docs.found import verify_findings
from tests.docs.markdown import argument_texts, code, member_texts, page, sentence, table
from tests.docs.texts import (
    COLUMNS,
    EVENT_FIELDS,
    LEVEL_COLUMNS,
    MOVEMENT_COLUMNS,
    MOVEMENT_KINDS,
    RECONCILE_COLUMNS,
    REPLAY_COLUMNS,
    REPORT_COLUMNS,
    STATEMENT_SUMS,
    TO_DO,
)

LISTINGS = {
    "accounts": ACCOUNTS.columns,
    "destinations": DESTINATIONS.columns,
    "margins": MARGINS.columns,
    "refused": REFUSED.columns,
}

_YES = {True: "yes", False: ""}
INTRODUCTION = """\
Every attempt to call has one record (CDR), also those that were refused, and those that the dialplan decided while the daemon
was away. A record never changes: what a call is charged anew stands beside it as a revision. Money is decimal text in the
site's currency, instants are UTC in CSV and JSON."""


def records_page() -> str:
    """The page."""
    parts = (_columns(), _values(), _refused(), _causes(), _reports(), _events(), _books())
    return page("Records, events, refusals", "tests.docs.make", INTRODUCTION, *parts)


def column_text(name: str) -> str:
    """What a column of calls means, in the words of the record where it has any."""
    record = argument_texts(Cdr)
    found = (record.get(name + ending) for ending in ("", "_us", "_micros"))
    return sentence(COLUMNS.get(name) or next(text for text in found if text))


def record_keys() -> list[str]:
    """The names of a record's facts in the JSON of `cdr list` and `explain`."""
    facts: dict[str, Any] = dict.fromkeys(Cdr.__dataclass_fields__)
    return list(cdr_document(Cdr(**{**facts, "charge_micros": 0, "levels": ()})))


def all_columns() -> list[str]:
    """Every column of a call, wherever it is shown or stored."""
    stored = (name.removesuffix("_us").removesuffix("_micros") for name in Cdr.__dataclass_fields__)
    return list(dict.fromkeys((*CALL_COLUMNS, *EXPORTED, *record_keys(), *stored)))


def _columns() -> str:
    rows = (
        (
            code(name),
            *(_YES[name in names] for names in (CALL_COLUMNS, EXPORTED, record_keys())),
            column_text(name),
        )
        for name in all_columns()
    )
    return "\n\n".join(
        (
            "## Columns of a call",
            "`report calls` has those of the second column in its CSV and JSON (`--columns` names some), files of `cdr export` those"
            " of the third, `cdr list` and `explain` those of the last in their JSON.",
            table(
                ("column", "report calls", "cdr export", "cdr list, explain", "what it is"), rows
            ),
            "Each of the `levels` has:",
            _meanings("column", LEVEL_COLUMNS),
        )
    )


def _meanings(title: str, texts: Mapping[str, str]) -> str:
    rows = ((code(name), sentence(text)) for name, text in texts.items())
    return table((title, "what it is"), rows)


def _values() -> str:
    kinds = {
        **member_texts(CallType),
        "emergency": "to a number of the site's list; nobody pays, nothing refuses it",
    }
    parts = (
        ("Kinds of call", "call_type", kinds),
        ("Dispositions", "disposition", member_texts(Disposition)),
        ("Who ended a call", "ended_by", ENDED_BY),
        ("Which witness said when it ended", "end_source", WITNESSES),
        ("Kinds of ledger entries", "kind", member_texts(EntryKind)),
        ("Kinds of movements in `xdr list` and `statement`", "kind", MOVEMENT_KINDS),
        ("Sums of a statement", "sum", STATEMENT_SUMS),
        ("Statuses of accounts", "status", member_texts(AccountStatus)),
        ("What becomes of a call by `rerate`", "verdict", member_texts(Verdict)),
    )
    return "\n\n".join(f"### {title}\n\n{_meanings(name, texts)}" for title, name, texts in parts)


def _refused() -> str:
    rows = (
        (code(reason), _sip(reason), sentence(text), sentence(TO_DO[reason]))
        for reason, text in REASONS.items()
    )
    return "\n\n".join(
        (
            "## Refused attempts",
            "The first reason that holds is the one that is given, in this order. A caller from outside hears 480 where it is"
            " not the carrier's business: what an account owes or may not do.",
            table(("reason", "SIP", "what it says", "what to do"), rows),
        )
    )


def _sip(reason: str) -> str:
    own, outside = told(reason, CallType.PUBLIC), told(reason, CallType.INCOMING)
    return str(own) if own == outside else f"{own}; from outside {outside}"


def _causes() -> str:
    rows = ((cause, sentence(text)) for cause, text in CAUSES.items())
    return "\n\n".join(
        (
            "## Hangup causes",
            "Numbers of Q.850, as Asterisk tells them. 16 is what almost every answered call ends with, whoever hung up; who it was"
            " is in `ended_by`.",
            table(("cause", "what it says"), rows),
        )
    )


def _reports() -> str:
    tables = (
        f"### report {name}\n\n{_meanings('column', {each: REPORT_COLUMNS[each] for each in columns})}"
        for name, columns in LISTINGS.items()
    )
    rest = {
        "replay --csv": {each: REPLAY_COLUMNS[each] for each in (*SUM_COLUMNS, *CHANGE_COLUMNS)},
        "reconcile --csv": {each: RECONCILE_COLUMNS[each] for each in OF_DIFFERENCES},
    }
    rest = {"xdr list, statement": MOVEMENT_COLUMNS, **rest}
    more = (f"### {title}\n\n{_meanings('column', texts)}" for title, texts in rest.items())
    return "\n\n".join(("## Columns of the other reports", *tables, *more))


def _events() -> str:
    return "\n\n".join(
        (
            "## The live cost log",
            "What `tail` shows. With `--json` each line is one document; which fields it has depends on its event.",
            _meanings("event", EVENTS),
            _meanings("field", EVENT_FIELDS),
        )
    )


def _books() -> str:
    return "\n\n".join(
        (
            "## What `verify` finds",
            "Each finding names the rule that is broken, the row, and what to do about it. In `--json` the rule has a `code`.",
            _meanings("code", dict(sorted(verify_findings().items()))),
        )
    )
