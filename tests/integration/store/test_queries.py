"""Reading the books: values as they were written, and no more than the scope may see."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import Extension
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.call import Phase, granted_call
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource
from pbxcharge.core.credit import Hold, HoldLine, HoldState, Reserved, Wallet
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.effects import AccountSaved, CallSaved, CdrWritten, PbxSeen
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import MICROS
from pbxcharge.core.settlement import blank_cdr
from pbxcharge.store import Queries, Store
from tests.fakes.granted_call import SETUP_AT_US, granted
from tests.fakes.small_site import (
    ACME,
    ACTOR,
    ALICE,
    ANSWERED_US,
    BOB,
    NODE,
    NOW_US,
    PRICE,
    accounts,
    answered,
    begin,
    busy_day,
    reserve_for,
    talk,
    top_up,
    two_levels,
    user,
)


@pytest.fixture
def queries(store: Store) -> Queries:
    """Reads the small site."""
    return store.queries


@pytest.fixture
async def day(store: Store) -> Queries:
    """Reads the small site after a busy day."""
    await busy_day(store)
    return store.queries


async def test_the_payer_of_an_endpoint_is_its_owner_and_all_above(queries: Queries) -> None:
    """The owner first, then every account up to the top."""
    payer = await queries.payer("alice")
    assert payer is not None
    extension, chain = payer
    assert extension == Extension("alice", "101", "alice")
    assert [account.account_id for account in chain] == ["alice", "acme"]
    assert chain[0] == user("alice")
    assert await queries.payer("nobody") is None


async def test_accounts_are_as_they_were_saved(queries: Queries) -> None:
    """Every field comes back."""
    saved = [effect.account for effect in accounts() if isinstance(effect, AccountSaved)]
    assert await queries.accounts(None) == sorted(saved, key=lambda each: each.account_id)
    assert await queries.account("bob") == user("bob")
    assert await queries.account("nobody") is None


async def test_a_scope_sees_its_subtree_alone(day: Queries) -> None:
    """Bob sees himself, the organization its users, the operator all; a stranger nothing."""
    for scope, seen in {None: 4, "acme": 3, "bob": 1, "nobody": 0}.items():
        assert len(await day.accounts(scope)) == seen
    assert [each.endpoint for each in await day.extensions("acme")] == ["alice", "bob"]
    assert [each.endpoint for each in await day.extensions("bob")] == ["bob"]
    assert {each.wallet_id for each in await day.ledger("bob")} == {BOB}
    assert {each.wallet_id for each in await day.ledger("acme")} == {
        ALICE,
        ACME,
        BOB,
        "alice:incoming",
    }
    assert [each.number for each in await day.dids("bob")] == ["442079460102"]
    assert len(await day.dids("acme")) == len(await day.dids(None)) == 2
    assert await day.cdrs("bob") == []
    assert len(await day.cdrs("acme")) == len(await day.cdrs(None)) == 5


async def test_who_is_charged_by_a_plan_is_known(queries: Queries) -> None:
    """A plan that is to be removed names who still uses it."""
    assert [each.account_id for each in await queries.accounts_of_plan("basic")] == ["alice", "bob"]
    assert await queries.accounts_of_plan("none") == []


async def test_wallets_show_what_live_calls_hold(store: Store, queries: Queries) -> None:
    """Balance, held, available and the number of live calls, at each level."""
    await store.writer.submit((top_up("t1", 30 * PRICE), top_up("t2", 30 * PRICE, ACME)))
    await begin(store.writer, granted("a"))
    await begin(store.writer, two_levels("b"))
    assert await queries.wallets(["alice", "acme", "nobody"]) == [
        Wallet(ACME, "acme", "outgoing", 30 * PRICE, 5 * PRICE, 0, 1),
        Wallet("acme:incoming", "acme", "incoming"),
        Wallet(ALICE, "alice", "outgoing", 30 * PRICE, 20 * PRICE, 0, 2),
        Wallet("alice:incoming", "alice", "incoming"),
    ]


async def test_the_ledger_shows_the_newest_first(day: Queries) -> None:
    """Limited, of one wallet if wanted, each entry as it was booked."""
    charged, reversed_, given_back = await day.ledger(None, wallet_id=ALICE, limit=3)
    back = Entry(
        entry_id="back-1",
        wallet_id=ALICE,
        kind=EntryKind.REFUND,
        amount_micros=50_000,
        at_us=NOW_US,
        actor=ACTOR,
        call_id="renewed",
        reverses="charge:renewed:alice:outgoing",
    )
    assert given_back == back
    assert (charged.amount_micros, reversed_.amount_micros) == (-20 * PRICE, 25 * PRICE)
    assert len(await day.ledger("alice", limit=3)) == 3
    assert await day.ledger("bob", wallet_id=ALICE) == []
    assert await day.entry("back-1") == back
    assert await day.entry("none") is None


async def test_a_record_comes_back_as_it_was_written(store: Store, queries: Queries) -> None:
    """Every field, also those that only some records have; a second record changes nothing."""
    full = replace(
        blank_cdr(granted("a").attempt, "EUR", Disposition.FAILED),
        uniqueid="u",
        reason="no_rate",
        ended_at_us=NOW_US,
        hangup_cause=34,
        ended_by=EndedBy.CALLEE,
        end_source=EndSource.SPOOL,
        clock="corrected",
        number=None,
        account_id=None,
        organization_id=None,
    )
    await store.writer.submit((), [CdrWritten(full), CdrWritten(replace(full, pbx="other"))])
    await store.writer.submit((), [CdrWritten(replace(full, pbx="other"))])
    assert await queries.cdr("a") == full
    assert await queries.cdr("b") is None


async def test_a_second_record_adds_no_levels(store: Store, queries: Queries) -> None:
    """Neither in the same group nor later, though it names more levels."""
    await store.writer.submit((top_up("t1", 90 * PRICE), top_up("t2", 90 * PRICE, ACME)))
    await talk(store.writer, two_levels("b"), 5)
    two = await queries.cdr("b")
    assert two is not None
    one = replace(two, call_id="a", levels=two.levels[:1])
    more = replace(two, call_id="a")
    await store.writer.submit((), [CdrWritten(one), CdrWritten(more)])
    await store.writer.submit((), [CdrWritten(more)])
    assert await queries.cdr("a") == one


async def test_records_are_filtered(day: Queries) -> None:
    """By disposition, by the instant of set-up (the end not included), and by number."""
    refused = await day.cdrs(None, disposition=Disposition.NOT_ALLOWED)
    assert [cdr.call_id for cdr in refused] == ["refused"]
    assert len(await day.cdrs("acme", disposition=Disposition.ANSWERED)) == 3
    assert len(await day.cdrs(None, since_us=SETUP_AT_US, until_us=SETUP_AT_US + 1)) == 5
    assert await day.cdrs("acme", until_us=SETUP_AT_US) == []
    assert await day.cdrs(None, since_us=SETUP_AT_US + 1) == []
    assert len(await day.cdrs("acme", limit=1)) == 1


async def test_records_carry_their_levels_in_order(day: Queries) -> None:
    """The account's own level first, each with its plan, rate and charge, as it was written."""
    renewed = await day.cdr("renewed")
    assert renewed is not None
    assert (paid(renewed), renewed.revision) == ([("alice", 25 * PRICE), ("acme", 125_000)], 0)


async def test_lists_of_records_say_what_calls_cost_now(day: Queries) -> None:
    """A call that was charged anew is listed with its last charge; others as they were written."""
    listed = {cdr.call_id: cdr for cdr in await day.cdrs(None)}
    renewed = listed["renewed"]
    assert (paid(renewed), renewed.revision) == ([("alice", 20 * PRICE), ("acme", 100_000)], 1)
    assert await day.recharges.records(["renewed", "none"]) == {"renewed": renewed}
    assert listed["answered"] == await day.cdr("answered")


def paid(cdr: Cdr) -> list[tuple[str, int]]:
    """What each level pays."""
    return [(level.account_id, level.charge_micros) for level in cdr.levels]


async def test_nobodys_attempts_are_seen_by_the_operator_alone(
    store: Store, queries: Queries
) -> None:
    """A record without an account is in no subtree."""
    attempt = replace(granted("a").attempt, account_id=None, organization_id=None)
    unknown = blank_cdr(attempt, "EUR", Disposition.NOT_ALLOWED)
    await store.writer.submit((), [CdrWritten(unknown)])
    assert await queries.cdrs("acme") == []
    assert await queries.cdrs(None) == [unknown]


async def test_an_open_call_can_be_resumed(store: Store, queries: Queries) -> None:
    """With its answer, its legs, its price, and the paid talk of the hold's last step."""
    call = two_levels("a")
    await store.writer.submit((top_up("t1", 90 * PRICE), top_up("t2", 90 * PRICE, ACME)))
    begun = await begin(store.writer, call)
    assert isinstance(begun, Reserved)
    up = replace(
        answered(call, 10),
        slices=granted_call(call, begun).slices,
        warned=True,
        stopped=EndedBy.STATUS,
        hung_up_by=EndedBy.CALLER,
        ending_as=EndedBy.OPERATOR,
        hang_up_ms=77,
    )
    await store.writer.submit((reserve_for(call, 2, 30),), [CallSaved(up)])
    resumed = replace(up, step=2, through_s=30, armed_s=30, settled_in=True)
    assert await queries.open_calls() == [resumed]


async def test_a_ringing_call_can_be_resumed(store: Store, queries: Queries) -> None:
    """Without leg and answer; a settled call is open no more."""
    await store.writer.submit((top_up("t1", 90 * PRICE),))
    begun = await begin(store.writer, granted("a"))
    assert isinstance(begun, Reserved)
    await talk(store.writer, granted("b"), 2)
    (ringing,) = await queries.open_calls()
    assert ringing == replace(granted_call(granted("a"), begun), armed_s=10)
    assert ringing.phase is Phase.RINGING


async def test_what_a_call_was_priced_with_comes_back(day: Queries) -> None:
    """The stored rating is the rating, exactly."""
    for call in (granted("answered"), two_levels("renewed")):
        assert await day.rating(call.rating_id) == call.rating
    assert await day.rating("none") is None


async def test_the_hold_of_a_call_is_known_whatever_became_of_it(day: Queries) -> None:
    """Pending, posted or voided, with what each wallet holds or held."""
    lines = (HoldLine(ALICE, 10 * PRICE), HoldLine(ACME, 10 * PRICE // 2))
    expires_at_us = ANSWERED_US + 10 * MICROS
    assert await day.hold("open") == Hold(
        "open", 1, 10, lines, NODE, expires_at_us, begun_at_us=NOW_US
    )
    states = [hold.state for name in ("renewed", "unanswered") if (hold := await day.hold(name))]
    assert states == [HoldState.POSTED, HoldState.VOIDED]
    assert await day.hold("none") is None


async def test_proof_of_life_never_goes_back(store: Store, queries: Queries) -> None:
    """The latest instant counts, in whatever order it was written."""
    assert await queries.pbx_seen(NODE) is None
    await store.writer.submit((), [PbxSeen(NODE, 20), PbxSeen(NODE, 10), PbxSeen("pbx2", 5)])
    assert await queries.pbx_seen(NODE) == 20


async def test_a_changed_account_is_read_changed(store: Store) -> None:
    """The directory forgets an owner as soon as the change is durable."""
    assert await store.directory.payer("bob")
    await store.writer.submit((), [AccountSaved(user("bob", AccountStatus.BLOCKED), NOW_US, ACTOR)])
    payer = await store.directory.payer("bob")
    assert payer is not None
    assert payer[1][0].status is AccountStatus.BLOCKED


async def test_phones_and_numbers_are_found_by_what_is_dialled(day: Queries) -> None:
    """The extension in its organization, the organization by its code, the DID with its owner."""
    phone = await day.phone("acme", "102")
    assert phone is not None
    assert phone.endpoint == "bob"
    assert await day.phone("globex", "102") is None
    assert set(await day.phones("acme")) == {"101", "102"}
    assert dict(await day.codes()) == {"20": "globex"}
    assert list(await day.did_numbers()) == [442079460101, 442079460102]
    found = await day.did("442079460102")
    assert found is not None
    assert (found[0].context, [each.account_id for each in found[1]]) == (
        "support",
        ["bob", "acme"],
    )
    assert await day.did("442079460103") is None
