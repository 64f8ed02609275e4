"""What reports ask of the books: one named statement for each question.

Each comes in two forms: of the whole site, also of attempts that are nobody's, and of an account
with everything below it. Charges are read as the latest revision of each record says.
"""

from dataclasses import dataclass

from pbxcharge.core.period import DAY_US

_SCOPE = """
scope (account_id) AS (
    VALUES (:scope)
    UNION
    SELECT account.account_id FROM account JOIN scope ON account.parent_id = scope.account_id
)"""

_PIECE = """
piece (from_us, until_us, offset_us) AS (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
    FROM json_each(:pieces)
)"""

_WANTED = """
  AND (:call_types IS NULL OR call.call_type IN (SELECT value FROM json_each(:call_types)))
  AND (:direction IS NULL OR call.direction = :direction)
  AND (:dispositions IS NULL OR call.disposition IN (SELECT value FROM json_each(:dispositions)))
  AND (:causes IS NULL OR call.hangup_cause IN (SELECT value FROM json_each(:causes)))
"""

_PERIOD = "call.setup_at_us >= :from_us AND call.setup_at_us < :until_us"


def _refunded(account: str) -> str:
    """What an account got back for the call of the row."""
    return f"""coalesce((
        SELECT sum(entry.amount_micros)
        FROM entry INDEXED BY entry_refund
        CROSS JOIN wallet ON wallet.wallet_id = entry.wallet_id
        WHERE entry.call_id = call.call_id AND entry.kind = 'refund'
          AND wallet.account_id = {account}
    ), 0)"""


def _own(column: str) -> str:
    """What the payer's own level says of the call of the row."""
    return f"(SELECT {column} FROM cdr_level_now WHERE call_id = call.call_id AND level = 0)"


_REFUNDED = _refunded(
    "(SELECT account_id FROM cdr_level WHERE call_id = call.call_id AND level = 0)"
)
"""What was given back of the charge of the row: that of the first level that has a plan."""

LEVELS_LISTED = """json_group_array(json_object(
    'account_id', account_id, 'plan', plan, 'plan_version', plan_version, 'prefix', prefix,
    'destination', destination, 'charge_micros', charge_micros
))"""
"""What levels paid, and by what, as one JSON text."""

_UPPER = f"""(
    SELECT {LEVELS_LISTED} FROM cdr_level_now WHERE call_id = call.call_id AND level > 0
)"""

CALL_COLUMNS: dict[str, str] = {
    "call_id": "call.call_id",
    "setup_at": "call.setup_at_us",
    "answered_at": "call.answered_at_us",
    "ended_at": "call.ended_at_us",
    "account_id": "call.account_id",
    "organization_id": "call.organization_id",
    "call_type": "call.call_type",
    "direction": "call.direction",
    "endpoint": "call.endpoint",
    "caller_number": "call.caller_number",
    "dialled": "call.dialled",
    "number": "call.number",
    "callee_endpoint": "call.callee_endpoint",
    "callee_context": "call.callee_context",
    "destination": _own("destination"),
    "prefix": _own("prefix"),
    "plan": _own("plan"),
    "plan_version": _own("plan_version"),
    "talk_s": "call.talk_s",
    "billed_s": "call.billed_s",
    "unpaid_s": "call.unpaid_s",
    "included_s": "call.included_s",
    "charge": "call.charge_micros",
    "refunded": _REFUNDED,
    "net": f"call.charge_micros - {_REFUNDED}",
    "currency": "call.currency",
    "wallet_id": _own("wallet_id"),
    "disposition": "call.disposition",
    "reason": "call.reason",
    "refused_by": "call.refused_by",
    "hangup_cause": "call.hangup_cause",
    "ended_by": "call.ended_by",
    "end_source": "call.end_source",
    "clock": "call.clock",
    "upper_levels": _UPPER,
    "lines": "call.lines",
    "trunk": "call.trunk",
    "cost": "call.cost_micros",
    "deck": "call.deck",
    "deck_version": "call.deck_version",
    "rating_id": "call.rating_id",
    "rule_set": "call.rule_set",
    "revision": "call.revision",
    "pbx": "call.pbx",
    "linkedid": "call.linkedid",
    "caller_uniqueid": "call.caller_uniqueid",
    "uniqueid": "call.uniqueid",
}
"""Every column of a list of calls, and where it stands."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a statement finds its calls: `calls` reads records, `calls_now` what they say now."""

    scope: str
    """A further CTE with its comma before it; empty for the site."""

    calls: str
    calls_now: str


SITE = Form("", "cdr AS call", "cdr_now AS call")
# CROSS JOIN: from the accounts to their calls of that time, also where there are no statistics yet.
SUBTREE = Form(
    f", {_SCOPE}",
    "scope CROSS JOIN cdr AS call ON call.account_id = scope.account_id",
    "scope CROSS JOIN cdr_now AS call ON call.account_id = scope.account_id",
)


def form_of(scope: str | None) -> Form:
    """The form in which a statement sees what the scope may."""
    return SITE if scope is None else SUBTREE


def calls(form: Form, columns: list[str]) -> str:
    """The newest calls, the oldest of them first, with the columns that are asked for.

    Which ones they are is found before their columns, so that nothing is looked up for calls that
    are not shown.
    """
    listed = ", ".join(f"{CALL_COLUMNS[name]} AS {name}" for name in columns)
    return f"""
WITH RECURSIVE chosen (call_id, at_us) AS MATERIALIZED (
    SELECT call.call_id, call.setup_at_us
    FROM {form.calls}
    WHERE {_PERIOD} {_WANTED}
    ORDER BY call.setup_at_us DESC, call.call_id DESC LIMIT :limit
){form.scope}
SELECT {listed}
FROM chosen CROSS JOIN cdr_now AS call ON call.call_id = chosen.call_id
ORDER BY chosen.at_us, chosen.call_id
"""


def totals(form: Form) -> str:
    """Calls, talk and money by local day, type, direction and disposition.

    The unary plus keeps SQLite from walking through an index in the order of the groups, which
    would read all calls of all times.
    """
    return f"""
WITH RECURSIVE {_PIECE}{form.scope}
SELECT (call.setup_at_us + piece.offset_us) / {DAY_US}, +call.call_type, +call.direction,
    +call.disposition, count(*), sum(call.talk_s), sum(call.billed_s), sum(call.unpaid_s),
    sum(call.charge_micros), sum({_REFUNDED})
FROM piece CROSS JOIN {form.calls_now}
WHERE call.setup_at_us >= piece.from_us AND call.setup_at_us < piece.until_us {_WANTED}
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
"""


def destinations(form: Form) -> str:
    """Calls that were granted by destination and prefix, the dearest first."""
    return f"""
WITH RECURSIVE one AS (SELECT 1){form.scope}
SELECT +paid.destination, +paid.prefix, count(*), sum(call.disposition = 'ANSWERED'),
    sum(call.talk_s), sum(call.billed_s), sum(call.charge_micros),
    sum({_refunded("paid.account_id")})
FROM {form.calls_now}
CROSS JOIN cdr_level_now AS paid ON paid.call_id = call.call_id AND paid.level = 0
WHERE {_PERIOD} {_WANTED}
GROUP BY 1, 2
ORDER BY 7 DESC, 3 DESC, 1, 2 LIMIT :limit
"""


def accounts(form: Form) -> str:
    """What each account called, paid and topped up in a time, and what it has now."""
    tree = "SELECT account_id FROM account" if not form.scope else "SELECT account_id FROM scope"
    return f"""
WITH RECURSIVE one AS (SELECT 1){form.scope},
shown (account_id) AS MATERIALIZED ({tree}),
called AS MATERIALIZED (
    SELECT +call.account_id AS account_id, count(*) AS calls,
        sum(call.disposition = 'ANSWERED') AS answered, sum(call.talk_s) AS talk_s
    FROM {form.calls} WHERE {_PERIOD} {_WANTED} GROUP BY 1
),
charged AS MATERIALIZED (
    SELECT +paid.account_id AS account_id, sum(paid.charge_micros) AS charge_micros,
        sum({_refunded("paid.account_id")}) AS refunded_micros
    FROM {form.calls}
    CROSS JOIN cdr_level_now AS paid ON paid.call_id = call.call_id
    WHERE {_PERIOD} {_WANTED} GROUP BY 1
),
topped_up AS MATERIALIZED (
    SELECT wallet.account_id, sum(entry.amount_micros) AS amount_micros
    FROM shown CROSS JOIN wallet ON wallet.account_id = shown.account_id
    CROSS JOIN entry ON entry.wallet_id = wallet.wallet_id
        AND entry.kind = 'top_up' AND entry.at_us >= :from_us AND entry.at_us < :until_us
    GROUP BY 1
),
fees AS MATERIALIZED (
    SELECT wallet.account_id, -coalesce(sum(entry.amount_micros)
            FILTER (WHERE entry.kind <> 'credit'), 0) AS amount_micros,
        coalesce(sum(entry.amount_micros) FILTER (WHERE entry.kind = 'credit'), 0)
            AS credited_micros
    FROM shown CROSS JOIN wallet ON wallet.account_id = shown.account_id
    CROSS JOIN entry INDEXED BY entry_fee ON entry.wallet_id = wallet.wallet_id
        AND entry.kind IN ('fee', 'credit', 'penalty')
        AND entry.at_us >= :from_us AND entry.at_us < :until_us
    GROUP BY 1
),
held AS MATERIALIZED (
    SELECT wallet.account_id, sum(hold_line.amount_micros) AS amount_micros
    FROM hold CROSS JOIN hold_line ON hold_line.call_id = hold.call_id
    CROSS JOIN wallet ON wallet.wallet_id = hold_line.wallet_id
    WHERE hold.state = 'pending' AND wallet.kind <> 'allowance' GROUP BY 1
),
balance AS MATERIALIZED (
    SELECT wallet.account_id, sum(wallet.balance_micros) AS amount_micros
    FROM shown CROSS JOIN wallet ON wallet.account_id = shown.account_id
    WHERE wallet.kind <> 'allowance' GROUP BY 1
)
SELECT account.account_id, account.name, account.kind, account.plan, account.status,
    coalesce(calls, 0), coalesce(answered, 0), coalesce(talk_s, 0),
    coalesce(charge_micros, 0), coalesce(refunded_micros, 0), coalesce(fees.amount_micros, 0),
    coalesce(fees.credited_micros, 0), coalesce(topped_up.amount_micros, 0),
    coalesce(balance.amount_micros, 0), coalesce(held.amount_micros, 0)
FROM shown CROSS JOIN account ON account.account_id = shown.account_id
LEFT JOIN called ON called.account_id = account.account_id
LEFT JOIN charged ON charged.account_id = account.account_id
LEFT JOIN fees ON fees.account_id = account.account_id
LEFT JOIN topped_up ON topped_up.account_id = account.account_id
LEFT JOIN held ON held.account_id = account.account_id
LEFT JOIN balance ON balance.account_id = account.account_id
ORDER BY 9 DESC, 6 DESC, 1 LIMIT :limit
"""


MARGIN_GROUPS: dict[str, str] = {
    "account": "''",
    "destination": _own("destination"),
    "trunk": "coalesce(call.trunk, '')",
}
"""What the margins of a level may be told apart by."""


def margins(form: Form, group: str) -> str:
    """What each level got from the one below and paid to the one above, or to the carrier.

    A seller is who stands above a level that is charged; above the last one that is the site, here
    an empty id, which pays nobody for a call that no trunk carries. A scope sees the sellers in
    it, so never what those above them earn or pay.
    """
    seen = "" if not form.scope else "WHERE sold.seller IN (SELECT account_id FROM scope)"
    return f"""
WITH RECURSIVE one AS (SELECT 1){form.scope},
sold AS (
    SELECT coalesce((
            SELECT above.account_id FROM cdr_level AS above
            WHERE above.call_id = below.call_id AND above.level = below.level + 1
        ), '') AS seller,
        below.charge_micros - {_refunded("below.account_id")} AS income_micros,
        coalesce((
            SELECT above.charge_micros - {_refunded("above.account_id")}
            FROM cdr_level_now AS above
            WHERE above.call_id = below.call_id AND above.level = below.level + 1
        ), call.cost_micros, CASE WHEN call.trunk IS NULL THEN 0 END) AS paid_micros,
        {MARGIN_GROUPS[group]} AS called, call.talk_s AS talk_s
    FROM {form.calls_now}
    CROSS JOIN cdr_level_now AS below ON below.call_id = call.call_id
    WHERE {_PERIOD} AND call.disposition = 'ANSWERED' {_WANTED}
    -- Without a limit SQLite would look up each of these anew wherever it is named below.
    LIMIT -1
)
SELECT sold.seller, sold.called, count(*), sum(sold.talk_s), sum(sold.income_micros),
    coalesce(sum(sold.paid_micros), 0), sum(sold.paid_micros IS NULL),
    coalesce(sum(sold.income_micros) FILTER (WHERE sold.paid_micros IS NULL), 0)
FROM sold {seen}
GROUP BY 1, 2
ORDER BY 1, 5 DESC, 2 LIMIT :limit
"""


def refused(form: Form) -> str:
    """Attempts that were refused, by reason, account, type and whose level refused them."""
    return f"""
WITH RECURSIVE one AS (SELECT 1){form.scope}
SELECT coalesce(call.reason, ''), +call.account_id, +call.call_type, +call.refused_by, count(*),
    min(call.setup_at_us), max(call.setup_at_us)
FROM {form.calls}
WHERE {_PERIOD} AND call.disposition = 'NOT ALLOWED' {_WANTED}
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3, 4 LIMIT :limit
"""
