"""What the writer runs: one named statement for each table that changes."""

PUT_META = """
INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""
"""Sets a fact of the site, or probes the disk."""

PUT_ACCOUNT = """
INSERT INTO account (
    account_id, kind, parent_id, name, plan, status, code, time_zone, product, managed_by,
    suspensions, expires_at_us, discounts, changed_at_us, changed_by
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account_id) DO UPDATE SET
    kind = excluded.kind, parent_id = excluded.parent_id, name = excluded.name,
    plan = excluded.plan, status = excluded.status, code = excluded.code,
    time_zone = excluded.time_zone, product = excluded.product, managed_by = excluded.managed_by,
    suspensions = excluded.suspensions, expires_at_us = excluded.expires_at_us,
    discounts = excluded.discounts,
    changed_at_us = excluded.changed_at_us, changed_by = excluded.changed_by
WHERE (
    kind, parent_id, name, plan, status, code, time_zone, product, managed_by, suspensions,
    expires_at_us, discounts
) IS NOT (
    excluded.kind, excluded.parent_id, excluded.name, excluded.plan, excluded.status,
    excluded.code, excluded.time_zone, excluded.product, excluded.managed_by,
    excluded.suspensions, excluded.expires_at_us, excluded.discounts
)
"""
"""Adds or changes an account; saved as it already is, it leaves no trace in the audit trail."""

PUT_EXTENSION = """
INSERT INTO extension (endpoint, number, account_id, changed_at_us, changed_by)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (endpoint) DO UPDATE SET
    number = excluded.number, account_id = excluded.account_id,
    changed_at_us = excluded.changed_at_us, changed_by = excluded.changed_by
WHERE (number, account_id) IS NOT (excluded.number, excluded.account_id)
"""
"""Adds or changes an extension; a number that is taken in its organization is refused."""

PUT_DID = """
INSERT INTO did (number, account_id, endpoint, context, changed_at_us, changed_by)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO UPDATE SET
    account_id = excluded.account_id, endpoint = excluded.endpoint, context = excluded.context,
    changed_at_us = excluded.changed_at_us, changed_by = excluded.changed_by
WHERE (account_id, endpoint, context) IS NOT
    (excluded.account_id, excluded.endpoint, excluded.context)
"""
"""Adds or changes a number of the public network."""

SIGN_DID = "UPDATE did SET changed_at_us = ?, changed_by = ? WHERE number = ?"
"""Writes into a DID who is about to remove it: the trigger takes it from there."""

REMOVE_DID = "DELETE FROM did WHERE number = ?"
"""Removes a number; the audit trail keeps it."""

PUT_WALLET = """
INSERT INTO wallet (
    wallet_id, account_id, kind, unit, currency, balance_micros, floor_micros, closed
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (wallet_id) DO UPDATE SET
    balance_micros = excluded.balance_micros, floor_micros = excluded.floor_micros,
    closed = excluded.closed
"""
"""Adds a wallet, or moves its balance together with the entries of the same transaction."""

PUT_RATING = "INSERT INTO rating (rating_id, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
"""Keeps what a call is priced with, once for each distinct content."""

PUT_HOLD = """
INSERT INTO hold (call_id, step, through_s, state, node, expires_at_us, begun_at_us, coverage)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (call_id) DO UPDATE SET
    step = excluded.step, through_s = excluded.through_s, state = excluded.state,
    node = excluded.node, expires_at_us = excluded.expires_at_us, coverage = excluded.coverage
"""
"""Makes, raises or resolves a hold; a trigger refuses to touch one that is resolved."""

PUT_HOLD_LINE = """
INSERT INTO hold_line (call_id, level, wallet_id, amount_micros) VALUES (?, ?, ?, ?)
ON CONFLICT (call_id, level) DO UPDATE SET
    wallet_id = excluded.wallet_id, amount_micros = excluded.amount_micros
"""
"""What a hold sets aside in one wallet, as of its last step."""

ADD_ENTRY = """
INSERT INTO entry
    (entry_id, wallet_id, kind, amount_micros, at_us, call_id, reverses, actor, note, counts_at_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
"""Adds to the ledger."""

PUT_CALL = f"""
INSERT INTO call (
    call_id, state, pbx, linkedid, caller_uniqueid, caller_channel, call_type, endpoint, dialled,
    number, account_id, organization_id, setup_at_us, levels, rating_id, ring_s, renew_lead_ms,
    phase, leg_uniqueid, leg_channel, answered_ms, answered_at_us, warned, stopped, hung_up_by,
    ending_as, hang_up_ms, exhausted, direction, caller_number, callee_endpoint, callee_context,
    trunk, trunks, slices, access, forwarded
)
VALUES (?, 'open', {", ".join("?" * 35)})
ON CONFLICT (call_id) DO UPDATE SET
    phase = excluded.phase,
    leg_uniqueid = excluded.leg_uniqueid, leg_channel = excluded.leg_channel,
    answered_ms = excluded.answered_ms, answered_at_us = excluded.answered_at_us,
    warned = excluded.warned, stopped = excluded.stopped, hung_up_by = excluded.hung_up_by,
    ending_as = excluded.ending_as, hang_up_ms = excluded.hang_up_ms,
    exhausted = excluded.exhausted, trunk = excluded.trunk,
    slices = CASE
        WHEN length(excluded.slices) < length(slices) THEN slices
        WHEN length(excluded.slices) > length(slices) OR excluded.slices = slices
            THEN excluded.slices
        -- Of a long call the middle is not kept: the text of one slice more may be as long.
        WHEN json_extract(excluded.slices, '$[#-1][0]') < json_extract(slices, '$[#-1][0]')
            THEN slices
        ELSE excluded.slices
    END
WHERE state = 'open'
"""
"""The call as it stands; one that is closed stays as it was.

Slices are only added: what was decided before one that is on its way does not take it away.
"""

CLOSE_CALL = "UPDATE call SET state = 'closed' WHERE call_id = ?"
"""The call needs no resuming any more."""

ADD_CDR_LEVEL = """
INSERT INTO cdr_level (
    call_id, level, account_id, wallet_id, plan, plan_version, prefix, destination, charge_micros
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE NOT EXISTS (SELECT 1 FROM cdr WHERE call_id = ?1)
"""
"""The levels of a record, before the record itself; a second record of a call adds none."""

ADD_CDR = f"""
INSERT INTO cdr (
    call_id, pbx, linkedid, caller_uniqueid, uniqueid, account_id, organization_id, call_type,
    direction, endpoint, dialled, number, disposition, reason, setup_at_us, answered_at_us,
    ended_at_us, talk_s, billed_s, unpaid_s, charge_micros, lines, currency, rating_id, rule_set,
    hangup_cause, ended_by, end_source, clock, caller_number, callee_endpoint, callee_context,
    trunk, cost_micros, deck, deck_version, caller_channel, slices, refused_by,
    included_s, coverage, access, forwarded, feature
)
VALUES ({", ".join("?" * 44)})
ON CONFLICT (call_id) DO NOTHING
"""
"""The record of an attempt; a second one for the same call changes nothing."""

ADD_RECHARGE = f"""
INSERT INTO recharge (
    call_id, revision, run_id, at_us, actor, note, rating_id, rule_set, charge_micros, billed_s,
    lines, cost_micros, deck, deck_version
)
VALUES ({", ".join("?" * 14)})
"""
"""A correction of a record; one that is there already, or out of order, is refused."""

ADD_RECHARGE_LEVEL = f"""
INSERT INTO recharge_level (
    call_id, revision, level, account_id, wallet_id, plan, plan_version, prefix, destination,
    charge_micros
)
VALUES ({", ".join("?" * 10)})
"""
"""What a level pays after a correction."""

PUT_PBX_SEEN = """
INSERT INTO pbx_seen (pbx, at_us) VALUES (?, ?)
ON CONFLICT (pbx) DO UPDATE SET at_us = max(at_us, excluded.at_us)
"""
"""Moves a PBX's proof of life forward, never back."""

ADD_EVENT = "INSERT INTO event (event_id, at_us, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
"""Keeps a line of the live cost log; given again, it changes nothing."""

FORGET_EVENTS = """
DELETE FROM event WHERE event_id IN (
    SELECT event_id FROM event WHERE event_id < ? ORDER BY event_id LIMIT ?
)
"""
"""Takes away the oldest lines, a few at a time."""

ADD_PLAN_VERSION = """
INSERT INTO plan_version (plan, version, body)
SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM plan_version WHERE plan = ?1 AND version = ?2)
"""
"""Keeps what a version of a plan says; given again, it changes nothing."""

ADD_PLAN_STEP = """
INSERT INTO plan_history (at_us, actor, plan, version, effective_from_s, what, source)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
"""Adds to the history of plans."""

ADD_EXPORT_FILE = """
INSERT INTO export_file (
    stream, number, first_seq, last_seq, at_us, actor, through_row, through_call_id
) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
"""Adds a file of a stream."""

ADD_EXPORTED = "INSERT INTO exported (stream, seq, call_id, revision) VALUES (?, ?, ?, ?)"
"""Gives a record its number in a stream; a second one is refused."""

ADD_EXPORT_WRITTEN = """
INSERT INTO export_written (stream, number, at_us, actor) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
"""Remembers that a file was written."""

PUT_PRODUCT_ASSIGNMENT = """
INSERT INTO product_assignment (
    assignment_id, account_id, product, kind, from_us, until_us, changed_at_us, changed_by
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (assignment_id) DO UPDATE SET
    account_id = excluded.account_id, product = excluded.product, kind = excluded.kind,
    from_us = excluded.from_us, until_us = excluded.until_us,
    changed_at_us = excluded.changed_at_us, changed_by = excluded.changed_by
WHERE (account_id, product, kind, from_us, until_us) IS NOT
    (excluded.account_id, excluded.product, excluded.kind, excluded.from_us, excluded.until_us)
"""
"""Assigns a product, or moves its end; a trigger refuses all other changes."""

PUT_SUBSCRIPTION_ASSIGNMENT = """
INSERT INTO subscription_assignment (
    assignment_id, account_id, subscription, via, adjustment_micros, adjustment_percent,
    assigned_at_us, starts_at_us, first_used_at_us, closed_at_us, closing_known_us, removed,
    changed_at_us, changed_by
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (assignment_id) DO UPDATE SET
    account_id = excluded.account_id, subscription = excluded.subscription, via = excluded.via,
    adjustment_micros = excluded.adjustment_micros,
    adjustment_percent = excluded.adjustment_percent, assigned_at_us = excluded.assigned_at_us,
    starts_at_us = excluded.starts_at_us,
    -- The first use may have been written since whoever writes this read it.
    first_used_at_us = coalesce(first_used_at_us, excluded.first_used_at_us),
    closed_at_us = excluded.closed_at_us, closing_known_us = excluded.closing_known_us,
    removed = excluded.removed,
    changed_at_us = excluded.changed_at_us, changed_by = excluded.changed_by
WHERE (
    account_id, subscription, via, adjustment_micros, adjustment_percent, assigned_at_us,
    starts_at_us, first_used_at_us, closed_at_us, closing_known_us, removed
) IS NOT (
    excluded.account_id, excluded.subscription, excluded.via, excluded.adjustment_micros,
    excluded.adjustment_percent, excluded.assigned_at_us, excluded.starts_at_us,
    coalesce(first_used_at_us, excluded.first_used_at_us), excluded.closed_at_us,
    excluded.closing_known_us, excluded.removed
)
"""
"""Assigns a subscription, or says that it was used, closed or removed."""

PUT_OVERRIDE = """
INSERT INTO feature_override (
    account_id, feature, "on", attributes, edited_by, changed_at_us, changed_by
)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account_id, feature) DO UPDATE SET
    "on" = excluded."on", attributes = excluded.attributes, edited_by = excluded.edited_by,
    changed_at_us = excluded.changed_at_us, changed_by = excluded.changed_by
"""
"""Makes a feature of an account otherwise than its products say."""

SIGN_OVERRIDE = """
UPDATE feature_override SET changed_at_us = ?, changed_by = ? WHERE account_id = ? AND feature = ?
"""
"""Writes into an override who is about to remove it: the trigger takes it from there."""

REMOVE_OVERRIDE = "DELETE FROM feature_override WHERE account_id = ? AND feature = ?"
"""Removes an override; the audit trail keeps it."""

ADD_BILLING_RULE = """
INSERT INTO billing_rule (account_id, since, cycle, anchor, at_us, actor)
VALUES (?, ?, ?, ?, ?, ?)
"""
"""Adds a billing period that counts from a day on."""

PUT_BILL = """
INSERT INTO bill (assignment_id, billed_until_us, next_at_us, waiting) VALUES (?, ?, ?, ?)
ON CONFLICT (assignment_id) DO UPDATE SET
    billed_until_us = excluded.billed_until_us, next_at_us = excluded.next_at_us,
    waiting = excluded.waiting
"""
"""How far a subscription is charged, in the transaction of what it is charged."""

WAKE_BILL = """
UPDATE bill SET next_at_us = min(coalesce(next_at_us, ?1), ?1) WHERE assignment_id = ?2
"""
"""Has a subscription looked at no later than an instant."""

ADD_XDR = f"""
INSERT INTO xdr (
    xdr_id, assignment_id, account_id, wallet_id, kind, subscription, version, period_first,
    period_until, stated_first, at_us, booked_at_us, quantity_used, quantity_charged, exact,
    amount_micros, lines
)
VALUES ({", ".join("?" * 17)})
"""
"""The record beside an entry; a second one for the same entry is refused."""

ADD_SUBSCRIPTION_VERSION = """
INSERT INTO subscription_version (name, version, body)
SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM subscription_version WHERE name = ?1 AND version = ?2)
"""
"""Keeps what a version of a subscription plan says; given again, it changes nothing."""

ADD_SUBSCRIPTION_TURN = """
INSERT INTO subscription_history (name, version, since_us, actor) VALUES (?, ?, ?, ?)
"""
"""Adds to the history of subscription plans."""

ADD_PRODUCT_VERSION = """
INSERT INTO product_version (name, version, body)
SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM product_version WHERE name = ?1 AND version = ?2)
"""
"""Keeps what a version of a product says; given again, it changes nothing."""

ADD_PRODUCT_TURN = """
INSERT INTO product_history (name, version, since_us, actor) VALUES (?, ?, ?, ?)
"""
"""Adds to the history of products."""
