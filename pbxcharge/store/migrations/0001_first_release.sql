-- The books of one site: who pays, what they have, what is held, what was called and charged.
-- Amounts are whole micro-units of the site's currency, instants microseconds since the epoch (UTC).

-- name: meta
-- purpose: facts of the site that never change (its currency), and room for the probe write.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- name: account
-- purpose: who pays, in the tree site → service provider → organization → user.
CREATE TABLE account (
    account_id TEXT NOT NULL PRIMARY KEY CHECK (account_id <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('service_provider', 'organization', 'user')),
    parent_id TEXT REFERENCES account (account_id) CHECK (parent_id <> account_id),
    name TEXT NOT NULL,
    plan TEXT,
    status TEXT NOT NULL
        CHECK (status IN ('active', 'suspended', 'blocked', 'expired', 'closed')),
    changed_at_us INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX account_parent ON account (parent_id);
CREATE INDEX account_plan ON account (plan) WHERE plan IS NOT NULL;

-- name: extension
-- purpose: the phone that Asterisk authenticates, and its number within its organization.
CREATE TABLE extension (
    endpoint TEXT NOT NULL PRIMARY KEY CHECK (endpoint <> ''),
    number TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (account_id),
    changed_at_us INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX extension_account ON extension (account_id);
CREATE INDEX extension_number ON extension (number);
CREATE TRIGGER extension_number_once BEFORE INSERT ON extension
WHEN EXISTS (
    SELECT 1
    FROM extension AS taken
    JOIN account AS other ON other.account_id = taken.account_id
    JOIN account AS own ON own.account_id = NEW.account_id
    WHERE taken.number = NEW.number
      AND taken.endpoint <> NEW.endpoint
      AND other.parent_id IS own.parent_id
)
BEGIN
    SELECT RAISE(ABORT, 'another extension of the organization has this number');
END;

-- name: audit
-- purpose: who changed which account or extension, and how it was before and after; only added to.
CREATE TABLE audit (
    seq INTEGER NOT NULL PRIMARY KEY,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('account', 'extension')),
    subject_id TEXT NOT NULL,
    before TEXT,
    after TEXT NOT NULL
) STRICT;
CREATE INDEX audit_subject ON audit (subject, subject_id);
CREATE TRIGGER account_added AFTER INSERT ON account
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'account', NEW.account_id,
        NULL,
        json_object(
            'kind', NEW.kind, 'parent_id', NEW.parent_id, 'name', NEW.name, 'plan', NEW.plan,
            'status', NEW.status
        )
    );
END;
CREATE TRIGGER account_changed AFTER UPDATE ON account
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'account', NEW.account_id,
        json_object(
            'kind', OLD.kind, 'parent_id', OLD.parent_id, 'name', OLD.name, 'plan', OLD.plan,
            'status', OLD.status
        ),
        json_object(
            'kind', NEW.kind, 'parent_id', NEW.parent_id, 'name', NEW.name, 'plan', NEW.plan,
            'status', NEW.status
        )
    );
END;
CREATE TRIGGER extension_added AFTER INSERT ON extension
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'extension', NEW.endpoint,
        NULL,
        json_object('number', NEW.number, 'account_id', NEW.account_id)
    );
END;
CREATE TRIGGER extension_changed AFTER UPDATE ON extension
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'extension', NEW.endpoint,
        json_object('number', OLD.number, 'account_id', OLD.account_id),
        json_object('number', NEW.number, 'account_id', NEW.account_id)
    );
END;
CREATE TRIGGER audit_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
END;
CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
END;
CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
END;

-- name: wallet
-- purpose: credit of one kind of one account; the balance is the sum of its entries.
CREATE TABLE wallet (
    wallet_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (account_id),
    kind TEXT NOT NULL,
    unit TEXT NOT NULL CHECK (unit IN ('micros', 'seconds')),
    currency TEXT NOT NULL,
    balance_micros INTEGER NOT NULL
        CHECK (balance_micros BETWEEN -1000000000000000000 AND 1000000000000000000),
    floor_micros INTEGER NOT NULL
        CHECK (floor_micros BETWEEN -1000000000000000000 AND 1000000000000000000)
) STRICT, WITHOUT ROWID;
CREATE INDEX wallet_account ON wallet (account_id);

-- name: entry
-- purpose: the ledger: every movement of a balance, only added to; a mistake gets a reversal.
CREATE TABLE entry (
    seq INTEGER NOT NULL PRIMARY KEY,
    entry_id TEXT NOT NULL UNIQUE CHECK (entry_id <> ''),
    wallet_id TEXT NOT NULL REFERENCES wallet (wallet_id),
    kind TEXT NOT NULL CHECK (kind IN (
        'initial', 'top_up', 'charge', 'fee', 'credit', 'penalty', 'refund', 'adjustment', 'reversal'
    )),
    amount_micros INTEGER NOT NULL
        CHECK (amount_micros BETWEEN -1000000000000000000 AND 1000000000000000000),
    at_us INTEGER NOT NULL,
    call_id TEXT,
    reverses TEXT REFERENCES entry (entry_id),
    actor TEXT NOT NULL CHECK (actor <> ''),
    note TEXT NOT NULL,
    CHECK (CASE kind
        WHEN 'charge' THEN amount_micros < 0 AND call_id IS NOT NULL
        WHEN 'reversal' THEN reverses IS NOT NULL
        WHEN 'top_up' THEN amount_micros > 0
        WHEN 'refund' THEN amount_micros > 0 AND reverses IS NOT NULL
        WHEN 'initial' THEN amount_micros >= 0
        ELSE 1
    END)
) STRICT;
CREATE INDEX entry_wallet ON entry (wallet_id);
CREATE INDEX entry_call ON entry (call_id) WHERE call_id IS NOT NULL;
CREATE UNIQUE INDEX entry_initial_once ON entry (wallet_id) WHERE kind = 'initial';
CREATE INDEX entry_reverses ON entry (reverses) WHERE reverses IS NOT NULL;
CREATE UNIQUE INDEX entry_reversed_once ON entry (reverses) WHERE kind = 'reversal';
-- REPLACE deletes without asking the triggers for deletion.
CREATE TRIGGER entry_never_replaced BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry WHERE entry_id = NEW.entry_id OR seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are only added');
END;
CREATE TRIGGER entry_never_changed BEFORE UPDATE ON entry
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are only added');
END;
CREATE TRIGGER entry_never_deleted BEFORE DELETE ON entry
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are only added');
END;

-- name: hold
-- purpose: credit set aside for one call: pending, then posted or voided, once.
CREATE TABLE hold (
    call_id TEXT NOT NULL PRIMARY KEY,
    step INTEGER NOT NULL CHECK (step >= 1),
    through_s INTEGER NOT NULL CHECK (through_s >= 0),
    state TEXT NOT NULL CHECK (state IN ('pending', 'posted', 'voided')),
    node TEXT NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_pending ON hold (call_id) WHERE state = 'pending';
CREATE TRIGGER hold_resolved_once BEFORE UPDATE ON hold WHEN OLD.state <> 'pending'
BEGIN
    SELECT RAISE(ABORT, 'the hold is resolved');
END;

-- name: hold_line
-- purpose: every wallet that pays for a call and what is set aside in it, the caller's own first.
CREATE TABLE hold_line (
    call_id TEXT NOT NULL REFERENCES hold (call_id),
    level INTEGER NOT NULL CHECK (level >= 0),
    wallet_id TEXT NOT NULL REFERENCES wallet (wallet_id),
    amount_micros INTEGER NOT NULL CHECK (amount_micros >= 0),
    PRIMARY KEY (call_id, level),
    UNIQUE (call_id, wallet_id)
) STRICT, WITHOUT ROWID;

-- name: rating
-- purpose: what calls are priced with, once for each distinct content, under its hash.
CREATE TABLE rating (
    rating_id TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

-- name: call
-- purpose: everything that a restart needs to resume a call.
CREATE TABLE call (
    call_id TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    pbx TEXT NOT NULL,
    linkedid TEXT NOT NULL,
    caller_uniqueid TEXT NOT NULL,
    caller_channel TEXT NOT NULL,
    call_type TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    dialled TEXT NOT NULL,
    number TEXT,
    account_id TEXT REFERENCES account (account_id),
    organization_id TEXT,
    setup_at_us INTEGER NOT NULL,
    levels TEXT NOT NULL,
    rating_id TEXT NOT NULL REFERENCES rating (rating_id),
    ring_s INTEGER NOT NULL,
    renew_lead_ms INTEGER NOT NULL,
    phase TEXT NOT NULL,
    leg_uniqueid TEXT,
    leg_channel TEXT,
    answered_ms INTEGER,
    answered_at_us INTEGER,
    warned INTEGER NOT NULL,
    stopped TEXT,
    hung_up_by TEXT,
    ending_as TEXT,
    hang_up_ms INTEGER
) STRICT;
CREATE INDEX call_open ON call (call_id) WHERE state = 'open';

-- name: cdr
-- purpose: the record of every attempt to call.
CREATE TABLE cdr (
    call_id TEXT NOT NULL PRIMARY KEY,
    pbx TEXT NOT NULL,
    linkedid TEXT NOT NULL,
    caller_uniqueid TEXT NOT NULL,
    uniqueid TEXT,
    account_id TEXT REFERENCES account (account_id),
    organization_id TEXT,
    call_type TEXT NOT NULL,
    direction TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    dialled TEXT NOT NULL,
    number TEXT,
    disposition TEXT NOT NULL
        CHECK (disposition IN ('ANSWERED', 'NO ANSWER', 'BUSY', 'FAILED', 'NOT ALLOWED')),
    reason TEXT,
    setup_at_us INTEGER NOT NULL,
    answered_at_us INTEGER,
    ended_at_us INTEGER,
    talk_s INTEGER NOT NULL CHECK (talk_s >= 0),
    billed_s INTEGER NOT NULL CHECK (billed_s >= 0),
    unpaid_s INTEGER NOT NULL CHECK (unpaid_s BETWEEN 0 AND talk_s),
    charge_micros INTEGER NOT NULL CHECK (charge_micros >= 0),
    lines TEXT NOT NULL,
    currency TEXT NOT NULL,
    rating_id TEXT REFERENCES rating (rating_id),
    rule_set INTEGER NOT NULL,
    hangup_cause INTEGER,
    ended_by TEXT,
    end_source TEXT NOT NULL,
    clock TEXT NOT NULL
) STRICT;
CREATE INDEX cdr_setup ON cdr (setup_at_us);
CREATE INDEX cdr_account ON cdr (account_id, setup_at_us);

-- name: cdr_level
-- purpose: what each charged level pays for the call, and by what; the account's own is level 0.
CREATE TABLE cdr_level (
    call_id TEXT NOT NULL REFERENCES cdr (call_id) DEFERRABLE INITIALLY DEFERRED,
    level INTEGER NOT NULL CHECK (level >= 0),
    account_id TEXT NOT NULL REFERENCES account (account_id),
    wallet_id TEXT NOT NULL REFERENCES wallet (wallet_id),
    plan TEXT NOT NULL,
    plan_version TEXT NOT NULL,
    prefix TEXT NOT NULL,
    destination TEXT NOT NULL,
    charge_micros INTEGER NOT NULL CHECK (charge_micros >= 0),
    PRIMARY KEY (call_id, level)
) STRICT, WITHOUT ROWID;

-- name: pbx_seen
-- purpose: proof of life: up to this instant no end of a call on this PBX can have been missed.
CREATE TABLE pbx_seen (
    pbx TEXT NOT NULL PRIMARY KEY,
    at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
