-- Calls inside the house and from the public network: DIDs, codes of organizations, incoming wallets.

-- purpose: digits by which an organization's extensions are dialled from others.
ALTER TABLE account ADD COLUMN code TEXT CHECK (code <> '' AND code NOT GLOB '*[^0-9]*');
CREATE UNIQUE INDEX account_code ON account (code) WHERE code IS NOT NULL;

-- name: did
-- purpose: numbers of the public network that reach this PBX, who pays for what comes in by them,
--   and what answers: a phone, or a context of the dialplan.
CREATE TABLE did (
    number TEXT NOT NULL PRIMARY KEY
        CHECK (number NOT GLOB '*[^0-9]*' AND number NOT GLOB '0*' AND length(number) BETWEEN 7 AND 15),
    account_id TEXT NOT NULL REFERENCES account (account_id),
    endpoint TEXT REFERENCES extension (endpoint),
    context TEXT CHECK (context <> ''),
    changed_at_us INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    CHECK ((endpoint IS NULL) <> (context IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX did_account ON did (account_id);
CREATE INDEX did_endpoint ON did (endpoint) WHERE endpoint IS NOT NULL;

-- The audit trail tells of DIDs too, which may also be removed: then there is nothing after.
DROP TRIGGER account_added;
DROP TRIGGER account_changed;
DROP TRIGGER extension_added;
DROP TRIGGER extension_changed;
DROP TRIGGER audit_never_replaced;
DROP TRIGGER audit_never_changed;
DROP TRIGGER audit_never_deleted;
CREATE TABLE audit_of_all (
    seq INTEGER NOT NULL PRIMARY KEY,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('account', 'extension', 'did')),
    subject_id TEXT NOT NULL,
    before TEXT,
    after TEXT CHECK (after IS NOT NULL OR subject = 'did')
) STRICT;
INSERT INTO audit_of_all SELECT seq, at_us, actor, subject, subject_id, before, after FROM audit;
DROP TABLE audit;
ALTER TABLE audit_of_all RENAME TO audit;
CREATE INDEX audit_subject ON audit (subject, subject_id);
CREATE TRIGGER account_added AFTER INSERT ON account
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'account', NEW.account_id,
        NULL,
        json_object(
            'kind', NEW.kind, 'parent_id', NEW.parent_id, 'name', NEW.name, 'plan', NEW.plan,
            'status', NEW.status, 'code', NEW.code
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
            'status', OLD.status, 'code', OLD.code
        ),
        json_object(
            'kind', NEW.kind, 'parent_id', NEW.parent_id, 'name', NEW.name, 'plan', NEW.plan,
            'status', NEW.status, 'code', NEW.code
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
CREATE TRIGGER did_added AFTER INSERT ON did
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'did', NEW.number,
        NULL,
        json_object('account_id', NEW.account_id, 'endpoint', NEW.endpoint, 'context', NEW.context)
    );
END;
-- A DID is removed by first writing into it who removes it and when, which is no change of its own.
CREATE TRIGGER did_changed AFTER UPDATE ON did
WHEN (OLD.account_id, OLD.endpoint, OLD.context) IS NOT
    (NEW.account_id, NEW.endpoint, NEW.context)
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'did', NEW.number,
        json_object('account_id', OLD.account_id, 'endpoint', OLD.endpoint, 'context', OLD.context),
        json_object('account_id', NEW.account_id, 'endpoint', NEW.endpoint, 'context', NEW.context)
    );
END;
CREATE TRIGGER did_removed AFTER DELETE ON did
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        OLD.changed_at_us, OLD.changed_by, 'did', OLD.number,
        json_object('account_id', OLD.account_id, 'endpoint', OLD.endpoint, 'context', OLD.context),
        NULL
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

-- What a call is, and whom it reaches inside the house.
ALTER TABLE call ADD COLUMN direction TEXT NOT NULL DEFAULT 'outgoing'
    CHECK (direction IN ('outgoing', 'incoming'));
ALTER TABLE call ADD COLUMN caller_number TEXT NOT NULL DEFAULT '';
ALTER TABLE call ADD COLUMN callee_endpoint TEXT;
ALTER TABLE call ADD COLUMN callee_context TEXT;
ALTER TABLE cdr ADD COLUMN caller_number TEXT NOT NULL DEFAULT '';
ALTER TABLE cdr ADD COLUMN callee_endpoint TEXT;
ALTER TABLE cdr ADD COLUMN callee_context TEXT;

-- Whoever has an outgoing wallet gets one for incoming calls, empty, without a credit limit.
INSERT INTO wallet (wallet_id, account_id, kind, unit, currency, balance_micros, floor_micros)
SELECT account_id || ':incoming', account_id, 'incoming', unit, currency, 0, 0
FROM wallet WHERE kind = 'outgoing';
