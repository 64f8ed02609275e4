"""The credit rule in hundredths: what is asked of the books by the tests of it.

Unless a test says otherwise a second costs 0.01 in blocks of 10 s, so a block costs 0.10.
"""

from collections.abc import Sequence
from fractions import Fraction

from pbxcharge.core.credit import (
    Close,
    HoldLine,
    Outcome,
    Payer,
    Post,
    Refused,
    Reserve,
    Reserved,
    Wallet,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import MICROS
from pbxcharge.core.price import Rate
from tests.fakes.granted_call import WALLET, a_rate
from tests.fakes.memory_engine import MemoryEngine

CENT = 10_000
BLOCKS_OF_10 = a_rate(first_s=10, next_s=10)
FREE = a_rate(price_per_minute=Fraction(0))
ORG = "acme:outgoing"


def engine_with(cents: int, *, floor: int = 0, wallet: str = WALLET) -> MemoryEngine:
    """Books with one wallet and its initial credit, in hundredths."""
    engine = MemoryEngine()
    add_wallet(engine, cents, floor=floor, wallet=wallet)
    return engine


def add_wallet(engine: MemoryEngine, cents: int, *, floor: int = 0, wallet: str) -> None:
    """Another wallet with its initial credit."""
    engine.wallets[wallet] = Wallet(wallet, "alice", "outgoing", floor_micros=floor * CENT)
    post(engine, cents, entry_id=f"initial:{wallet}", wallet=wallet)
    engine.take_raised()


def post(
    engine: MemoryEngine, cents: int, *, entry_id: str = "t-1", wallet: str = WALLET, note: str = ""
) -> Outcome:
    """Book a top-up, or an adjustment if it is below zero."""
    kind = EntryKind.TOP_UP if cents >= 0 else EntryKind.ADJUSTMENT
    return engine.decide(Post(Entry(entry_id, wallet, kind, cents * CENT, 1, "uid:0", note=note)))


def reserve(
    engine: MemoryEngine,
    call_id: str,
    step: int,
    least_s: int,
    want_s: int,
    *,
    rates: Sequence[Rate] = (BLOCKS_OF_10,),
    wallets: Sequence[str] = (WALLET,),
) -> Reserved | Refused:
    """Ask for a slice; the books are checked after the answer."""
    payers = tuple(Payer(wallet, rate) for wallet, rate in zip(wallets, rates, strict=True))
    outcome = engine.decide(Reserve(call_id, step, payers, least_s, want_s, 5 * MICROS, "pbx1", 0))
    engine.check()
    assert isinstance(outcome, Reserved | Refused)
    return outcome


def paid_s(outcome: Reserved | Refused) -> int:
    """Talk that is paid for after this answer; a refusal is a failure."""
    assert isinstance(outcome, Reserved), outcome
    return outcome.through_s


def close(engine: MemoryEngine, call_id: str, cents: int, wallet: str = WALLET) -> Outcome:
    """End a call, charged to one wallet."""
    outcome = engine.decide(Close(call_id, (HoldLine(wallet, cents * CENT),), 9, "meter:pbx1"))
    engine.check()
    return outcome
