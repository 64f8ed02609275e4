-- Included minutes and volume discounts: seconds of calls that quotas make cheaper. What they use is
-- counted in wallets of the kind `allowance`, whose unit may be seconds, held and charged as money is.

-- name: hold.coverage, cdr.coverage
-- purpose: JSON, for each level its spans of seconds that a quota counts: first second, end, the part of
--   the price that is taken off, wallet, name, measure; empty for none. Of a hold what was granted
--   slice by slice, of a record what was used.
ALTER TABLE hold ADD COLUMN coverage TEXT NOT NULL DEFAULT ''
    CHECK (coverage = '' OR json_valid(coverage));
ALTER TABLE cdr ADD COLUMN coverage TEXT NOT NULL DEFAULT ''
    CHECK (coverage = '' OR json_valid(coverage));

-- name: cdr.included_s
-- purpose: billed seconds that the account's own quotas made free.
ALTER TABLE cdr ADD COLUMN included_s INTEGER NOT NULL DEFAULT 0 CHECK (included_s >= 0);

-- name: cdr_now
-- purpose: every record with what its latest revision says; revision 0 is one never corrected.
DROP VIEW cdr_now;
CREATE VIEW cdr_now AS
SELECT
    cdr.call_id, cdr.pbx, cdr.linkedid, cdr.caller_uniqueid, cdr.uniqueid, cdr.account_id,
    cdr.organization_id, cdr.call_type, cdr.direction, cdr.endpoint, cdr.dialled, cdr.number,
    cdr.disposition, cdr.reason, cdr.setup_at_us, cdr.answered_at_us, cdr.ended_at_us, cdr.talk_s,
    coalesce(latest.billed_s, cdr.billed_s) AS billed_s,
    cdr.unpaid_s,
    coalesce(latest.charge_micros, cdr.charge_micros) AS charge_micros,
    coalesce(latest.lines, cdr.lines) AS lines,
    cdr.currency,
    coalesce(latest.rating_id, cdr.rating_id) AS rating_id,
    coalesce(latest.rule_set, cdr.rule_set) AS rule_set,
    cdr.hangup_cause, cdr.ended_by, cdr.end_source, cdr.clock, cdr.caller_number,
    cdr.callee_endpoint, cdr.callee_context, cdr.trunk,
    CASE WHEN latest.revision IS NULL THEN cdr.cost_micros ELSE latest.cost_micros END
        AS cost_micros,
    CASE WHEN latest.revision IS NULL THEN cdr.deck ELSE latest.deck END AS deck,
    CASE WHEN latest.revision IS NULL THEN cdr.deck_version ELSE latest.deck_version END
        AS deck_version,
    cdr.slices, cdr.caller_channel, cdr.refused_by, cdr.included_s,
    cdr.coverage,
    coalesce(latest.revision, 0) AS revision
FROM cdr
-- The table itself is joined, and not a query, so that a million records never corrected cost one
-- look into an empty index each.
LEFT JOIN recharge AS latest
    ON latest.call_id = cdr.call_id
    AND NOT EXISTS (
        SELECT 1 FROM recharge AS later
        WHERE later.call_id = latest.call_id AND later.revision > latest.revision
    );
