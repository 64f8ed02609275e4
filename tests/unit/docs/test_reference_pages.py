"""The reference pages: made from the code of today, and nothing of it without a text."""

from collections.abc import Collection, Mapping
from enum import Enum

import pytest

from pbxcharge.api.report_question import KINDS
from pbxcharge.api.report_rows import ACCOUNTS, DESTINATIONS, MARGINS, REFUSED
from pbxcharge.catalog.deck_columns import COLUMNS as OF_DECKS
from pbxcharge.catalog.deck_words import DECK_COLUMNS
from pbxcharge.cli.exits import Exit
from pbxcharge.cli.reasons import ENDED_BY, REASONS, WITNESSES
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.cdr import EndedBy, EndSource, LevelCharge
from pbxcharge.core.denial import Reason
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.ledger import EntryKind
from pbxcharge.core.plan import CallType
from pbxcharge.core.statement import Group
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.journal import EVENTS
from pbxcharge.flow.rerate_judge import Verdict
from pbxcharge.flow.spool import DAEMON_AWAY
from pbxcharge.reports.reconcile_document import COLUMNS as OF_DIFFERENCES
from pbxcharge.reports.replay_document import CHANGE_COLUMNS, SUM_COLUMNS
from pbxcharge.store.movement_selects import MOVEMENT_COLUMNS as MOVED
from tests.docs.commands_page import known
from tests.docs.found import told_fields, verify_findings
from tests.docs.make import FOLDER, PAGES
from tests.docs.markdown import member_texts
from tests.docs.records_page import all_columns, column_text
from tests.docs.texts import (
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


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_todays(name: str) -> None:
    """`python -m tests.docs.make` was given after the last change of what it is made from."""
    assert (FOLDER / name).read_text() == PAGES[name]()


def test_every_command_stands_in_the_reference_with_every_option() -> None:
    """Also groups that are commands themselves, such as `calls --watch`."""
    parts = (FOLDER / "commands.md").read_text().split("\n## ")
    pages = {part.partition("\n")[0]: part for part in parts}
    for one in known():
        if one.words and (not one.is_group or one.command.invoke_without_command):
            page = pages[" ".join(("pbxcharge", *one.words))]
            own = one.options - {"--json", "--config", "-c"}
            assert [name for name in own if name not in page] == [], one.words


def test_every_reason_has_its_words_and_what_to_do() -> None:
    """In the order in which they win; the dialplan's own one is among them."""
    assert [reason for reason in REASONS if reason != DAEMON_AWAY] == list(Reason)
    assert list(TO_DO) == list(REASONS)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        pytest.param(EndedBy, ENDED_BY, id="who ended a call"),
        pytest.param(EndSource, WITNESSES, id="which witness said so"),
        pytest.param(OF_DECKS, DECK_COLUMNS, id="columns of decks"),
        pytest.param((*SUM_COLUMNS, *CHANGE_COLUMNS), REPLAY_COLUMNS, id="columns of replays"),
        pytest.param(OF_DIFFERENCES, RECONCILE_COLUMNS, id="columns of differences"),
        pytest.param(MOVED, MOVEMENT_COLUMNS, id="columns of movements"),
        pytest.param(KINDS, MOVEMENT_KINDS, id="kinds of movements"),
        pytest.param(("opening", *Group, "closing"), STATEMENT_SUMS, id="sums of statements"),
    ],
)
def test_each_value_has_a_text(values: Collection[str], texts: Mapping[str, str]) -> None:
    """And there is no text for what is not."""
    assert set(texts) == set(map(str, values))


@pytest.mark.parametrize(
    "kind",
    [AccountStatus, CallType, Disposition, EntryKind, Exit, Refusal, Verdict],
    ids=lambda it: it.__name__,
)
def test_each_member_has_a_text_below_it(kind: type[Enum]) -> None:
    """The page takes it from there."""
    assert set(member_texts(kind)) == {str(member.value) for member in kind}


def test_every_column_of_a_call_has_a_text() -> None:
    """Of records, reports, and of what is stored; so have those of each level."""
    assert all(column_text(name) for name in all_columns())
    stored = {name.removesuffix("_micros") for name in LevelCharge.__dataclass_fields__}
    assert set(LEVEL_COLUMNS) == stored


def test_every_column_of_a_report_has_a_text() -> None:
    """And no text is left over."""
    listings = (ACCOUNTS, DESTINATIONS, MARGINS, REFUSED)
    assert set(REPORT_COLUMNS) == {name for listing in listings for name in listing.columns}


def test_every_field_of_the_live_cost_log_has_a_text() -> None:
    """Seen failing with a further field of `settled`."""
    assert set(told_fields()) - set(EVENT_FIELDS) == set()
    assert all(EVENTS.values())


def test_every_finding_about_the_books_has_its_rule() -> None:
    """Those of one statement, those of prices, and those that are made one by one."""
    found = verify_findings()
    assert {"balance_differs", "price_differs", "plan_step_missing", "unreadable"} <= set(found)
    assert all(found.values())
