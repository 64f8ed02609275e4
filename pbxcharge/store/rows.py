"""Rows as values of the core: what is read becomes frozen and typed at the door."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any

import orjson

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus, Suspension
from pbxcharge.core.assigned_product import AssignedDiscount, AssignedProduct, ProductKind
from pbxcharge.core.attempt import Attempt, Granted, Leg, PayingLevel
from pbxcharge.core.call import Call, Phase
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource, LevelCharge
from pbxcharge.core.coverage import coverage_from_text
from pbxcharge.core.credit import Hold, HoldLine, HoldState, Wallet
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.feature import Feature, FeatureOverride
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.quotas import quota_wallet_from_record
from pbxcharge.core.rating import Rating
from pbxcharge.core.slices import slices_from_text

Row = Any
"""A row of SQLite: a tuple whose columns are those of the statement beside it."""

ENTRY_COLUMNS = """
    entry_id, entry.wallet_id, entry.kind, amount_micros, at_us, actor, call_id, reverses, note,
    counts_at_us
"""

HOLD_COLUMNS = """
    hold.call_id, step, through_s, node, expires_at_us, state, begun_at_us, hold.coverage,
    wallet_id, amount_micros
"""

CALL_COLUMNS = """
    call.call_id, pbx, linkedid, caller_uniqueid, caller_channel, call_type, endpoint, dialled,
    number, account_id, organization_id, setup_at_us, levels, rating_id, ring_s, renew_lead_ms,
    phase, leg_uniqueid, leg_channel, answered_ms, answered_at_us, warned, stopped, hung_up_by,
    ending_as, hang_up_ms, exhausted, direction, caller_number, callee_endpoint, callee_context,
    trunk, trunks, slices, access, forwarded
"""

CDR_COLUMNS = """
    cdr.call_id, pbx, linkedid, caller_uniqueid, uniqueid, cdr.account_id, organization_id,
    call_type, direction, endpoint, dialled, number, disposition, reason, setup_at_us,
    answered_at_us, ended_at_us, talk_s, billed_s, unpaid_s, charge_micros, lines, currency,
    rating_id, rule_set, hangup_cause, ended_by, end_source, clock, caller_number,
    callee_endpoint, callee_context, trunk, cost_micros, deck, deck_version, caller_channel,
    slices, refused_by, included_s, coverage, access, forwarded, feature
"""


_NOTHING = (None, None, None, None)


def account(row: Row) -> Account:
    """From the columns of selects._ACCOUNT; the last three are lists of lists in JSON."""
    kind, status = AccountKind(row[1]), AccountStatus(row[5])
    of_old = (row[0], kind, row[2], row[3], row[4], status, row[6], row[7])
    if row[8:12] == _NOTHING and row[14] is None:
        return Account(*of_old)
    return Account(
        *of_old,
        product=row[8],
        managed_by=row[9],
        suspensions=frozenset(map(Suspension, (row[10] or "").split())),
        expires_at_us=row[11],
        assigned=tuple(sorted(map(_assigned, orjson.loads(row[12] or "[]")), key=_since)),
        overrides=tuple(map(_override, sorted(orjson.loads(row[13] or "[]")))),
        discounts=tuple(AssignedDiscount(*own) for own in orjson.loads(row[14] or "[]")),
    )


def _assigned(had: list[Any]) -> AssignedProduct:
    assignment_id, product, kind, from_us, until_us = had
    return AssignedProduct(assignment_id, product, ProductKind(kind), from_us, until_us)


def _since(assigned: AssignedProduct) -> tuple[int, str]:
    return assigned.from_us, assigned.assignment_id


def _override(own: list[Any]) -> FeatureOverride:
    feature, on, attributes = own
    return FeatureOverride(Feature(feature), None if on is None else bool(on), attributes)


def extension(row: Row) -> Extension:
    """From endpoint, number, account_id."""
    return Extension(row[0], row[1], row[2])


def did(row: Row) -> Did:
    """From number, account_id, endpoint, context."""
    return Did(row[0], row[1], row[2], row[3])


def wallet(row: Row) -> Wallet:
    """From wallet_id, account_id, kind, balance_micros, floor_micros, closed, unit; none held."""
    return Wallet(
        row[0],
        row[1],
        row[2],
        balance_micros=row[3],
        floor_micros=row[4],
        closed=bool(row[5]),
        unit=row[6],
    )


def wallet_with_holds(row: Row) -> Wallet:
    """From the columns of `wallet`, then how many live calls hold in it, and how much."""
    return replace(wallet(row), calls=row[7], held_micros=row[8])


def entry(row: Row) -> Entry:
    """From ENTRY_COLUMNS."""
    return Entry(row[0], row[1], EntryKind(row[2]), *row[3:10])


def holds(found: Iterable[Row]) -> list[Hold]:
    """From HOLD_COLUMNS, one row for each line, sorted by call and level."""
    return [_hold(list(lines)) for _, lines in groupby(found, key=lambda row: row[0])]


def _hold(lines: list[Row]) -> Hold:
    call_id, step, through_s, node, expires_at_us, state, begun_at_us, coverage = lines[0][:8]
    return Hold(
        call_id=call_id,
        step=step,
        through_s=through_s,
        lines=tuple(HoldLine(row[8], row[9]) for row in lines if row[8] is not None),
        node=node,
        expires_at_us=expires_at_us,
        state=HoldState(state),
        begun_at_us=begun_at_us,
        coverage=coverage_from_text(coverage),
    )


def call(row: Row, rating: Rating, step: int, through_s: int, coverage: str) -> Call:
    """An open call from CALL_COLUMNS, ready to resume with the paid talk of its hold.

    Its timer counts as armed, and its answer as settled in: a `Status` says if that is not so.
    """
    return Call(
        granted=_granted(row, rating),
        step=step,
        through_s=through_s,
        phase=Phase(row[16]),
        leg=None if row[17] is None else Leg(row[17], row[18]),
        answered_ms=row[19],
        answered_at_us=row[20],
        settled_in=row[19] is not None,
        armed_s=through_s,
        warned=bool(row[21]),
        stopped=_ended_by(row[22]),
        hung_up_by=_ended_by(row[23]),
        ending_as=_ended_by(row[24]),
        hang_up_ms=row[25],
        exhausted=bool(row[26]),
        trunk=row[31],
        slices=slices_from_text(row[33]),
        coverage=coverage_from_text(coverage),
    )


def _granted(row: Row, rating: Rating) -> Granted:
    return Granted(
        attempt=_attempt(row),
        levels=tuple(_paying(*level) for level in orjson.loads(row[12])),
        rating=rating,
        rating_id=row[13],
        ring_s=row[14],
        renew_lead_ms=row[15],
        trunks=tuple(orjson.loads(row[32])),
    )


def _paying(
    account_id: str, wallet_id: str, time_zone: str = "", quotas: Iterable[Any] = ()
) -> PayingLevel:
    found = tuple(quota_wallet_from_record(record) for record in quotas)
    return PayingLevel(account_id, wallet_id, time_zone, found)


def _attempt(row: Row) -> Attempt:
    return Attempt(
        call_id=row[0],
        pbx=row[1],
        linkedid=row[2],
        caller=Leg(row[3], row[4]),
        call_type=row[5],
        endpoint=row[6],
        dialled=row[7],
        number=row[8],
        account_id=row[9],
        organization_id=row[10],
        setup_at_us=row[11],
        direction=row[27],
        caller_number=row[28],
        callee_endpoint=row[29],
        callee_context=row[30],
        access=row[34],
        forwarded=bool(row[35]),
    )


def _ended_by(text: str | None) -> EndedBy | None:
    return None if text is None else EndedBy(text)


def cdr(row: Row, levels: tuple[LevelCharge, ...]) -> Cdr:
    """From CDR_COLUMNS and the rows of cdr_level."""
    return Cdr(
        call_id=row[0],
        pbx=row[1],
        linkedid=row[2],
        caller_uniqueid=row[3],
        uniqueid=row[4],
        account_id=row[5],
        organization_id=row[6],
        call_type=row[7],
        direction=row[8],
        endpoint=row[9],
        dialled=row[10],
        number=row[11],
        disposition=Disposition(row[12]),
        reason=row[13],
        setup_at_us=row[14],
        answered_at_us=row[15],
        ended_at_us=row[16],
        talk_s=row[17],
        billed_s=row[18],
        unpaid_s=row[19],
        charge_micros=row[20],
        levels=levels,
        lines=row[21],
        currency=row[22],
        rating_id=row[23],
        rule_set=row[24],
        hangup_cause=row[25],
        ended_by=_ended_by(row[26]),
        end_source=EndSource(row[27]),
        clock=row[28],
        caller_number=row[29],
        callee_endpoint=row[30],
        callee_context=row[31],
        trunk=row[32],
        cost_micros=row[33],
        deck=row[34],
        deck_version=row[35],
        caller_channel=row[36],
        slices=row[37],
        refused_by=row[38],
        included_s=row[39],
        coverage=row[40],
        access=row[41],
        forwarded=bool(row[42]),
        feature=row[43],
    )


def cdr_now(row: Row, levels: tuple[LevelCharge, ...]) -> Cdr:
    """From CDR_COLUMNS and the revision of `cdr_now`, and the rows of `cdr_level_now`."""
    return replace(cdr(row, levels), revision=row[-1])


def level_charge(row: Row) -> LevelCharge:
    """From account_id, wallet_id, plan, plan_version, prefix, destination, charge_micros."""
    return LevelCharge(*row)
