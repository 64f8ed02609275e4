"""A small site on a real database: an organization, two users, and calls from end to end.

Alice and Bob pay 0.01 a second, their organization pays 0.005 for the same talk.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

from pbxcharge.core.account import Account, Did, Extension, wallet_id
from pbxcharge.core.account_kinds import AccountKind, AccountStatus, Suspension, WalletKind
from pbxcharge.core.assigned import AssignedSubscription, Billed, VersionSince
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.attempt import Granted, Leg
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.call import Call, Phase, granted_call
from pbxcharge.core.call_events import HungUp
from pbxcharge.core.cdr import EndSource, Revision
from pbxcharge.core.credit import (
    Close,
    Collect,
    HoldLine,
    OpenWallet,
    Operation,
    Outcome,
    Payer,
    Post,
    Refund,
    Reserve,
    Reserved,
)
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.effects import (
    AccountSaved,
    BillingAdvanced,
    BillingRuleSet,
    BillingWoken,
    CallClosed,
    CallSaved,
    CdrWritten,
    DidRemoved,
    DidSaved,
    Effect,
    EventsTold,
    ExtensionSaved,
    FeatureOverridden,
    PbxSeen,
    PlansTurned,
    ProductAssigned,
    RevisionWritten,
    SubscriptionAssigned,
    SubscriptionsTurned,
    XdrWritten,
)
from pbxcharge.core.feature import EditedBy, Feature, FeatureOverride
from pbxcharge.core.ledger import Entry, EntryKind, initial_entry_id
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import CallType, WalletPolicy
from pbxcharge.core.plan_history import PlanSource, PlanStep, PlanTurn, version_of
from pbxcharge.core.revision import recharges, revised
from pbxcharge.core.settlement import blank_cdr, settle
from pbxcharge.core.xdr import Xdr, XdrKind
from pbxcharge.store import Store, open_store
from pbxcharge.store.writer import Writer
from tests.fakes.granted_call import LEG, SETUP_AT_US, a_rate, granted, ringing_prices
from tests.fakes.recording_logger import RecordingLogger

ALICE, BOB, ACME = "alice:outgoing", "bob:outgoing", "acme:outgoing"
PRICE = 10_000
"""Of one second of Alice's or Bob's talk; 0.01."""
NODE = "pbx1"
ACTOR = "test"
NOW_US = SETUP_AT_US
ANSWERED_US = SETUP_AT_US + 5 * MICROS


@asynccontextmanager
async def open_site(
    path: Path, log: RecordingLogger | None = None, *, open_wallets: bool = True
) -> AsyncIterator[Store]:
    """The store of the small site; its accounts and wallets are made if they are missing."""
    logger = log or RecordingLogger()
    async with open_store(path, currency="EUR", node=NODE, log=logger, migrate=True) as store:
        if open_wallets or not await store.queries.accounts(None):
            await store.writer.submit(wallets(), accounts())
        yield store


def accounts() -> list[Effect]:
    """The tree and its phones."""
    people = [("alice", "101"), ("bob", "102")]
    organization = Account(
        "acme", AccountKind.ORGANIZATION, None, "Acme", "reseller", AccountStatus.ACTIVE
    )
    saved: list[Effect] = [AccountSaved(organization, NOW_US, ACTOR)]
    for name, number in people:
        saved.append(AccountSaved(user(name), NOW_US, ACTOR))
        saved.append(ExtensionSaved(Extension(name, number, name), NOW_US, ACTOR))
    return saved


def numbers() -> list[Effect]:
    """Another organization with a code, and numbers of the public network; one is gone again."""
    globex = Account(
        "globex", AccountKind.ORGANIZATION, None, "Globex", None, AccountStatus.ACTIVE, "20"
    )
    return [
        AccountSaved(globex, NOW_US, ACTOR),
        DidSaved(Did("442079460101", "alice", "alice"), NOW_US, ACTOR),
        DidSaved(Did("442079460102", "bob", context="support"), NOW_US, ACTOR),
        DidSaved(Did("442079460103", "bob", "bob"), NOW_US, ACTOR),
        DidRemoved("442079460103", NOW_US, ACTOR),
    ]


def from_outside(call_id: str) -> Granted:
    """A call to Alice's number, paid from her incoming wallet."""
    call = granted(call_id, wallets=("alice:incoming",))
    attempt = replace(
        call.attempt,
        call_type=CallType.INCOMING,
        direction="incoming",
        caller_number="4930123456",
        callee_endpoint="alice",
    )
    return replace(call, attempt=attempt)


def user(name: str, status: AccountStatus = AccountStatus.ACTIVE) -> Account:
    """A user of the organization."""
    return Account(name, AccountKind.USER, "acme", name.title(), "basic", status)


def wallets() -> list[Operation]:
    """The wallets of each account, empty."""
    return [
        OpenWallet(wallet_id(name, kind), name, kind, 0)
        for name in ("acme", "alice", "bob")
        for kind in WalletPolicy.SEPARATE.kinds
    ]


def top_up(entry_id: str, amount_micros: int, wallet: str = ALICE) -> Post:
    """A payment."""
    return Post(
        Entry(entry_id, wallet, EntryKind.TOP_UP, amount_micros, NOW_US, ACTOR, note="cash")
    )


def initial(amount_micros: int, account: str = "alice") -> Post:
    """The initial credit of an account."""
    entry_id = initial_entry_id(account, WalletKind.OUTGOING)
    wallet = wallet_id(account, WalletKind.OUTGOING)
    return Post(Entry(entry_id, wallet, EntryKind.INITIAL, amount_micros, NOW_US, ACTOR))


def reserve(call_id: str, step: int = 1, want_s: int = 10, least_s: int | None = None) -> Reserve:
    """Alice asks for paid talk up to `want_s`, all of it where `least_s` is not given."""
    return reserve_for(granted(call_id), step, want_s, least_s)


def reserve_for(
    call: Granted, step: int = 1, want_s: int = 10, least_s: int | None = None
) -> Reserve:
    """The next slice of a granted call."""
    payers = tuple(
        Payer(level.wallet_id, price, rated.limits, quotas=level.quotas)
        for level, rated, price in zip(
            call.levels, call.rating.levels, ringing_prices(call), strict=True
        )
    )
    least = want_s if least_s is None else least_s
    return Reserve(call.attempt.call_id, step, payers, least, want_s, ANSWERED_US, NODE, NOW_US)


def close(call_id: str, charge_micros: int = 0, wallet: str = ALICE) -> Close:
    """The end of a call that one wallet pays for."""
    return Close(call_id, (HoldLine(wallet, charge_micros),), NOW_US, ACTOR)


def two_levels(call_id: str, wallets: Sequence[str] = (ALICE, ACME)) -> Granted:
    """A call that its organization pays for as well, at half the price."""
    rates = (a_rate(), a_rate(price_per_minute=Fraction(30, 100)))
    return granted(call_id, rates=rates, wallets=wallets)


def answered(call: Granted, through_s: int) -> Call:
    """The call as it is stored at its answer."""
    return Call(
        call,
        step=1,
        through_s=through_s,
        phase=Phase.UP,
        leg=LEG,
        answered_ms=5_000,
        answered_at_us=ANSWERED_US,
        trunk="carrier",
    )


async def begin(writer: Writer, call: Granted, want_s: int = 10) -> Outcome:
    """Authorize: the hold and the call in one transaction."""

    def saved(outcomes: tuple[Outcome, ...]) -> list[Effect]:
        (outcome,) = outcomes
        if not isinstance(outcome, Reserved):
            return []
        return [CallSaved(granted_call(call, outcome))]

    (outcome,) = await writer.submit((reserve_for(call, want_s=want_s),), saved)
    return outcome


async def end(writer: Writer, call: Call, talk_s: int) -> Outcome:
    """Settle: the charge, the record and the call's closing in one transaction."""
    hung_up = HungUp(ANSWERED_US + talk_s * MICROS, EndSource.EVENT, cause=16)
    settlement = settle(call, hung_up, "EUR", ACTOR)
    effects: list[Effect] = [CdrWritten(settlement.cdr), CallClosed(call.call_id)]
    (outcome,) = await writer.submit((settlement.close,), effects)
    return outcome


async def talk(writer: Writer, call: Granted, talk_s: int) -> None:
    """A call from end to end: authorized, answered, held anew at the answer, settled."""
    # A channel is never used again, so each call has legs of its own.
    leg = Leg(f"{LEG.uniqueid}-{call.attempt.call_id}", LEG.channel)
    begun = await begin(writer, call)
    assert isinstance(begun, Reserved)
    up = replace(answered(call, 10), leg=leg, slices=granted_call(call, begun).slices)
    await writer.submit((), [CallSaved(up)])
    if talk_s > up.through_s:
        (held,) = await writer.submit((reserve_for(call, 2, talk_s),))
        assert isinstance(held, Reserved)
        up = replace(up.holding(held, 10_000), step=2, through_s=held.through_s)
    await end(writer, up, talk_s)


async def busy_day(store: Store) -> None:
    """A little of everything that the books can hold, with one call still open."""
    writer = store.writer
    await writer.submit(
        (
            initial(5 * MICROS),
            initial(7 * MICROS, "acme"),
            top_up("payment-1", 3 * MICROS),
            top_up("payment-2", 2 * MICROS, BOB),
            Post(Entry("typo", ALICE, EntryKind.ADJUSTMENT, -100, NOW_US, ACTOR)),
            Post(Entry("undo", ALICE, EntryKind.REVERSAL, 100, NOW_US, ACTOR, reverses="typo")),
        )
    )
    await talk(writer, granted("answered"), 8)
    await talk(writer, two_levels("renewed"), 25)
    await writer.submit((top_up("payment-3", MICROS, "alice:incoming"),), numbers())
    await talk(writer, from_outside("came-in"), 6)
    await writer.submit((Refund("back-1", "renewed", ALICE, 50_000, NOW_US, ACTOR),))
    await charge_anew(store, cheaper("renewed"))
    await unanswered(writer, granted("unanswered"))
    refused = blank_cdr(granted("refused").attempt, "EUR", Disposition.NOT_ALLOWED)
    refused = replace(refused, reason="no_rate", refused_by="acme")
    await writer.submit((), [CdrWritten(refused), PbxSeen(NODE, 1)])
    await begin(writer, two_levels("open"))
    told = {"event_id": NOW_US, "at_us": NOW_US, "event": "authorized", "account": "alice"}
    await writer.submit((), [EventsTold((told,))])
    await writer.submit((), [AccountSaved(user("bob", AccountStatus.SUSPENDED), NOW_US, ACTOR)])
    await writer.submit((), [plans_turned()])
    await assign(writer)


async def assign(writer: Writer) -> None:
    """Bob gets a product, whose subscription is charged, and a feature that his product has not."""
    main = AssignedProduct("p-1", "smartcall", ProductKind.MAIN, NOW_US)
    gone = AssignedProduct("p-2", "forwarding", ProductKind.ADD_ON, NOW_US, NOW_US + MICROS)
    bob = replace(user("bob", AccountStatus.SUSPENDED), product="smartcall")
    basic = AssignedSubscription(
        assignment_id="s-1",
        account_id="bob",
        subscription="basic",
        via="p-1",
        assigned_at_us=NOW_US,
        starts_at_us=NOW_US,
    )
    mailbox = FeatureOverride(Feature.MAILBOX, on=True, attributes={"limit": 20})
    own = FeatureOverridden("bob", mailbox, EditedBy.ADMIN, NOW_US, ACTOR)
    weekly = BillingRule(BillingCycle.WEEKLY, date(2026, 6, 1))
    await writer.submit(
        (),
        [
            turned(),
            AccountSaved(bob, NOW_US, ACTOR),
            ProductAssigned("bob", main, NOW_US, ACTOR),
            ProductAssigned("bob", replace(gone, until_us=None), NOW_US, ACTOR),
            SubscriptionAssigned(basic, NOW_US, ACTOR),
            BillingAdvanced(Billed("s-1", NOW_US, NOW_US)),
            own,
            BillingRuleSet("acme", weekly, NOW_US, ACTOR),
        ],
    )
    fee = charged("s-1", 290_000)
    entry = Entry(fee.xdr_id, BOB, EntryKind.FEE, -fee.amount_micros, NOW_US, ACTOR)
    await writer.submit(
        (Collect((entry,), fee.amount_micros),),
        [
            XdrWritten(fee),
            BillingAdvanced(Billed("s-1", NOW_US + 1, NOW_US + MICROS)),
            BillingWoken("s-1", NOW_US + 5),
            ProductAssigned("bob", gone, NOW_US, ACTOR),
            AccountSaved(
                replace(
                    bob, suspensions=frozenset({Suspension.NO_FUNDS}), expires_at_us=NOW_US + 9
                ),
                NOW_US,
                ACTOR,
            ),
        ],
    )


def turned() -> SubscriptionsTurned:
    """The subscription plan `basic` counts."""
    body = '{"name":"basic"}'
    version = version_of(body)
    since = VersionSince("basic", version, NOW_US, ACTOR)
    return SubscriptionsTurned((("basic", version, body),), (since,))


def charged(assignment_id: str, amount_micros: int, kind: XdrKind = XdrKind.FEE) -> Xdr:
    """A fee of bob's for June 2026."""
    return Xdr(
        xdr_id=f"subscription:{assignment_id}:2026-06-01:{kind}",
        assignment_id=assignment_id,
        account_id="bob",
        wallet_id=BOB,
        kind=kind,
        subscription="basic",
        version=version_of('{"name":"basic"}'),
        period_first=date(2026, 6, 1),
        period_until=date(2026, 7, 1),
        stated_first=date(2026, 6, 1),
        at_us=NOW_US,
        booked_at_us=NOW_US,
        quantity_used=30,
        quantity_charged=30,
        exact_micros=Fraction(amount_micros),
        amount_micros=amount_micros,
        lines="[]",
    )


def plans_turned() -> PlansTurned:
    """The plan `basic` got another version, and a third one is to come."""
    bodies = [f'{{"name":"basic","turn":{turn}}}' for turn in range(3)]
    first, second, third = map(version_of, bodies)
    turns = (
        (first, PlanTurn.BEGAN),
        (first, PlanTurn.ENDED),
        (second, PlanTurn.BEGAN),
        (third, PlanTurn.PLANNED),
    )
    return PlansTurned(
        tuple(("basic", version_of(body), body) for body in bodies),
        tuple(
            PlanStep(NOW_US, ACTOR, "basic", version, 0, what, PlanSource.APPLY)
            for version, what in turns
        ),
    )


def cheaper(call_id: str, rate: Fraction = Fraction(48, 100)) -> Granted:
    """A call of Alice's and her organization's at 0.008 a second instead of 0.01."""
    rates = (a_rate(price_per_minute=rate), a_rate(price_per_minute=rate / 2))
    return granted(call_id, rates=rates, wallets=(ALICE, ACME))


async def charge_anew(
    store: Store, call: Granted, run_id: str = "run-1", at_us: int = NOW_US
) -> None:
    """A correction: the call of a record by the rating of another one."""
    (before,) = (await store.queries.recharges.records([call.attempt.call_id])).values()
    after = revised(before, call.rating)
    revision = Revision(after.revision, at_us, ACTOR, "wrong price", after, run_id)
    operations = recharges(before, after, at_us, ACTOR, "wrong price")
    await store.writer.submit(operations, [RevisionWritten(revision, call.rating)])


async def unanswered(writer: Writer, call: Granted) -> None:
    """A call that rang in vain."""
    await begin(writer, call)
    nobody = HungUp(ANSWERED_US, EndSource.EVENT, cause=19)
    settlement = settle(Call(call, 1, 10), nobody, "EUR", ACTOR)
    await writer.submit((settlement.close,), [CdrWritten(settlement.cdr), CallClosed("unanswered")])
