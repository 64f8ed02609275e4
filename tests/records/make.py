"""Make the records of the rule set that this release prices by, one call of each kind.

Run once for each rule set: `python -m tests.records.make`. The files are then kept, so that every
later release explains what this one charged. What they say was priced by the plans in `site`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from pbxcharge.catalog.decks import DeckFiles
from pbxcharge.catalog.load import Catalog, load_catalog
from pbxcharge.catalog.trunk_offers import trunk_offers
from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.attempt import Attempt, Granted, Leg
from pbxcharge.core.authorization import Denial, authorize
from pbxcharge.core.call import Call, Phase, granted_call
from pbxcharge.core.call_events import HungUp
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.credit import HoldLine, Reserved
from pbxcharge.core.dialling import Routing, Trunk
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.explanation import Explanation, explain
from pbxcharge.core.money import MICROS
from pbxcharge.core.number import NumberRule
from pbxcharge.core.plan import CallType
from pbxcharge.core.price import RULE_SET, charge_micros
from pbxcharge.core.rating import Rating, rating_id
from pbxcharge.core.resolution import Route
from pbxcharge.core.settlement import blank_cdr, settle
from pbxcharge.core.shown_lines import line_document

HERE = Path(__file__).parent
SITE = HERE / "site"
ZONE = ZoneInfo("Europe/London")
MORNING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DUSK = datetime(2026, 3, 2, 17, 59, 10, tzinfo=UTC)
"""A Monday; the evening of the plan begins 50 s later."""
ROUTING = Routing((Trunk("carrier", "PJSIP/{number}@carrier", "carrier"),))

ACTIVE = AccountStatus.ACTIVE
TWO = (
    Account("alice", AccountKind.USER, "acme", "Alice", "user", ACTIVE),
    Account("acme", AccountKind.ORGANIZATION, None, "Acme", "house", ACTIVE),
)
THREE = (
    Account("dora", AccountKind.USER, "globex", "Dora", "margin", ACTIVE),
    Account("globex", AccountKind.ORGANIZATION, "north", "Globex", "margin", ACTIVE),
    Account("north", AccountKind.SERVICE_PROVIDER, None, "North", "house", ACTIVE),
)
OVER_DECK = (*THREE[:2], replace(THREE[2], plan="provider"))

Document = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of call.

    Args:
        number: that is called; of a call from outside who calls.
        talk_ms: None for a call that nobody answered.
        chain: who pays.
        call_type: what it is.
        at: when it is asked for; it is answered 10 s later.
        paid_s: what was held at the end, if that is not all talk.
        end: what else is known of the end.
        reason: why it was refused.
    """

    number: str
    talk_ms: int | None
    chain: tuple[Account, ...] = TWO
    call_type: CallType = CallType.PUBLIC
    at: datetime = MORNING
    paid_s: int | None = None
    end: Document | None = None
    reason: str | None = None


KINDS: Mapping[str, Kind] = {
    "prepaid_two_levels": Kind("41301234567", 61_000),
    "relative_three_levels": Kind("41301234567", 75_000, THREE),
    "relative_first_block": Kind("41301234567", 20_000, THREE),
    "deck_base": Kind("33123456789", 75_000, OVER_DECK),
    "window_change": Kind("4930123456", 95_400, at=DUSK),
    "steps": Kind("42301234567", 130_000),
    "free_seconds": Kind("43301234567", 91_000),
    "within_free_seconds": Kind("43301234567", 20_000),
    "grace": Kind("44301234567", 5_000),
    "beyond_grace": Kind("44301234567", 6_000),
    "minimum": Kind("45301234567", 12_000),
    "maximum_free": Kind("46301234567", 400_000),
    "maximum_hang_up": Kind("47301234567", 150_000, end={"by": None}),
    "surcharge": Kind("48301234567", 67_000),
    "indivisible_first_block": Kind("31201234567", 73_000),
    "exception": Kind("41118000000", 61_000),
    "exception_free": Kind("41800000000", 61_000),
    "incoming": Kind("41301234567", 61_000, call_type=CallType.INCOMING),
    "local": Kind("102", 61_000, call_type=CallType.LOCAL),
    "unpaid_talk": Kind("41301234567", 64_000, paid_s=60),
    "clock_corrected": Kind("41301234567", 3_600_000, paid_s=120, end={"elapsed_ms": 61_000}),
    "unanswered": Kind("41301234567", None),
    "refused": Kind("41301234567", None, reason="not_enough_credit"),
}


def made(kind: Kind, catalog: Catalog) -> tuple[Cdr, Rating | None]:
    """The record of a call of this kind, and what it was priced with."""
    setup_us = int(kind.at.timestamp()) * MICROS
    attempt = _attempt(kind, setup_us)
    if kind.reason is not None:
        blank = blank_cdr(attempt, "EUR", Disposition.NOT_ALLOWED)
        return replace(blank, reason=kind.reason, ended_at_us=setup_us), None
    granted = _granted(kind, attempt, catalog)
    call = replace(_begun(granted), leg=Leg("1772443800.2", "PJSIP/carrier-00000002"))
    if kind.talk_ms is None:
        end = HungUp(setup_us + 30 * MICROS, EndSource.EVENT, cause=19)
        return settle(call, end, "EUR", "meter:pbx1").cdr, granted.rating
    answered_us = setup_us + 10 * MICROS
    call = replace(call, phase=Phase.UP, answered_ms=10_000, answered_at_us=answered_us)
    call = _renewed(call, kind.paid_s or kind.talk_ms // 1000 + 1)
    more = kind.end or {"by": EndedBy.CALLER}
    end = HungUp(answered_us + kind.talk_ms * 1000, EndSource.EVENT, cause=16, **more)
    return settle(call, end, "EUR", "meter:pbx1").cdr, granted.rating


def _attempt(kind: Kind, setup_us: int) -> Attempt:
    payer, incoming = kind.chain[0], kind.call_type is CallType.INCOMING
    public = kind.call_type is CallType.PUBLIC
    phone = f"PJSIP/{'carrier' if incoming else payer.account_id}-00000001"
    called = "442079460101" if incoming else kind.number
    return Attempt(
        call_id=f"{setup_us // 1000:012x}0123456789",
        pbx="pbx1",
        linkedid="1772443800.1",
        caller=Leg("1772443800.1", phone),
        call_type=kind.call_type,
        endpoint="carrier" if incoming else payer.account_id,
        dialled=f"00{called}" if public else called,
        number=called,
        account_id=payer.account_id,
        organization_id=payer.parent_id,
        setup_at_us=setup_us,
        direction="incoming" if incoming else "outgoing",
        caller_number=kind.number if incoming else "",
        callee_endpoint=None if public else "bob",
    )


def _granted(kind: Kind, attempt: Attempt, catalog: Catalog) -> Granted:
    at_s = attempt.setup_at_us // MICROS
    route = Route(kind.call_type, attempt.number, attempt.callee_endpoint, None, kind.number)
    trunks = trunk_offers(ROUTING, catalog.decks)(route, attempt.endpoint)
    asked = Circumstances(at_s, 30, trunks, lambda _: ZONE)
    offer = authorize(route, kind.chain, catalog.in_force(at_s), asked)
    assert not isinstance(offer, Denial), offer
    rating = offer.rating
    stored_id, over = rating_id(rating.canonical()), tuple(one.name for one in rating.trunks)
    return Granted(attempt, offer.levels, rating, stored_id, 30, 10_000, over)


def _begun(granted: Granted) -> Call:
    blank = Call(granted, 1, 60)
    call = granted_call(granted, _reserved(blank, 1, 60))
    return replace(call, trunk="carrier") if granted.rating.trunks else call


def _renewed(call: Call, through_s: int) -> Call:
    """Held slice by slice, 10 s ahead of the talk, as far as the plan lets it."""
    while call.through_s < min(through_s, call.limit_s):
        step, at_ms = call.step + 1, 10_000 + (call.through_s - 10) * 1000
        next_s = min(call.through_s + 60, call.limit_s)
        held = _reserved(call, step, next_s)
        call = replace(call.holding(held, at_ms), step=step, through_s=next_s)
    return call


def _reserved(call: Call, step: int, through_s: int) -> Reserved:
    lines = tuple(
        HoldLine(level.wallet_id, charge_micros(price, through_s))
        for level, price in zip(call.granted.levels, call.prices, strict=True)
    )
    return Reserved(call.call_id, step, through_s, lines, short=False)


def explained(explanation: Explanation) -> Document:
    """What an explanation says, as far as it must never change."""
    return {
        "verdict": str(explanation.verdict),
        "differences": list(explanation.differences),
        "levels": [
            {
                "account_id": level.charged.account_id,
                "charge_micros": level.charged.charge_micros,
                "billed_s": level.billed_s,
                "windows": [list(window) for window in level.windows],
                "lines": [line_document(line) for line in level.lines],
            }
            for level in explanation.levels
        ],
        "cost_lines": explanation.cost and list(map(line_document, explanation.cost.lines)),
    }


def kept(kind: Kind, catalog: Catalog) -> Document:
    """A call as it is kept: the record and the rating as they are stored, and what they say."""
    cdr, rating = made(kind, catalog)
    return {
        "record": asdict(cdr),
        "rating": rating and rating.canonical(),
        "explained": explained(explain(cdr, rating)),
    }


def site_catalog(cache: Path) -> Catalog:
    """The plans and the rate deck in `site`."""
    decks = DeckFiles(SITE / "rates", cache, ZONE)
    read = load_catalog(SITE / "plans", (NumberRule("00", 2, ""),), decks=decks, zone=ZONE)
    assert read.catalog is not None, read.findings
    return read.catalog


def main() -> None:
    """Write the records of the rule set in force, those that are not kept already."""
    folder = HERE / f"rule_set_{RULE_SET}"
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as cache:
        catalog = site_catalog(Path(cache))
        for name, kind in KINDS.items():
            file = folder / f"{name}.json"
            if not file.exists():
                text = json.dumps(kept(kind, catalog), indent=1, ensure_ascii=False)
                file.write_text(text + "\n")


if __name__ == "__main__":
    main()
