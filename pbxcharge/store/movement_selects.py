"""What is asked of the ledger as a history: each movement with what it was for, and their sums.

A time may end at a midnight whose charges belong to what it ends: `:from_day` and `:until_day` are
the days that begin at its two bounds. What a subscription was charged at a bound, and stands on the
statement of a period before that day, lies before the bound. Without days the instants alone count.
"""

from pbxcharge.store.report_selects import Form


# The views of records are asked for single values: joined from the left, they are made as a whole.
def _now(column: str) -> str:
    return f"(SELECT {column} FROM cdr_now WHERE cdr_now.call_id = call.call_id)"


def _of_call(quantity: str) -> str:
    """Of a call itself: what took its charge back, or a part of it, is no talk."""
    return f"CASE WHEN chosen.kind = 'call' THEN {quantity} END"


def _paid(column: str) -> str:
    """What the level that the wallet belongs to says of the call."""
    return f"""(
        SELECT {column} FROM cdr_level_now AS paid
        WHERE paid.call_id = call.call_id AND paid.wallet_id = chosen.wallet_id
    )"""


_STATED = "(SELECT stated_first FROM xdr WHERE xdr.xdr_id = entry.entry_id)"
_BEGUN = f"""(entry.at_us > :from_us OR (
    entry.at_us = :from_us AND NOT coalesce({_STATED} < :from_day, 0)
))"""
_BEFORE_END = f"""(entry.at_us < :until_us OR (
    entry.at_us = :until_us AND coalesce({_STATED} < :until_day, 0)
))"""

MOVEMENT_COLUMNS: dict[str, str] = {
    "at": "chosen.at_us",
    "account_id": "chosen.account_id",
    "name": "account.name",
    "wallet_id": "chosen.wallet_id",
    "kind": "chosen.kind",
    "amount": "chosen.amount_micros",
    "balance": "chosen.balance_micros",
    "plan": f"coalesce(xdr.subscription, {_paid('plan')})",
    "plan_version": f"coalesce(xdr.version, {_paid('plan_version')})",
    "shown_name": "json_extract(version.body, '$.shown_name')",
    "assignment_id": "xdr.assignment_id",
    "period_first": "xdr.period_first",
    "period_until": "xdr.period_until",
    "stated_first": "xdr.stated_first",
    "owed_at": "xdr.at_us",
    "quantity_used": f"coalesce(xdr.quantity_used, {_of_call('call.talk_s')})",
    "quantity_charged": f"coalesce(xdr.quantity_charged, {_of_call(_now('billed_s'))})",
    "quantity_unit": (
        "CASE WHEN xdr.xdr_id IS NOT NULL THEN 'days' WHEN chosen.kind = 'call' THEN 'seconds' END"
    ),
    "included_s": _of_call("call.included_s"),
    "call_id": "chosen.call_id",
    "setup_at": "call.setup_at_us",
    "call_type": "call.call_type",
    "direction": "call.direction",
    "endpoint": "call.endpoint",
    "caller_number": "call.caller_number",
    "dialled": "call.dialled",
    "number": "call.number",
    "destination": _paid("destination"),
    "reverses": "chosen.reverses",
    "actor": "chosen.actor",
    "note": "chosen.note",
    "xdr_id": "chosen.entry_id",
}
"""Every column of a list of movements, and where it stands."""


def movements(form: Form) -> str:
    """The newest movements of money, the oldest of them first, and calls that cost nothing.

    The balance is that of the wallet after the movement, whichever kinds are asked for. A call that
    cost nothing moves none: it stands at its set-up.
    """
    return f"""
WITH RECURSIVE {_own(form)},
opening AS MATERIALIZED (
    SELECT own.wallet_id, own.account_id, coalesce((
        SELECT sum(entry.amount_micros) FROM entry
        WHERE entry.wallet_id = own.wallet_id AND NOT {_BEGUN}
    ), 0) AS amount_micros
    FROM own
),
moved AS (
    SELECT entry.entry_id, entry.seq, entry.at_us, opening.account_id, entry.wallet_id, entry.kind,
        entry.amount_micros, entry.call_id, entry.reverses, entry.actor, entry.note,
        opening.amount_micros + sum(entry.amount_micros) OVER (
            PARTITION BY entry.wallet_id ORDER BY entry.at_us, entry.seq
        ) AS balance_micros
    FROM opening CROSS JOIN entry ON entry.wallet_id = opening.wallet_id
    WHERE {_BEGUN} AND {_BEFORE_END}
),
{_free(form)},
listed AS (
    SELECT moved.entry_id, seq, moved.at_us, moved.account_id, moved.wallet_id, call_id, reverses,
        actor, note, moved.amount_micros, balance_micros,
        CASE WHEN xdr.kind IS NOT NULL THEN xdr.kind
            WHEN moved.kind = 'charge' THEN 'call' ELSE moved.kind END AS kind
    FROM moved LEFT JOIN xdr ON xdr.xdr_id = moved.entry_id
    UNION ALL
    SELECT NULL, 0, at_us, account_id, wallet_id, call_id, NULL, NULL, '', 0, NULL, 'call' FROM free
),
chosen AS MATERIALIZED (
    SELECT * FROM listed
    WHERE :kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds))
    ORDER BY at_us DESC, seq DESC, call_id DESC LIMIT :limit
)
SELECT {", ".join(MOVEMENT_COLUMNS.values())}
FROM chosen CROSS JOIN account ON account.account_id = chosen.account_id
LEFT JOIN xdr ON xdr.xdr_id = chosen.entry_id
LEFT JOIN subscription_version AS version
    ON version.name = xdr.subscription AND version.version = xdr.version
LEFT JOIN cdr AS call ON call.call_id = chosen.call_id
ORDER BY chosen.at_us, chosen.seq, chosen.call_id
"""


def movement_sums(form: Form) -> str:
    """What moved by account and kind; `opening` is the kind of all that came before."""
    return f"""
WITH RECURSIVE {_own(form)}
SELECT account.account_id, account.name, account.kind,
    CASE WHEN {_BEGUN} THEN entry.kind ELSE 'opening' END,
    count(*), sum(entry.amount_micros)
FROM own CROSS JOIN entry ON entry.wallet_id = own.wallet_id
CROSS JOIN account ON account.account_id = own.account_id
WHERE {_BEFORE_END}
GROUP BY 1, 2, 3, 4
ORDER BY 1, 4
"""


def charged_calls(form: Form) -> str:
    """The calls that were charged, or cost nothing, by type: how many, their talk, their charge."""
    return f"""
WITH RECURSIVE {_own(form)},
{_free(form)},
paid AS MATERIALIZED (
    SELECT entry.call_id, sum(entry.amount_micros) AS amount_micros
    FROM own CROSS JOIN entry ON entry.wallet_id = own.wallet_id
    WHERE entry.kind = 'charge' AND {_BEGUN} AND {_BEFORE_END} GROUP BY 1
    UNION ALL
    SELECT DISTINCT free.call_id, 0 FROM free
),
once AS (SELECT call_id, sum(amount_micros) AS amount_micros FROM paid GROUP BY 1)
SELECT coalesce(call.call_type, ''), coalesce(call.direction, ''), count(*),
    coalesce(sum(call.talk_s), 0), coalesce(sum({_now("billed_s")}), 0),
    coalesce(sum(call.included_s), 0), sum(once.amount_micros)
FROM once LEFT JOIN cdr AS call ON call.call_id = once.call_id
GROUP BY 1, 2
ORDER BY 1, 2
"""


def unbilled(form: Form) -> str:
    """How many subscriptions are not charged yet up to a time's end, and what waits for credit."""
    tree = "account" if not form.scope else "scope"
    return f"""
WITH RECURSIVE one AS (SELECT 1){form.scope}
SELECT coalesce(sum(bill.next_at_us <= :until_us), 0), coalesce(sum((
    SELECT sum(json_extract(value, '$.amount')) FROM json_each(bill.waiting)
    WHERE json_extract(value, '$.at_us') <= :until_us
)), 0)
FROM {tree} AS own
CROSS JOIN subscription_assignment AS assigned ON assigned.account_id = own.account_id
CROSS JOIN bill ON bill.assignment_id = assigned.assignment_id
WHERE NOT assigned.removed
"""


def _own(form: Form) -> str:
    """The wallets that hold money: those of included minutes hold seconds."""
    seen = "" if not form.scope else "AND account_id IN (SELECT account_id FROM scope)"
    return f"""one AS (SELECT 1){form.scope},
own AS MATERIALIZED (
    SELECT wallet_id, account_id FROM wallet WHERE wallet.kind <> 'allowance' {seen}
)"""


def _free(form: Form) -> str:
    return f"""free AS MATERIALIZED (
    SELECT paid.call_id, paid.account_id, paid.wallet_id, call.setup_at_us AS at_us
    FROM {form.calls}
    CROSS JOIN cdr_level AS paid ON paid.call_id = call.call_id
    CROSS JOIN own ON own.wallet_id = paid.wallet_id
    WHERE call.setup_at_us >= :from_us AND call.setup_at_us < :until_us
      AND call.disposition = 'ANSWERED' AND paid.charge_micros = 0
      AND NOT EXISTS (
          SELECT 1 FROM entry INDEXED BY entry_call
          WHERE entry.call_id = call.call_id AND entry.wallet_id = paid.wallet_id
            AND entry.kind = 'charge'
      )
)"""
