"""A group of submissions, decided one after the other, to be written in one transaction.

Decided on copies: nothing here is true until it is committed, and then `keep` tells memory.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pbxcharge.core.credit import (
    Close,
    Collect,
    Decision,
    Hold,
    HoldState,
    Operation,
    Outcome,
    Recharge,
    Reserve,
    Wallet,
    apply,
    wallets_named,
)
from pbxcharge.core.effects import (
    AccountSaved,
    BillingRuleSet,
    BillingWoken,
    CallClosed,
    CallSaved,
    CdrWritten,
    DidRemoved,
    DidSaved,
    Effect,
    EventsForgotten,
    EventsTold,
    ExportChosen,
    ExportWritten,
    ExtensionSaved,
    FeatureCleared,
    FeatureOverridden,
    PbxSeen,
    PlansTurned,
    ProductAssigned,
    RevisionWritten,
    SubscriptionAssigned,
)
from pbxcharge.core.ledger import Entry
from pbxcharge.core.limits import Activity
from pbxcharge.core.rating import Rating
from pbxcharge.store import tables, writes
from pbxcharge.store.books import KnownBooks
from pbxcharge.store.connection import Statement
from pbxcharge.store.subscription_rows import subscription_rows
from pbxcharge.store.tables import Row

_OF_ACCOUNTS = (
    AccountSaved, ExtensionSaved, DidSaved, DidRemoved, ProductAssigned, FeatureOverridden,
    FeatureCleared, BillingRuleSet,
)  # fmt: skip
"""What the directory remembers otherwise."""

Then = Callable[[tuple[Outcome, ...]], Iterable[Effect]] | Iterable[Effect]
_Undo = list[tuple[dict[str, Any], str, Any]]
_Put = tuple[str, Row]

ORDER = (
    writes.PUT_ACCOUNT,
    writes.PUT_EXTENSION,
    writes.PUT_DID,
    writes.SIGN_DID,
    writes.REMOVE_DID,
    writes.PUT_PRODUCT_ASSIGNMENT,
    writes.PUT_SUBSCRIPTION_ASSIGNMENT,
    writes.PUT_OVERRIDE,
    writes.SIGN_OVERRIDE,
    writes.REMOVE_OVERRIDE,
    writes.ADD_BILLING_RULE,
    writes.PUT_WALLET,
    writes.PUT_RATING,
    writes.PUT_HOLD,
    writes.PUT_HOLD_LINE,
    writes.ADD_ENTRY,
    writes.PUT_BILL,
    writes.WAKE_BILL,
    writes.ADD_XDR,
    writes.PUT_CALL,
    writes.CLOSE_CALL,
    writes.ADD_CDR_LEVEL,
    writes.ADD_CDR,
    writes.ADD_RECHARGE,
    writes.ADD_RECHARGE_LEVEL,
    writes.PUT_PBX_SEEN,
    writes.ADD_EVENT,
    writes.FORGET_EVENTS,
    writes.ADD_PLAN_VERSION,
    writes.ADD_PLAN_STEP,
    writes.ADD_SUBSCRIPTION_VERSION,
    writes.ADD_SUBSCRIPTION_TURN,
    writes.ADD_PRODUCT_VERSION,
    writes.ADD_PRODUCT_TURN,
    writes.ADD_EXPORT_FILE,
    writes.ADD_EXPORTED,
    writes.ADD_EXPORT_WRITTEN,
)
"""Rows that others refer to come first."""


class Batch:
    """Decides submissions in order and collects what they change.

    Args:
        known: the books before the batch; the wallets that the operations name are in it.
        entries: entries that exist already, for the ids of the batch's Posts and Collects, and all
            of the calls that it corrects.
        ended: resolved holds that the batch may name again.
        currency: of the site.
    """

    def __init__(
        self,
        known: KnownBooks,
        entries: Mapping[str, Entry],
        ended: Mapping[str, Hold],
        currency: str,
    ) -> None:
        # These five are the books that `apply` reads: copies of what this batch touches.
        self.wallets: dict[str, Wallet] = {}
        self.activities: dict[str, Activity] = {}
        self.holds: dict[str, Hold] = {}
        self.ended = dict(ended)
        self.entries = dict(entries)
        self.rose: set[str] = set()
        self.accounts_changed = False
        self.billing_changed = False
        self._known = known
        self._ended_before = ended
        self._currency = currency
        self._ratings: set[str] = set()
        self._cdrs: set[str] = set()
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)

    def decide(self, operations: Sequence[Operation], then: Then) -> tuple[Outcome, ...]:
        """Outcomes of one submission; all of it counts, or nothing.

        Raises:
            Exception: a programmer's error of `apply` or `then`; the submission changed nothing.
        """
        undo: _Undo = []
        rose: set[str] = set()
        try:
            decisions = [self._decide_one(operation, undo, rose) for operation in operations]
            outcomes = tuple(decision.outcome for decision in decisions)
            effects = then(outcomes) if callable(then) else then
            staged = [(effect, self._rows_of(effect)) for effect in effects]
            entries = [tables.entry_row(entry) for each in decisions for entry in each.entries]
        except BaseException:
            _take_back(undo)
            raise
        self.rose |= rose
        self._rows[writes.ADD_ENTRY] += entries
        for effect, rows in staged:
            self._collect(effect, rows)
        return outcomes

    def statements(self) -> list[Statement]:
        """One statement for each table that changes, in the order of their references."""
        self._rows[writes.PUT_WALLET] = [
            tables.wallet_row(wallet, self._currency)
            for wallet in self.wallets.values()
            if _moved(self._known.wallets.get(wallet.wallet_id), wallet)
        ]
        for call_id, hold in (self.holds | self.ended).items():
            before = self._known.holds.get(call_id) or self._ended_before.get(call_id)
            if hold is not before:
                self._rows[writes.PUT_HOLD].append(tables.hold_row(hold))
            if before is None or hold.lines is not before.lines:
                self._rows[writes.PUT_HOLD_LINE] += tables.hold_line_rows(hold)
        return [(sql, self._rows[sql]) for sql in ORDER if self._rows[sql]]

    def keep(self) -> None:
        """Tell memory what is committed now."""
        self._known.wallets.update(self.wallets)
        self._known.activities.update(self.activities)
        self._known.ratings.update(self._ratings)
        self._known.holds.update(self.holds)
        for call_id in self.ended:
            self._known.holds.pop(call_id, None)
        self._known.trim()

    def _decide_one(self, operation: Operation, undo: _Undo, rose: set[str]) -> Decision:
        self._touch(operation)
        decision = apply(operation, self)
        for wallet in decision.wallets:
            before = self.wallets.get(wallet.wallet_id)
            if before is not None and before.available_micros < wallet.available_micros:
                rose.add(wallet.wallet_id)
            _change(self.wallets, wallet.wallet_id, wallet, undo)
        if decision.hold is not None:
            self._change_hold(decision.hold, undo)
        for account_id, activity in decision.activities.items():
            _change(self.activities, account_id, activity, undo)
        for entry in decision.entries:
            _change(self.entries, entry.entry_id, entry, undo)
        return decision

    def _change_hold(self, hold: Hold, undo: _Undo) -> None:
        if hold.state is HoldState.PENDING:
            _change(self.holds, hold.call_id, hold, undo)
            return
        undo.append((self.holds, hold.call_id, self.holds.pop(hold.call_id)))
        _change(self.ended, hold.call_id, hold, undo)

    def _touch(self, operation: Operation) -> None:
        """Copy what the operation reads, unless this batch has it already."""
        if (
            isinstance(operation, Reserve | Close)
            and operation.call_id not in self.holds
            and operation.call_id not in self.ended
        ):
            pending = self._known.holds.get(operation.call_id)
            if pending is not None:
                self.holds[operation.call_id] = pending
        for wallet_id in wallets_named(operation, self.holds):
            if wallet_id not in self.wallets and wallet_id in self._known.wallets:
                self.wallets[wallet_id] = self._known.wallets[wallet_id]
            moves = isinstance(operation, Reserve | Close | Collect | Recharge)
            if moves and wallet_id in self.wallets:
                account_id = self.wallets[wallet_id].account_id
                if account_id not in self.activities and account_id in self._known.activities:
                    self.activities[account_id] = self._known.activities[account_id]

    def _rows_of(self, effect: Effect) -> list[_Put]:
        match effect:
            case CallSaved():
                row = (writes.PUT_CALL, tables.call_row(effect.call))
                granted = effect.call.granted
                return [*self._new_rating(granted.rating_id, granted.rating), row]
            case CdrWritten():
                levels = [(writes.ADD_CDR_LEVEL, row) for row in tables.cdr_level_rows(effect.cdr)]
                return [*levels, (writes.ADD_CDR, tables.cdr_row(effect.cdr))]
            case CallClosed():
                return [(writes.CLOSE_CALL, (effect.call_id,))]
            case AccountSaved():
                row = tables.account_row(effect.account, effect.at_us, effect.actor)
                return [(writes.PUT_ACCOUNT, row)]
            case ExtensionSaved():
                row = tables.extension_row(effect.extension, effect.at_us, effect.actor)
                return [(writes.PUT_EXTENSION, row)]
            case DidSaved():
                row = tables.did_row(effect.did, effect.at_us, effect.actor)
                return [(writes.PUT_DID, row)]
            case DidRemoved():
                signed = (effect.at_us, effect.actor, effect.number)
                return [(writes.SIGN_DID, signed), (writes.REMOVE_DID, (effect.number,))]
            case PbxSeen():
                return [(writes.PUT_PBX_SEEN, (effect.pbx, effect.at_us))]
            case EventsTold():
                return [(writes.ADD_EVENT, tables.event_row(line)) for line in effect.lines]
            case EventsForgotten():
                return [(writes.FORGET_EVENTS, (effect.before_id, effect.at_most))]
            case PlansTurned():
                steps = [(writes.ADD_PLAN_STEP, tables.plan_step_row(it)) for it in effect.steps]
                return [*((writes.ADD_PLAN_VERSION, body) for body in effect.bodies), *steps]
            case RevisionWritten():
                levels = tables.recharge_level_rows(effect.revision)
                return [
                    *self._new_rating(effect.revision.cdr.rating_id or "", effect.rating),
                    (writes.ADD_RECHARGE, tables.recharge_row(effect.revision)),
                    *((writes.ADD_RECHARGE_LEVEL, row) for row in levels),
                ]
            case ExportChosen():
                exported = tables.exported_rows(effect.file, effect.records)
                head = (writes.ADD_EXPORT_FILE, tables.export_file_row(effect.file))
                return [head, *((writes.ADD_EXPORTED, row) for row in exported)]
            case ExportWritten():
                written = (effect.stream, effect.number, effect.at_us, effect.actor)
                return [(writes.ADD_EXPORT_WRITTEN, written)]
            case _:
                return subscription_rows(effect)

    def _new_rating(self, rating_id: str, rating: Rating) -> list[_Put]:
        if rating_id in self._known.ratings or rating_id in self._ratings:
            return []
        return [(writes.PUT_RATING, tables.rating_row(rating_id, rating))]

    def _collect(self, effect: Effect, rows: list[_Put]) -> None:
        if isinstance(effect, CallSaved):
            self._ratings.add(effect.call.granted.rating_id)
        elif isinstance(effect, CdrWritten):
            # Only the first record of a call counts, with its levels.
            if effect.cdr.call_id in self._cdrs:
                return
            self._cdrs.add(effect.cdr.call_id)
        elif isinstance(effect, _OF_ACCOUNTS):
            self.accounts_changed = True
        elif isinstance(effect, SubscriptionAssigned | BillingWoken):
            self.billing_changed = True
        for sql, row in rows:
            self._rows[sql].append(row)


def _change(table: dict[str, Any], key: str, value: Any, undo: _Undo) -> None:
    undo.append((table, key, table.get(key)))
    table[key] = value


def _take_back(undo: _Undo) -> None:
    for table, key, before in reversed(undo):
        if before is None:
            table.pop(key, None)
        else:
            table[key] = before


def _moved(before: Wallet | None, after: Wallet) -> bool:
    """Whether the wallet's row changes; what is held in it stands with its calls."""
    return (
        before is None
        or before.balance_micros != after.balance_micros
        or before.floor_micros != after.floor_micros
        or before.closed != after.closed
    )
