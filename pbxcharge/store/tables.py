"""Values of the core as rows: what the writer gives its statements."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr, Revision
from pbxcharge.core.coverage import coverage_to_text
from pbxcharge.core.credit import Hold, Wallet
from pbxcharge.core.exports import ExportFile
from pbxcharge.core.ledger import Entry
from pbxcharge.core.plan_history import PlanStep
from pbxcharge.core.quotas import quota_wallet_record
from pbxcharge.core.rating import Rating
from pbxcharge.core.slices import slices_to_text

Row = tuple[Any, ...]


def account_row(account: Account, at_us: int, actor: str) -> Row:
    """The parameters of writes.PUT_ACCOUNT."""
    return (
        account.account_id,
        account.kind.value,
        account.parent_id,
        account.name,
        account.plan,
        account.status.value,
        account.code,
        account.time_zone,
        account.product,
        account.managed_by,
        " ".join(sorted(account.suspensions)) or None,
        account.expires_at_us,
        _discounts(account),
        at_us,
        actor,
    )


def _discounts(account: Account) -> str | None:
    own = [[discount.name, discount.from_us] for discount in account.discounts]
    return orjson.dumps(own).decode() if own else None


def extension_row(extension: Extension, at_us: int, actor: str) -> Row:
    """The parameters of writes.PUT_EXTENSION."""
    return (extension.endpoint, extension.number, extension.account_id, at_us, actor)


def did_row(did: Did, at_us: int, actor: str) -> Row:
    """The parameters of writes.PUT_DID."""
    return (did.number, did.account_id, did.endpoint, did.context, at_us, actor)


def wallet_row(wallet: Wallet, currency: str) -> Row:
    """The parameters of writes.PUT_WALLET."""
    return (
        wallet.wallet_id,
        wallet.account_id,
        str(wallet.kind),
        wallet.unit,
        currency,
        wallet.balance_micros,
        wallet.floor_micros,
        int(wallet.closed),
    )


def rating_row(rating_id: str, rating: Rating) -> Row:
    """The parameters of writes.PUT_RATING."""
    return (rating_id, rating.canonical())


def hold_row(hold: Hold) -> Row:
    """The parameters of writes.PUT_HOLD."""
    return (
        hold.call_id,
        hold.step,
        hold.through_s,
        hold.state.value,
        hold.node,
        hold.expires_at_us,
        hold.begun_at_us,
        coverage_to_text(hold.coverage) if hold.coverage else "",
    )


def hold_line_rows(hold: Hold) -> list[Row]:
    """The parameters of writes.PUT_HOLD_LINE, one for each level."""
    return [
        (hold.call_id, level, line.wallet_id, line.amount_micros)
        for level, line in enumerate(hold.lines)
    ]


def entry_row(entry: Entry) -> Row:
    """The parameters of writes.ADD_ENTRY."""
    return (
        entry.entry_id,
        entry.wallet_id,
        entry.kind.value,
        entry.amount_micros,
        entry.at_us,
        entry.call_id,
        entry.reverses,
        entry.actor,
        entry.note,
        entry.counts_at_us,
    )


def call_row(call: Call) -> Row:
    """The parameters of writes.PUT_CALL."""
    granted, leg = call.granted, call.leg
    attempt = granted.attempt
    return (
        attempt.call_id,
        attempt.pbx,
        attempt.linkedid,
        attempt.caller.uniqueid,
        attempt.caller.channel,
        str(attempt.call_type),
        attempt.endpoint,
        attempt.dialled,
        attempt.number,
        attempt.account_id,
        attempt.organization_id,
        attempt.setup_at_us,
        levels_text(granted.levels),
        granted.rating_id,
        granted.ring_s,
        granted.renew_lead_ms,
        call.phase.value,
        leg.uniqueid if leg else None,
        leg.channel if leg else None,
        call.answered_ms,
        call.answered_at_us,
        int(call.warned),
        call.stopped and call.stopped.value,
        call.hung_up_by and call.hung_up_by.value,
        call.ending_as and call.ending_as.value,
        call.hang_up_ms,
        int(call.exhausted),
        attempt.direction,
        attempt.caller_number,
        attempt.callee_endpoint,
        attempt.callee_context,
        call.trunk,
        json_list(granted.trunks),
        slices_to_text(call.slices),
        attempt.access,
        int(attempt.forwarded),
    )


def levels_text(levels: tuple[PayingLevel, ...]) -> str:
    """Who pays, in order, with a time zone that counts: `[["alice","alice:outgoing"]]`.

    With quotas the time zone is always there, and they stand behind it.
    """
    found = [
        (level.account_id, level.wallet_id, *filter(None, [level.time_zone]))
        if not level.quotas
        else (level.account_id, level.wallet_id, level.time_zone, _quotas(level))
        for level in levels
    ]
    return orjson.dumps(found).decode()


def _quotas(level: PayingLevel) -> list[Any]:
    return [quota_wallet_record(quota) for quota in level.quotas]


def json_list(texts: Collection[str]) -> str:
    """A list for one parameter of SQL, so that the statement is the same for any length."""
    return orjson.dumps(list(texts)).decode()


def cdr_row(cdr: Cdr) -> Row:
    """The parameters of writes.ADD_CDR."""
    return (
        cdr.call_id,
        cdr.pbx,
        cdr.linkedid,
        cdr.caller_uniqueid,
        cdr.uniqueid,
        cdr.account_id,
        cdr.organization_id,
        str(cdr.call_type),
        cdr.direction,
        cdr.endpoint,
        cdr.dialled,
        cdr.number,
        cdr.disposition.value,
        cdr.reason and str(cdr.reason),
        cdr.setup_at_us,
        cdr.answered_at_us,
        cdr.ended_at_us,
        cdr.talk_s,
        cdr.billed_s,
        cdr.unpaid_s,
        cdr.charge_micros,
        cdr.lines,
        cdr.currency,
        cdr.rating_id,
        cdr.rule_set,
        cdr.hangup_cause,
        cdr.ended_by and cdr.ended_by.value,
        cdr.end_source.value,
        cdr.clock,
        cdr.caller_number,
        cdr.callee_endpoint,
        cdr.callee_context,
        cdr.trunk,
        cdr.cost_micros,
        cdr.deck,
        cdr.deck_version,
        cdr.caller_channel,
        cdr.slices,
        cdr.refused_by,
        cdr.included_s,
        cdr.coverage,
        cdr.access,
        int(cdr.forwarded),
        cdr.feature,
    )


def cdr_level_rows(cdr: Cdr) -> list[Row]:
    """The parameters of writes.ADD_CDR_LEVEL, one for each level."""
    return [
        (
            cdr.call_id,
            number,
            level.account_id,
            level.wallet_id,
            level.plan,
            level.plan_version,
            level.prefix,
            level.destination,
            level.charge_micros,
        )
        for number, level in enumerate(cdr.levels)
    ]


def recharge_row(revision: Revision) -> Row:
    """The parameters of writes.ADD_RECHARGE."""
    cdr = revision.cdr
    return (
        cdr.call_id,
        revision.revision,
        revision.run_id,
        revision.at_us,
        revision.actor,
        revision.note,
        cdr.rating_id,
        cdr.rule_set,
        cdr.charge_micros,
        cdr.billed_s,
        cdr.lines,
        cdr.cost_micros,
        cdr.deck,
        cdr.deck_version,
    )


def recharge_level_rows(revision: Revision) -> list[Row]:
    """The parameters of writes.ADD_RECHARGE_LEVEL, one for each level."""
    return [(row[0], revision.revision, *row[1:]) for row in cdr_level_rows(revision.cdr)]


def event_row(line: Mapping[str, Any]) -> Row:
    """The parameters of writes.ADD_EVENT; the body is the line as readers get it."""
    return (line["event_id"], line["at_us"], orjson.dumps(line, default=str).decode())


def plan_step_row(step: PlanStep) -> Row:
    """The parameters of writes.ADD_PLAN_STEP."""
    return (
        step.at_us,
        step.actor,
        step.plan,
        step.version,
        step.effective_from_s,
        step.what.value,
        step.source.value,
    )


def export_file_row(file: ExportFile) -> Row:
    """The parameters of writes.ADD_EXPORT_FILE."""
    return (
        file.stream,
        file.number,
        file.first_seq,
        file.last_seq,
        file.at_us,
        file.actor,
        file.through_row,
        file.through_call_id,
    )


def exported_rows(file: ExportFile, records: Sequence[tuple[str, int]]) -> list[Row]:
    """The parameters of writes.ADD_EXPORTED, one for each record."""
    return [(file.stream, file.first_seq + place, *record) for place, record in enumerate(records)]
