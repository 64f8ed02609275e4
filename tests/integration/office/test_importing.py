"""Imports: judged as a whole, written as a whole, with the rules of one by one."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pbxcharge.core.account import Did, Extension
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.imported import ImportRow, Subject
from pbxcharge.flow.acts import Done
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.import_changes import Differences
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from pbxcharge.store.verify import verify
from tests.fakes.plans import NUMBERING, PLANS, a_plan

ACCOUNT, EXTENSION, DID = Subject
NUMBER, OTHER = "442079460000", "442079460001"


def row(subject: Subject, line: int = 1, **cells: str) -> ImportRow:
    """A row of a table."""
    return ImportRow(subject, "t.csv", line, cells)


def whole(start: int = 0) -> list[ImportRow]:
    """An organization with two users, their phones and numbers, the last first."""
    rows = [
        row(DID, number=NUMBER, account="dave"),
        row(DID, number=OTHER, account="erin", endpoint="dave-1"),
        row(EXTENSION, endpoint="dave-1", number="201", account="dave"),
        row(EXTENSION, endpoint="erin-1", number="202", account="erin"),
        row(ACCOUNT, account="dave", parent="umbrella", name="Dave", plan="welcome"),
        row(ACCOUNT, account="erin", kind="user", parent="umbrella", status="suspended"),
        row(ACCOUNT, account="umbrella", name="Umbrella", code="31"),
    ]
    return [ImportRow(r.subject, r.file, start + n, r.cells) for n, r in enumerate(rows, 1)]


async def apply(office: Office, *rows: ImportRow) -> Differences:
    """Bring rows in, as uid 7."""
    return (await office.importing.apply(rows, "uid:7")).differences


async def found(office: Office, *rows: ImportRow) -> list[tuple[int, str, str]]:
    """Line, column and message of whatever is against these rows."""
    differences = await apply(office, *rows)
    assert not differences.changes or not differences.findings
    return [(each.line, each.key, each.message) for each in differences.findings]


async def test_everything_comes_in_whatever_the_order_of_rows(
    office: Office, store: Store, tmp_path: Path
) -> None:
    """Accounts behind their phones, an organization behind its users; with initial credit."""
    imported = await office.importing.apply(whole(), "uid:7")
    assert (imported.written, imported.initial_micros) == (True, 10_000_000)
    erin = await store.queries.account("erin")
    assert erin is not None and (erin.name, erin.status) == ("erin", AccountStatus.SUSPENDED)
    did = await store.queries.did(NUMBER)
    assert did is not None and did[0] == Did(NUMBER, "dave", "dave-1")
    assert (await store.queries.ledger("dave"))[0].entry_id == "initial:dave:outgoing"
    assert not verify(tmp_path / "site.db")


async def test_the_second_time_there_is_nothing_to_do(office: Office, store: Store) -> None:
    """No change, no trace in the audit trail, no credit."""
    await apply(office, *whole())
    again = await office.importing.apply(whole(), "uid:7")
    assert (again.written, again.differences.changes, again.differences.same) == (False, (), 7)
    assert len(await store.queries.ledger("dave")) == 1


async def test_a_look_writes_nothing(office: Office, store: Store) -> None:
    """It says what would come, also what credit."""
    looked = await office.importing.preview(whole(), "uid:7")
    assert (looked.written, looked.initial_micros) == (False, 10_000_000)
    assert len(looked.differences.changes) == 7
    assert await store.queries.account("dave") is None


async def test_what_is_not_said_stays(office: Office, store: Store) -> None:
    """Only the name changes; `none` takes the code away."""
    await apply(office, *whole())
    changed = await apply(
        office,
        row(ACCOUNT, account="dave", name="David"),
        row(ACCOUNT, account="umbrella", code="none"),
    )
    assert {change.id: change.fields for change in changed.changes} == {
        "dave": {"name": ("Dave", "David")},
        "umbrella": {"code": ("31", None)},
    }
    dave = await store.queries.account("dave")
    assert dave is not None and (dave.plan, dave.parent_id) == ("welcome", "umbrella")


async def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(
    office: Office, store: Store
) -> None:
    """Each with its line and column; the row that is right does not come in either."""
    assert await found(
        office,
        row(ACCOUNT, 1, account="right", name="Right"),
        row(ACCOUNT, 2, account="a:b", parent="nobody", plan="nix"),
        row(ACCOUNT, 3, account="acme", kind="user"),
        row(ACCOUNT, 4, account="alice", parent="right"),
        row(ACCOUNT, 5, account="right"),
        row(EXTENSION, 6, endpoint="x-1", number="12a", account="acme"),
        row(EXTENSION, 7, endpoint="y-1"),
        row(DID, 8, number="0", account="alice", endpoint="nowhere"),
        row(ACCOUNT, 9, account="z", kind="king"),
    ) == [
        (2, "account", "'a:b' is not an account id"),
        (2, "parent", "there is no account 'nobody'"),
        (2, "plan", "there is no plan 'nix'"),
        (3, "kind", "acme is of the kind organization"),
        (4, "parent", "alice belongs to acme"),
        (5, "account", "right stands twice, first in line 1"),
        (6, "account", "acme is an organization"),
        (6, "number", "'12a' is not an extension number"),
        (7, "account", "is missing"),
        (7, "number", "is missing"),
        (8, "endpoint", "name a phone of acme, or a context of the dialplan; alice has no phone"),
        (8, "number", "'0' is not a number"),
        (9, "kind", "'king' is not known here"),
    ]
    assert await store.queries.account("right") is None


async def test_service_providers_of_any_depth_come_in_with_those_below(
    office: Office, store: Store
) -> None:
    """From the leaf to the top in the file; a ring of them is refused."""
    await apply(
        office,
        row(ACCOUNT, account="u", parent="o", plan="welcome", time_zone="Europe/London"),
        row(ACCOUNT, account="o", kind="organization", parent="p2"),
        row(ACCOUNT, account="p2", kind="service_provider", parent="p1"),
        row(ACCOUNT, account="p1", kind="service_provider"),
    )
    assert [each.account_id for each in await store.queries.chain("u")] == ["u", "o", "p2", "p1"]
    ring = [
        row(ACCOUNT, 1, account="q1", kind="service_provider", parent="q2"),
        row(ACCOUNT, 2, account="q2", kind="service_provider", parent="q1"),
    ]
    assert [line for line, _, _ in await found(office, *ring)] == [1, 2]


async def test_a_plan_is_for_those_below_its_owner(store: Store) -> None:
    """Also where the owner comes in with the same file."""
    plans = {"theirs": replace(a_plan("theirs"), owner="p1")}
    office = Office(store.writer, store.queries, Prices(plans, NUMBERING), Clock(), "EUR")
    rows = [
        row(ACCOUNT, 1, account="in", parent="o", plan="theirs"),
        row(ACCOUNT, 2, account="o", kind="organization", parent="p1"),
        row(ACCOUNT, 3, account="p1", kind="service_provider"),
    ]
    away = row(ACCOUNT, 4, account="out", plan="theirs")
    assert [(line, key) for line, key, _ in await found(office, *rows, away)] == [(4, "plan")]
    assert len((await apply(office, *rows)).changes) == 3


async def test_a_plan_that_is_gone_does_not_keep_a_name_from_changing(store: Store) -> None:
    """What stays as it is may be as it is, also if the row says it."""
    before = Office(store.writer, store.queries, Prices(PLANS, NUMBERING), Clock(), "EUR")
    await apply(before, row(ACCOUNT, account="o", plan="plain"))
    later = Office(store.writer, store.queries, Prices({}, NUMBERING), Clock(), "EUR")
    changed = await apply(later, row(ACCOUNT, account="o", plan="plain", name="O"))
    assert [change.fields for change in changed.changes] == [{"name": ("o", "O")}]


async def test_accounts_come_in_with_a_main_product(
    office: Office, store: Store, tmp_path: Path
) -> None:
    """Its plan and initial credit, and its subscription from then on; once, however often."""
    rows = [row(ACCOUNT, account="dave", parent="acme", product="smartcall")]
    imported = await office.importing.apply(rows, "uid:7")
    assert (imported.written, imported.initial_micros) == (True, 10_000_000)
    assert not (await apply(office, *rows)).changes
    dave = await store.queries.account("dave")
    assert dave is not None and (dave.product, dave.plan) == ("smartcall", "welcome")
    (assigned,) = dave.assigned
    (own,) = await store.queries.subscriptions.of_accounts(["dave"])
    assert (own.subscription, own.via) == ("smartcall-basic", assigned.assignment_id)
    assert own.starts_at_us == assigned.from_us
    bills = await store.queries.subscriptions.bills([own.assignment_id])
    assert bills[own.assignment_id].next_at_us == assigned.from_us
    assert not verify(tmp_path / "site.db")


async def test_another_main_product_takes_the_place_of_the_first(
    office: Office, store: Store, tmp_path: Path
) -> None:
    """The subscription ends with the product, and `none` ends the product itself."""
    await apply(office, row(ACCOUNT, account="alice", product="smartcall"))
    changed = await apply(office, row(ACCOUNT, account="alice", product="office"))
    fields = {"product": ("smartcall", "office"), "plan": ("welcome", "generous")}
    assert [change.fields for change in changed.changes] == [fields]
    (ended,) = await store.queries.subscriptions.of_accounts(["alice"])
    assert ended.closed_at_us is not None
    await apply(office, row(ACCOUNT, account="alice", product="none", plan="plain"))
    alice = await store.queries.account("alice")
    assert alice is not None and (alice.product, alice.plan) == (None, "plain")
    (once,) = await store.queries.subscriptions.of_accounts(["alice"])
    assert once == ended
    assert not verify(tmp_path / "site.db")


async def test_a_product_is_judged_as_by_set_product(office: Office) -> None:
    """Every reason at its line, and nothing comes in."""
    await office.products.set_main("p1", "alice", "smartcall", "uid:0")
    await office.products.assign_add_on("a1", "alice", "forwarding", "uid:0")
    smart = {"product": "smartcall", "parent": "acme"}
    assert await found(
        office,
        row(ACCOUNT, 1, account="umbrella", product="smartcall"),
        row(ACCOUNT, 2, account="dave", parent="acme", product="nix"),
        row(ACCOUNT, 3, account="erin", parent="acme", product="forwarding"),
        row(ACCOUNT, 4, account="alice", product="office"),
        row(ACCOUNT, 5, account="fay", plan="plain", **smart),
        row(ACCOUNT, 6, account="gus", **smart, status="closed"),
        row(ACCOUNT, 7, account="hal", plan="none", **smart),
    ) == [
        (1, "product", "umbrella is of the kind organization: users have products"),
        (2, "product", "there is no product 'nix'"),
        (3, "product", "forwarding is an add-on"),
        (4, "product", "alice has the add-on forwarding, which does not go with office"),
        (5, "plan", "fay is charged by the plan of its product smartcall"),
        (6, "product", "gus is closed"),
    ]


async def test_a_closed_organization_leaves_its_users_as_they_were_imported(
    office: Office, store: Store
) -> None:
    """What they have ends with it; a name that comes with the same import stays."""
    await office.products.set_main("p1", "alice", "smartcall", "uid:0")
    closes = row(ACCOUNT, 2, account="acme", status="closed")
    await apply(office, row(ACCOUNT, account="alice", name="Alicia"), closes)
    alice = await store.queries.account("alice")
    assert alice is not None and (alice.name, alice.product) == ("Alicia", None)
    assert await found(office, row(ACCOUNT, 3, account="alice", product="office")) == [
        (3, "product", "acme is closed")
    ]


async def test_a_number_that_one_phone_gives_up_may_be_anothers(office: Office) -> None:
    """Also in the wrong order of rows; codes of organizations alike."""
    await apply(office, *whole())
    moved = await apply(
        office,
        row(EXTENSION, endpoint="dave-1", number="202", account="erin"),
        row(EXTENSION, endpoint="erin-1", number="203"),
        row(ACCOUNT, account="other", code="31"),
        row(ACCOUNT, account="umbrella", code="32"),
    )
    assert not moved.findings
    assert [change.id for change in moved.changes] == ["umbrella", "other", "erin-1", "dave-1"]


async def test_numbers_that_are_swapped_are_refused(office: Office) -> None:
    """It takes two steps; nobody is above himself either."""
    await apply(office, *whole())
    assert [
        line
        for line, _, _ in await found(
            office,
            row(EXTENSION, 1, endpoint="dave-1", number="202"),
            row(EXTENSION, 2, endpoint="erin-1", number="201"),
        )
    ] == [1, 2]


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([row(EXTENSION, endpoint="n-1", number="201", account="erin")], "number"),
        ([row(ACCOUNT, account="third", code="3")], "code"),
        ([row(ACCOUNT, account="p", code="41"), row(ACCOUNT, account="q", code="411")], "code"),
        ([row(EXTENSION, endpoint="dave-1", account="alice")], "account"),
        ([row(DID, number=NUMBER, account="alice")], "endpoint"),
        ([row(DID, number=NUMBER, endpoint="dave-1", context="menu")], "context"),
    ],
)
async def test_what_would_clash_is_refused(office: Office, rows: list[ImportRow], key: str) -> None:
    """With what there is, and with other rows."""
    await apply(office, *whole())
    assert [column for _, column, _ in await found(office, *rows)] == [key]


async def test_an_import_is_judged_by_the_rules_of_one_by_one(office: Office) -> None:
    """What `extension add` adds, an import finds as it is."""
    await apply(office, *whole())
    added = await office.provisioning.add_extension(Extension("dave-1", "201", "dave"), "uid:0")
    assert added == Done(Extension("dave-1", "201", "dave"), already=True)
    await office.provisioning.add_extension(Extension("dave-2", "210", "dave"), "uid:0")
    same = await apply(office, row(EXTENSION, endpoint="dave-2", number="210", account="dave"))
    assert (same.changes, same.same) == ((), 1)


async def test_the_audit_trail_names_who_imported(office: Office, tmp_path: Path) -> None:
    """Seven things, one actor, one instant."""
    await apply(office, *whole())
    with sqlite3.connect(tmp_path / "site.db") as books:
        trail = books.execute(
            "SELECT actor, count(*), count(DISTINCT at_us) FROM audit "
            "WHERE actor = 'uid:7' GROUP BY 1"
        ).fetchall()
    assert trail == [("uid:7", 7, 1)]
