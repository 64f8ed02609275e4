"""What the reference pages say beyond what the code says of itself."""

from pbxcharge.core.ledger import EntryKind
from pbxcharge.core.statement import Group
from pbxcharge.core.xdr import XdrKind
from tests.docs.markdown import member_texts

TO_DO = {
    "storage_down": "look at the disk (space, mount, rights) and at the log; calls go on by themselves once it can be written",
    "overloaded": "look at what keeps the machine or its disk busy: a large import, a backup, an attack",
    "stopping": "nothing: the daemon is being restarted",
    "daemon_away": "start the daemon; `systemctl status pbxcharge` and the log say why it was away",
    "unknown_account": "add the phone (`extension add`), or see who dials over a trunk: `cdr list` names the endpoint",
    "account_suspended": "`account list` has the status of the account and of those above; `account set-status ACCOUNT active`",
    "account_blocked": "the same",
    "account_expired": "the same",
    "account_closed": "the same, if it is to be opened again",
    "number_invalid": "correct what was dialled, or the rules below `numbers`; a DID needs an owner (`did add`)",
    "access_point_not_allowed": "a row of this PBX, or of this access code, in `usage` of the product or of an add-on",
    "call_type_not_allowed": "`allow` in the plan, or another plan (`account set-plan`)",
    "feature_missing": "`account products` says what the account has and by which product: an add-on (`addon assign`), or a setting of its own (`feature set`)",
    "destination_forbidden": "the row with `status: forbidden`, or `limits: {high_risk: yes}` in the plan",
    "no_rate": "a price for the number in the plan or its deck, at every level that pays, and in the trunk's deck if the topmost plan is relative; or nobody in the account's line has a plan",
    "price_too_high": "see the price (`quote`); `limits: price_per_minute_max`, or the maximum charge",
    "concurrent_calls": "`calls` shows what runs; `limits: concurrent_calls`, of the account and of those above",
    "calls_per_minute": "if nobody dials so fast by hand, look for fraud; else `limits: calls_per_minute`",
    "spend_rate": "look for fraud (`report calls`); else `limits: spend_per_hour` and `spend_per_day`",
    "not_enough_credit": "`balance`, `topup`; it may be an account above that lacks it: `quote` names the account",
}
"""What to do about each reason of a refusal."""

COLUMNS = {
    "seq": "the number of the record in its stream: 1, 2, 3 … without a gap; a record that is charged anew comes again, under a new number",
    "slices": "the reservations that were granted; `explain` shows them as steps",
    "lines": "the lines of the payer's own charge; in CSV as `connect_fee 0.02; first_block 0.10`",
    "call_type": "a kind of call (below), or `emergency`",
    "destination": "the name of the destination in the payer's plan",
    "prefix": "the prefix that decided; `@local` and the like inside the house",
    "plan": "the payer's plan",
    "plan_version": "its version: the hash of what it said",
    "included_s": "billed seconds that included minutes made free",
    "refunded": "what was given back for the call by `refund`",
    "net": "`charge` less `refunded`",
    "wallet_id": "the wallet that paid",
    "upper_levels": "what each level above the payer pays; in CSV as `acme 0.05; telco 0.03`",
}
"""Columns of calls that are no field of the record itself, or need other words than it."""

LEVEL_COLUMNS = {
    "account_id": "who pays at this level",
    "wallet_id": "the wallet that pays",
    "plan": "the plan of that account",
    "plan_version": "its version",
    "prefix": "the prefix that decided",
    "destination": "the name of the destination",
    "charge": "what that account pays",
}
"""What a record says of each level that pays."""

REPORT_COLUMNS = {
    "account_id": "the account; empty for the site, or for an attempt that is nobody's",
    "name": "its name",
    "kind": "`service_provider`, `organization` or `user`",
    "plan": "its plan now",
    "status": "its status now",
    "calls": "attempts; of destinations those that were let through, of margins those that were answered",
    "answered": "of which so many were answered",
    "talk_s": "seconds of talk",
    "billed_s": "the same in whole blocks",
    "charge": "what was charged, as the latest corrections say",
    "refunded": "what was given back",
    "net": "`charge` less `refunded`",
    "fees": "what its subscriptions were charged in the time, with penalties",
    "credits": "what was given back of that in the time",
    "topped_up": "top-ups in the time",
    "balance": "what is in its wallets now",
    "held": "what its live calls hold of that now",
    "destination": "the name of the destination",
    "prefix": "the prefix that decided",
    "group": "with `--by`: the destination, or the trunk",
    "income": "what the level below was charged, less refunds",
    "paid": "what the level above was paid; for the site, what the carrier asks",
    "margin": "`income` less `paid`, of the calls whose cost is known",
    "calls_without_cost": "calls whose cost no deck tells",
    "income_without_cost": "what those brought in; it is not in the margin",
    "reason": "why they were refused",
    "call_type": "the kind of call",
    "refused_by": "the account whose status, plan, limits or credit decided: their own, or one above; empty where no account did",
    "sip_code": "what the phone was told",
    "first_at": "the first of these attempts",
    "last_at": "the last one",
}
"""Columns of the reports that add calls up."""

MOVEMENT_COLUMNS = {
    "at": "when it was booked; of a call that cost nothing, when it was set up",
    "account_id": "whose wallet",
    "name": "the account's name",
    "wallet_id": "the wallet",
    "kind": "a kind of movement (below)",
    "amount": "what moved: below zero what is charged, above what is paid in or given back",
    "balance": "of the wallet after it, in order of time; empty for a call that cost nothing",
    "plan": "of a subscription its plan, of a call the plan that this wallet's account paid by",
    "plan_version": "its version: the hash of what it said",
    "shown_name": "the name of the subscription plan that users see",
    "assignment_id": "the subscription: what it was assigned under",
    "period_first": "the first day of the billing period that a charge is for",
    "period_until": "the day after its last",
    "stated_first": "the first day of the billing period in which it was owed",
    "owed_at": "when it was owed: earlier than `at` where it waited for credit",
    "quantity_used": "days of service; of a call seconds of talk",
    "quantity_charged": "days that were charged or credited; of a call seconds in whole blocks",
    "quantity_unit": "`days` or `seconds`",
    "included_s": "of a call: billed seconds that included minutes made free",
    "call_id": "the call that was charged, or whose charge was given back",
    "setup_at": "when that call was asked for",
    "call_type": "its kind",
    "direction": "outgoing, or incoming from the public network",
    "endpoint": "the phone that called, or the trunk that the call came in by",
    "caller_number": "who called from the public network",
    "dialled": "as dialled, or as the trunk sent it",
    "number": "as rated and dialled on",
    "destination": "its destination in the plan that this wallet's account paid by",
    "reverses": "the entry that this one takes back, or gives a part of back",
    "actor": "who did it: a user at the socket, or the part of the system",
    "note": "for people",
    "xdr_id": "the id of the ledger entry; `explain` takes those of subscriptions",
}
"""Columns of `xdr list` and `statement`."""

MOVEMENT_KINDS = {
    "call": "what a call cost",
    **member_texts(XdrKind),
    **{
        name: text
        for name, text in member_texts(EntryKind).items()
        if name not in ("charge", "fee", "credit", "penalty")
    },
}
"""What a movement may be; beside charges of subscriptions the other entries of the ledger."""

STATEMENT_SUMS = {
    "opening": "the balance at its beginning",
    **member_texts(Group),
    "closing": "the balance at its end: the sum of all these",
}
"""What a statement adds up."""

REPLAY_COLUMNS = {
    "by": "`total`, `level`, `account` or `destination`",
    "name": "of the level, the account or the destination; of the total `callers` or `carriers`",
    "calls": "that were let through",
    "before": "what they cost, as the records say now",
    "after": "what they would cost",
    "difference": "`after` less `before`",
    "percent": "the same in per cent of `before`",
    "refused": "how many would be refused; of one call the reason",
    "ended_earlier": "how many would be ended before they were",
    "call_id": "the call",
    "setup_at": "when it was asked for",
    "account": "who called",
    "number": "as rated",
    "destination": "the name of the destination",
    "paying_account": "whose charge changes: the caller's, or that of an account above",
    "refused_by": "the account at whose level it would be refused",
    "ends_after_s": "after so many seconds of talk it would be ended",
}
"""Columns of what `replay` writes, of sums and of single calls."""

RECONCILE_COLUMNS = {
    "difference": "`missing_here`, `missing_there`, `seconds` or `cost`",
    "call_id": "our call; empty where it is missing here",
    "line": "of their file; empty where it is missing there",
    "at": "its beginning: ours if it is in the books, else theirs",
    "key": "the number that was called; of what is missing here what their file has: the number, or Asterisk's id of the channel",
    "account_id": "who pays for ours",
    "our_seconds": "seconds of talk in the books",
    "their_seconds": "seconds in their file",
    "our_cost": "what the trunk's deck asks",
    "their_cost": "what their file asks",
    "cost_difference": "theirs less ours",
}
"""Columns of what `reconcile` writes."""

EVENT_FIELDS = {
    "event_id": "rises from line to line, also over restarts",
    "at_us": "when, in microseconds since 1970 (UTC)",
    "event": "its name",
    "call_id": "of the call",
    "account": "who pays; of money, whose it is",
    "organization": "the payer's organization",
    "number": "as priced and dialled on",
    "dialled": "as it was dialled",
    "type": "the kind of call",
    "endpoint": "the phone that called, or the trunk",
    "linkedid": "Asterisk's id of the conversation: the same for a call and for whom it was forwarded to",
    "destination": "its name in the payer's plan",
    "caller_number": "who calls from outside",
    "callee_endpoint": "the phone that is called inside the house",
    "callee_context": "the context of the dialplan that is called instead",
    "cost": "what the call has paid for so far, at last what it cost",
    "currency": "of the site",
    "paid_s": "seconds of talk that are paid",
    "paid_through_us": "the instant at which they end",
    "step": "the number of the slice",
    "leg": "the channel that is metered",
    "left_ms": "how long the paid time still lasts",
    "ends_in_ms": "when the call will be ended",
    "how": "`blind` or `attended`",
    "to": "the extension that the call was sent to",
    "by": "which side hangs up, or why the daemon ends the leg (see `ended_by`)",
    "trunk": "of the leg",
    "hangup_cause": "a number of Q.850",
    "disposition": "what became of the attempt",
    "talk_s": "seconds of talk",
    "billed_s": "the same in whole blocks",
    "ended_by": "who ended the call",
    "end_source": "which witness said so",
    "reason": "why it was refused, or why the leg is hung up",
    "setup_at_us": "when the attempt was made, of what happened without the daemon",
    "refused_by": "the account at whose level it was refused",
    "sip_code": "what the phone was told",
    "channel": "the leg",
    "uniqueid": "Asterisk's id of it",
    "dialled_by": "the channel that dialled it",
    "count": "so many of them since the daemon's start",
    "plans": "how many plans are in force",
    "changed": "each plan that changed, with its version before and after",
    "actor": "who did it",
    "id": "of the ledger entry",
    "before": "what a level was charged before",
    "after": "what it is charged now",
    "amount": "that was moved",
    "balance": "of the wallet after it",
}
"""Fields of a line of the live cost log."""

PLACES = {
    "settings": (
        "pbxcharge.yaml",
        "The settings of the machine and the site. Paths are relative to the folder of the file. `numbers.rules`, `emergency.numbers`, `site.time_zone`, and the places of `plans`, `subscriptions`, `products`, `discounts`, `rates` and `high_risk` come into force with `plan apply` or `SIGHUP`; everything else needs a restart.",
    ),
    "plan": (
        "plans/*.yaml",
        "One charging plan in a file. Whatever stands below `prices` or `exceptions` has also the keys of [every price](#in-every-price).",
    ),
    "subscription": (
        "subscriptions/*.yaml",
        "One subscription plan in a file: what a service costs for each billing period. Fees have at most 5 decimals. The billing period is that of the customer.",
    ),
    "product": (
        "products/*.yaml",
        "One product in a file: what an account with it may do, by which charging plans its calls are charged, and which subscription comes with it. A feature is `yes`, `no`, or a group with the keys of [every feature](#in-every-feature).",
    ),
    "discount": (
        "discounts/*.yaml",
        "Included talk, or a volume discount, in a file, with the keys that it has in a product: `minutes` or `amount`, or `tiers`. Accounts have it by themselves (`account set-discounts`), with or without a product; it is used before what their products give.",
    ),
    "import": (
        "Files for `import`",
        "YAML files have these keys. A table (CSV, with `,` or `;`) has the keys of one list as its columns; its name begins with `accounts`, `extensions` or `dids`, or it has a column `kind` with `service_provider`, `organization`, `user`, `extension` or `did`. A blank cell leaves what is there; `none` takes a plan, a code or a time zone away.",
    ),
}
"""Each kind of file: how it is called, and what holds for all of it."""
