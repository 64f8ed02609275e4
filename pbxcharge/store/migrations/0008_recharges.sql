-- Calls that were settled are charged anew. A record never changes: what it says now stands beside it.

-- name: recharge
-- purpose: what a settled call costs after a correction: revision 1, 2, … of its record, only added
--   to. A run charges a call anew once, so that one given again changes nothing.
CREATE TABLE recharge (
    call_id TEXT NOT NULL REFERENCES cdr (call_id),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    run_id TEXT NOT NULL CHECK (run_id <> ''),
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor <> ''),
    note TEXT NOT NULL,
    rating_id TEXT NOT NULL REFERENCES rating (rating_id),
    rule_set INTEGER NOT NULL,
    charge_micros INTEGER NOT NULL CHECK (charge_micros >= 0),
    billed_s INTEGER NOT NULL CHECK (billed_s >= 0),
    lines TEXT NOT NULL,
    cost_micros INTEGER CHECK (cost_micros >= 0),
    deck TEXT CHECK (deck <> ''),
    deck_version TEXT CHECK (deck_version <> ''),
    PRIMARY KEY (call_id, revision),
    UNIQUE (call_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX recharge_run ON recharge (run_id);
CREATE TRIGGER recharge_in_order BEFORE INSERT ON recharge
WHEN NEW.revision <> 1 + (SELECT count(*) FROM recharge WHERE call_id = NEW.call_id)
BEGIN
    SELECT RAISE(ABORT, 'revisions of a call are counted up');
END;
CREATE TRIGGER recharge_never_changed BEFORE UPDATE ON recharge
BEGIN
    SELECT RAISE(ABORT, 'revisions are only added');
END;
CREATE TRIGGER recharge_never_deleted BEFORE DELETE ON recharge
BEGIN
    SELECT RAISE(ABORT, 'revisions are only added');
END;

-- name: recharge_level
-- purpose: what each charged level pays after a correction, and by what; all levels of the record.
CREATE TABLE recharge_level (
    call_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    level INTEGER NOT NULL CHECK (level >= 0),
    account_id TEXT NOT NULL REFERENCES account (account_id),
    wallet_id TEXT NOT NULL REFERENCES wallet (wallet_id),
    plan TEXT NOT NULL,
    plan_version TEXT NOT NULL,
    prefix TEXT NOT NULL,
    destination TEXT NOT NULL,
    charge_micros INTEGER NOT NULL CHECK (charge_micros >= 0),
    PRIMARY KEY (call_id, level, revision),
    FOREIGN KEY (call_id, revision) REFERENCES recharge (call_id, revision)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (call_id, level) REFERENCES cdr_level (call_id, level)
        DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
-- REPLACE deletes without asking the triggers for deletion.
CREATE TRIGGER recharge_level_never_replaced BEFORE INSERT ON recharge_level
WHEN EXISTS (
    SELECT 1 FROM recharge_level
    WHERE call_id = NEW.call_id AND level = NEW.level AND revision = NEW.revision
)
BEGIN
    SELECT RAISE(ABORT, 'revisions are only added');
END;
CREATE TRIGGER recharge_level_never_changed BEFORE UPDATE ON recharge_level
BEGIN
    SELECT RAISE(ABORT, 'revisions are only added');
END;
CREATE TRIGGER recharge_level_never_deleted BEFORE DELETE ON recharge_level
BEGIN
    SELECT RAISE(ABORT, 'revisions are only added');
END;

-- name: entry.counts_at_us
-- purpose: of a charge that was made anew, and of what took the one before back: when the call was
--   charged first. The limits of spending count it there, so that a correction of last month's call
--   is none of this month's spending; null is at_us.
ALTER TABLE entry ADD COLUMN counts_at_us INTEGER
    CHECK (counts_at_us IS NULL OR kind IN ('charge', 'reversal'));

-- name: entry_charge
-- purpose: what a wallet was charged of late, without reading its whole past.
DROP INDEX entry_charge;
CREATE INDEX entry_charge ON entry (wallet_id, coalesce(counts_at_us, at_us), amount_micros)
WHERE kind = 'charge' OR counts_at_us IS NOT NULL;

-- name: cdr_now
-- purpose: every record with what its latest revision says; revision 0 is one never corrected.
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

-- name: cdr_level_now
-- purpose: what each charged level pays, as the latest revision of the record says.
CREATE VIEW cdr_level_now AS
SELECT
    paid.call_id, paid.level, paid.account_id, paid.wallet_id,
    coalesce(latest.plan, paid.plan) AS plan,
    coalesce(latest.plan_version, paid.plan_version) AS plan_version,
    coalesce(latest.prefix, paid.prefix) AS prefix,
    coalesce(latest.destination, paid.destination) AS destination,
    coalesce(latest.charge_micros, paid.charge_micros) AS charge_micros,
    coalesce(latest.revision, 0) AS revision
FROM cdr_level AS paid
LEFT JOIN recharge_level AS latest
    ON latest.call_id = paid.call_id
    AND latest.level = paid.level
    AND NOT EXISTS (
        SELECT 1 FROM recharge_level AS later
        WHERE later.call_id = latest.call_id AND later.level = latest.level
          AND later.revision > latest.revision
    );
