-- How attempts came to the daemon, as far as products decide by it.

-- name: call.access, cdr.access
-- purpose: the context of the dialplan, or the access code, by which it came; empty where that is not
--   known.
ALTER TABLE call ADD COLUMN access TEXT NOT NULL DEFAULT '';
ALTER TABLE cdr ADD COLUMN access TEXT NOT NULL DEFAULT '';

-- name: call.forwarded, cdr.forwarded
-- purpose: whether it went on from an extension that had not dialled it.
ALTER TABLE call ADD COLUMN forwarded INTEGER NOT NULL DEFAULT 0 CHECK (forwarded IN (0, 1));
ALTER TABLE cdr ADD COLUMN forwarded INTEGER NOT NULL DEFAULT 0 CHECK (forwarded IN (0, 1));

-- name: cdr.feature
-- purpose: the feature that the payer's products did not grant, of an attempt refused for that.
ALTER TABLE cdr ADD COLUMN feature TEXT CHECK (feature IS NULL OR reason IS NOT NULL);

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
    cdr.coverage, cdr.access, cdr.forwarded, cdr.feature,
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
