-- Products, subscriptions and add-ons: what each account has, what it was charged for it, and how its
-- life went.

-- name: subscription_version, product_version
-- purpose: everything that a version of a subscription plan, or of a product, says, kept for ever once it
--   has been in force; the version is the beginning of the hash of the body.
CREATE TABLE subscription_version (
    name TEXT NOT NULL CHECK (name <> ''),
    version TEXT NOT NULL CHECK (version <> ''),
    body TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE product_version (
    name TEXT NOT NULL CHECK (name <> ''),
    version TEXT NOT NULL CHECK (version <> ''),
    body TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
-- REPLACE deletes without asking the triggers for deletion.
CREATE TRIGGER subscription_version_never_replaced BEFORE INSERT ON subscription_version
WHEN EXISTS (
    SELECT 1 FROM subscription_version WHERE name = NEW.name AND version = NEW.version
)
BEGIN
    SELECT RAISE(ABORT, 'versions of subscription plans are only added');
END;
CREATE TRIGGER subscription_version_never_changed BEFORE UPDATE ON subscription_version
BEGIN
    SELECT RAISE(ABORT, 'versions of subscription plans are only added');
END;
CREATE TRIGGER subscription_version_never_deleted BEFORE DELETE ON subscription_version
BEGIN
    SELECT RAISE(ABORT, 'versions of subscription plans are only added');
END;
CREATE TRIGGER product_version_never_replaced BEFORE INSERT ON product_version
WHEN EXISTS (SELECT 1 FROM product_version WHERE name = NEW.name AND version = NEW.version)
BEGIN
    SELECT RAISE(ABORT, 'versions of products are only added');
END;
CREATE TRIGGER product_version_never_changed BEFORE UPDATE ON product_version
BEGIN
    SELECT RAISE(ABORT, 'versions of products are only added');
END;
CREATE TRIGGER product_version_never_deleted BEFORE DELETE ON product_version
BEGIN
    SELECT RAISE(ABORT, 'versions of products are only added');
END;

-- name: subscription_history, product_history
-- purpose: from when on which version counted; the one before counted until then. A null version: none
--   did, since the file had gone.
CREATE TABLE subscription_history (
    seq INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (name <> ''),
    version TEXT,
    since_us INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor <> ''),
    FOREIGN KEY (name, version) REFERENCES subscription_version (name, version)
) STRICT;
CREATE INDEX subscription_history_name ON subscription_history (name);
CREATE TABLE product_history (
    seq INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (name <> ''),
    version TEXT,
    since_us INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor <> ''),
    FOREIGN KEY (name, version) REFERENCES product_version (name, version)
) STRICT;
CREATE INDEX product_history_name ON product_history (name);
CREATE TRIGGER subscription_history_never_replaced BEFORE INSERT ON subscription_history
WHEN EXISTS (SELECT 1 FROM subscription_history WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the history of subscription plans is only added to');
END;
CREATE TRIGGER subscription_history_never_changed BEFORE UPDATE ON subscription_history
BEGIN
    SELECT RAISE(ABORT, 'the history of subscription plans is only added to');
END;
CREATE TRIGGER subscription_history_never_deleted BEFORE DELETE ON subscription_history
BEGIN
    SELECT RAISE(ABORT, 'the history of subscription plans is only added to');
END;
CREATE TRIGGER product_history_never_replaced BEFORE INSERT ON product_history
WHEN EXISTS (SELECT 1 FROM product_history WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the history of products is only added to');
END;
CREATE TRIGGER product_history_never_changed BEFORE UPDATE ON product_history
BEGIN
    SELECT RAISE(ABORT, 'the history of products is only added to');
END;
CREATE TRIGGER product_history_never_deleted BEFORE DELETE ON product_history
BEGIN
    SELECT RAISE(ABORT, 'the history of products is only added to');
END;

-- name: account.product, account.managed_by, account.suspensions, account.expires_at_us
-- purpose: its main product, whose plan for plain calling stands in account.plan; the reseller who manages
--   it; why pbxcharge itself has suspended it, whatever its status; when it expires.
ALTER TABLE account ADD COLUMN product TEXT CHECK (product <> '');
ALTER TABLE account ADD COLUMN managed_by TEXT REFERENCES account (account_id);
ALTER TABLE account ADD COLUMN suspensions TEXT
    CHECK (suspensions IN ('no_funds', 'overdue', 'no_funds overdue'));
ALTER TABLE account ADD COLUMN expires_at_us INTEGER;
CREATE INDEX account_product ON account (product) WHERE product IS NOT NULL;
CREATE INDEX account_expiry ON account (expires_at_us) WHERE expires_at_us IS NOT NULL;

-- name: product_assignment
-- purpose: the products of an account: its main product, and add-ons. From when on one counts is never
--   changed; until when it does may be.
CREATE TABLE product_assignment (
    assignment_id TEXT NOT NULL PRIMARY KEY CHECK (assignment_id <> ''),
    account_id TEXT NOT NULL REFERENCES account (account_id),
    product TEXT NOT NULL CHECK (product <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('main', 'add_on')),
    from_us INTEGER NOT NULL,
    until_us INTEGER CHECK (until_us >= from_us),
    changed_at_us INTEGER NOT NULL,
    changed_by TEXT NOT NULL CHECK (changed_by <> '')
) STRICT, WITHOUT ROWID;
CREATE INDEX product_assignment_account ON product_assignment (account_id);
CREATE INDEX product_assignment_from ON product_assignment (from_us);
CREATE INDEX product_assignment_until ON product_assignment (until_us) WHERE until_us IS NOT NULL;
CREATE TRIGGER product_assignment_kept BEFORE UPDATE ON product_assignment
WHEN (OLD.assignment_id, OLD.account_id, OLD.product, OLD.kind, OLD.from_us) IS NOT
    (NEW.assignment_id, NEW.account_id, NEW.product, NEW.kind, NEW.from_us)
BEGIN
    SELECT RAISE(ABORT, 'only the end of an assigned product can be changed');
END;
CREATE TRIGGER product_assignment_never_deleted BEFORE DELETE ON product_assignment
BEGIN
    SELECT RAISE(ABORT, 'assigned products end, they are not deleted');
END;

-- name: subscription_assignment
-- purpose: the subscriptions of an account or an organization, with the discount or surcharge that was
--   agreed; `via` is the assigned product that brought it. One that was never active can be removed.
CREATE TABLE subscription_assignment (
    assignment_id TEXT NOT NULL PRIMARY KEY CHECK (assignment_id <> ''),
    account_id TEXT NOT NULL REFERENCES account (account_id),
    subscription TEXT NOT NULL CHECK (subscription <> ''),
    via TEXT REFERENCES product_assignment (assignment_id),
    adjustment_micros INTEGER NOT NULL,
    adjustment_percent TEXT NOT NULL
        CHECK (adjustment_percent <> '' AND adjustment_percent NOT GLOB '*[^-0-9/]*'),
    assigned_at_us INTEGER NOT NULL,
    starts_at_us INTEGER NOT NULL,
    first_used_at_us INTEGER,
    closed_at_us INTEGER,
    closing_known_us INTEGER,
    removed INTEGER NOT NULL CHECK (removed IN (0, 1)),
    changed_at_us INTEGER NOT NULL,
    changed_by TEXT NOT NULL CHECK (changed_by <> ''),
    CHECK (adjustment_micros = 0 OR adjustment_percent = '0'),
    CHECK ((closed_at_us IS NULL) = (closing_known_us IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_assignment_account ON subscription_assignment (account_id);
CREATE TRIGGER subscription_assignment_kept BEFORE UPDATE ON subscription_assignment
WHEN (
    OLD.assignment_id, OLD.account_id, OLD.subscription, OLD.via, OLD.adjustment_micros,
    OLD.adjustment_percent, OLD.assigned_at_us, OLD.starts_at_us
) IS NOT (
    NEW.assignment_id, NEW.account_id, NEW.subscription, NEW.via, NEW.adjustment_micros,
    NEW.adjustment_percent, NEW.assigned_at_us, NEW.starts_at_us
)
BEGIN
    SELECT RAISE(ABORT, 'what an assigned subscription was agreed as stays');
END;
CREATE TRIGGER subscription_assignment_used_once BEFORE UPDATE ON subscription_assignment
WHEN OLD.first_used_at_us IS NOT NULL AND NEW.first_used_at_us IS NOT OLD.first_used_at_us
BEGIN
    SELECT RAISE(ABORT, 'a subscription is used for the first time once');
END;
CREATE TRIGGER subscription_assignment_removed_once BEFORE UPDATE ON subscription_assignment
WHEN OLD.removed
BEGIN
    SELECT RAISE(ABORT, 'the subscription is removed');
END;
CREATE TRIGGER subscription_assignment_never_deleted BEFORE DELETE ON subscription_assignment
BEGIN
    SELECT RAISE(ABORT, 'assigned subscriptions are closed or removed, not deleted');
END;

-- name: feature_override
-- purpose: features of one account that are otherwise than its products say, and who wanted that. `on` is
--   null where only attributes are otherwise.
CREATE TABLE feature_override (
    account_id TEXT NOT NULL REFERENCES account (account_id),
    feature TEXT NOT NULL CHECK (feature <> ''),
    "on" INTEGER CHECK ("on" IN (0, 1)),
    attributes TEXT NOT NULL CHECK (json_type(attributes) = 'object'),
    edited_by TEXT NOT NULL CHECK (edited_by IN ('admin', 'reseller', 'user')),
    changed_at_us INTEGER NOT NULL,
    changed_by TEXT NOT NULL CHECK (changed_by <> ''),
    PRIMARY KEY (account_id, feature)
) STRICT, WITHOUT ROWID;

-- name: billing_rule
-- purpose: billing period and anchor of an organization, from a day on; only added to. A later row takes
--   the place of every earlier one that counts from its day on, or from a later one. Without a row it
--   is by the month, from the 1st.
CREATE TABLE billing_rule (
    seq INTEGER NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (account_id),
    since TEXT NOT NULL CHECK (since GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    cycle TEXT NOT NULL CHECK (cycle IN (
        'daily', 'weekly', 'two_weekly', 'monthly', 'quarterly', 'half_yearly', 'yearly'
    )),
    anchor TEXT NOT NULL CHECK (anchor GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor <> '')
) STRICT;
CREATE INDEX billing_rule_account ON billing_rule (account_id);
CREATE TRIGGER billing_rule_never_replaced BEFORE INSERT ON billing_rule
WHEN EXISTS (SELECT 1 FROM billing_rule WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'billing periods are only added to');
END;
CREATE TRIGGER billing_rule_never_changed BEFORE UPDATE ON billing_rule
BEGIN
    SELECT RAISE(ABORT, 'billing periods are only added to');
END;
CREATE TRIGGER billing_rule_never_deleted BEFORE DELETE ON billing_rule
BEGIN
    SELECT RAISE(ABORT, 'billing periods are only added to');
END;

-- name: account_life
-- purpose: what became of an account when: another status (`became`), suspended for a reason or resumed,
--   another day of expiry. The account's own triggers write it, so that nothing is left out. Before its
--   first row an account was active, and did not expire.
CREATE TABLE account_life (
    seq INTEGER NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (account_id),
    at_us INTEGER NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('became', 'suspended', 'resumed', 'expires')),
    reason TEXT NOT NULL CHECK (CASE what
        WHEN 'became' THEN reason IN ('active', 'suspended', 'blocked', 'expired', 'closed')
        WHEN 'expires' THEN reason = ''
        ELSE reason IN ('no_funds', 'overdue')
    END),
    expires_at_us INTEGER CHECK (expires_at_us IS NULL OR what = 'expires'),
    actor TEXT NOT NULL CHECK (actor <> '')
) STRICT;
CREATE INDEX account_life_account ON account_life (account_id);
INSERT INTO account_life (account_id, at_us, what, reason, actor)
SELECT subject_id, at_us, 'became', status, actor
FROM (
    SELECT seq, subject_id, at_us, actor, after ->> 'status' AS status,
        lag(after ->> 'status', 1, 'active') OVER (PARTITION BY subject_id ORDER BY seq) AS before
    FROM audit WHERE subject = 'account'
)
WHERE status <> before
ORDER BY seq;
CREATE TRIGGER account_life_never_replaced BEFORE INSERT ON account_life
WHEN EXISTS (SELECT 1 FROM account_life WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the life of an account is only added to');
END;
CREATE TRIGGER account_life_never_changed BEFORE UPDATE ON account_life
BEGIN
    SELECT RAISE(ABORT, 'the life of an account is only added to');
END;
CREATE TRIGGER account_life_never_deleted BEFORE DELETE ON account_life
BEGIN
    SELECT RAISE(ABORT, 'the life of an account is only added to');
END;
CREATE TRIGGER account_began AFTER INSERT ON account WHEN NEW.status <> 'active'
BEGIN
    INSERT INTO account_life (account_id, at_us, what, reason, actor)
    VALUES (NEW.account_id, NEW.changed_at_us, 'became', NEW.status, NEW.changed_by);
END;
CREATE TRIGGER account_began_suspended AFTER INSERT ON account WHEN NEW.suspensions IS NOT NULL
BEGIN
    INSERT INTO account_life (account_id, at_us, what, reason, actor)
    SELECT NEW.account_id, NEW.changed_at_us, 'suspended', value, NEW.changed_by
    FROM json_each('["no_funds", "overdue"]') WHERE instr(NEW.suspensions, value);
END;
CREATE TRIGGER account_began_to_expire AFTER INSERT ON account WHEN NEW.expires_at_us IS NOT NULL
BEGIN
    INSERT INTO account_life (account_id, at_us, what, reason, expires_at_us, actor)
    VALUES (
        NEW.account_id, NEW.changed_at_us, 'expires', '', NEW.expires_at_us, NEW.changed_by
    );
END;
CREATE TRIGGER account_became AFTER UPDATE ON account WHEN NEW.status <> OLD.status
BEGIN
    INSERT INTO account_life (account_id, at_us, what, reason, actor)
    VALUES (NEW.account_id, NEW.changed_at_us, 'became', NEW.status, NEW.changed_by);
END;
CREATE TRIGGER account_suspended AFTER UPDATE ON account
WHEN NEW.suspensions IS NOT OLD.suspensions
BEGIN
    INSERT INTO account_life (account_id, at_us, what, reason, actor)
    SELECT NEW.account_id, NEW.changed_at_us,
        CASE WHEN instr(coalesce(NEW.suspensions, ''), value) THEN 'suspended' ELSE 'resumed' END,
        value, NEW.changed_by
    FROM json_each('["no_funds", "overdue"]')
    WHERE instr(coalesce(NEW.suspensions, ''), value) <> 0
        <> (instr(coalesce(OLD.suspensions, ''), value) <> 0);
END;
CREATE TRIGGER account_expires AFTER UPDATE ON account
WHEN NEW.expires_at_us IS NOT OLD.expires_at_us
BEGIN
    INSERT INTO account_life (account_id, at_us, what, reason, expires_at_us, actor)
    VALUES (
        NEW.account_id, NEW.changed_at_us, 'expires', '', NEW.expires_at_us, NEW.changed_by
    );
END;

-- name: bill
-- purpose: how far a subscription is charged: what is owed before `billed_until_us` is booked or among
--   what waits for credit; nothing more is owed before `next_at_us`, if anything ever will be.
CREATE TABLE bill (
    assignment_id TEXT NOT NULL PRIMARY KEY REFERENCES subscription_assignment (assignment_id),
    billed_until_us INTEGER NOT NULL,
    next_at_us INTEGER,
    waiting TEXT NOT NULL CHECK (json_type(waiting) = 'array')
) STRICT, WITHOUT ROWID;
CREATE INDEX bill_next ON bill (next_at_us) WHERE next_at_us IS NOT NULL;
CREATE INDEX bill_waiting ON bill (assignment_id) WHERE waiting <> '[]';

-- name: xdr
-- purpose: what else than calls was charged or credited: one row beside each entry of that kind, with what
--   it was for and how it came about. The amount is the charge: a credit is below zero.
CREATE TABLE xdr (
    xdr_id TEXT NOT NULL PRIMARY KEY REFERENCES entry (entry_id) DEFERRABLE INITIALLY DEFERRED,
    assignment_id TEXT NOT NULL REFERENCES subscription_assignment (assignment_id),
    account_id TEXT NOT NULL REFERENCES account (account_id),
    wallet_id TEXT NOT NULL REFERENCES wallet (wallet_id),
    kind TEXT NOT NULL CHECK (kind IN ('activation', 'fee', 'credit', 'unused', 'penalty')),
    subscription TEXT NOT NULL CHECK (subscription <> ''),
    version TEXT NOT NULL CHECK (version <> ''),
    period_first TEXT NOT NULL,
    period_until TEXT NOT NULL CHECK (period_until > period_first),
    stated_first TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    booked_at_us INTEGER NOT NULL,
    quantity_used INTEGER NOT NULL,
    quantity_charged INTEGER NOT NULL,
    exact TEXT NOT NULL CHECK (exact <> '' AND exact NOT GLOB '*[^-0-9/]*'),
    amount_micros INTEGER NOT NULL CHECK (CASE
        WHEN kind IN ('credit', 'unused') THEN amount_micros <= 0
        ELSE amount_micros >= 0
    END),
    lines TEXT NOT NULL CHECK (json_valid(lines))
) STRICT, WITHOUT ROWID;
CREATE INDEX xdr_account ON xdr (account_id, booked_at_us);
CREATE INDEX xdr_late ON xdr (assignment_id, period_first, booked_at_us) WHERE booked_at_us > at_us;
CREATE TRIGGER xdr_never_replaced BEFORE INSERT ON xdr
WHEN EXISTS (SELECT 1 FROM xdr WHERE xdr_id = NEW.xdr_id)
BEGIN
    SELECT RAISE(ABORT, 'records are only added');
END;
CREATE TRIGGER xdr_never_changed BEFORE UPDATE ON xdr
BEGIN
    SELECT RAISE(ABORT, 'records are only added');
END;
CREATE TRIGGER xdr_never_deleted BEFORE DELETE ON xdr
BEGIN
    SELECT RAISE(ABORT, 'records are only added');
END;

-- name: entry_fee
-- purpose: what subscriptions took from a wallet of late, without reading its whole past.
CREATE INDEX entry_fee ON entry (wallet_id, at_us, amount_micros)
WHERE kind IN ('fee', 'credit', 'penalty');

-- The audit trail tells of all this too. An override may be removed, as a DID may: by first writing into
-- it who removes it and when; then there is nothing after.
DROP TRIGGER account_added;
DROP TRIGGER account_changed;
DROP TRIGGER extension_added;
DROP TRIGGER extension_changed;
DROP TRIGGER did_added;
DROP TRIGGER did_changed;
DROP TRIGGER did_removed;
DROP TRIGGER audit_never_replaced;
DROP TRIGGER audit_never_changed;
DROP TRIGGER audit_never_deleted;
CREATE TABLE audit_of_all (
    seq INTEGER NOT NULL PRIMARY KEY,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (
        subject IN ('account', 'extension', 'did', 'product', 'subscription', 'feature')
    ),
    subject_id TEXT NOT NULL,
    before TEXT,
    after TEXT CHECK (after IS NOT NULL OR subject IN ('did', 'feature'))
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
            'status', NEW.status, 'code', NEW.code, 'time_zone', NEW.time_zone,
            'product', NEW.product, 'managed_by', NEW.managed_by, 'suspensions', NEW.suspensions,
            'expires_at_us', NEW.expires_at_us
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
            'status', OLD.status, 'code', OLD.code, 'time_zone', OLD.time_zone,
            'product', OLD.product, 'managed_by', OLD.managed_by, 'suspensions', OLD.suspensions,
            'expires_at_us', OLD.expires_at_us
        ),
        json_object(
            'kind', NEW.kind, 'parent_id', NEW.parent_id, 'name', NEW.name, 'plan', NEW.plan,
            'status', NEW.status, 'code', NEW.code, 'time_zone', NEW.time_zone,
            'product', NEW.product, 'managed_by', NEW.managed_by, 'suspensions', NEW.suspensions,
            'expires_at_us', NEW.expires_at_us
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
CREATE TRIGGER product_assigned AFTER INSERT ON product_assignment
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'product', NEW.assignment_id,
        NULL,
        json_object(
            'account_id', NEW.account_id, 'product', NEW.product, 'kind', NEW.kind,
            'from_us', NEW.from_us, 'until_us', NEW.until_us
        )
    );
END;
CREATE TRIGGER product_assignment_changed AFTER UPDATE ON product_assignment
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'product', NEW.assignment_id,
        json_object(
            'account_id', OLD.account_id, 'product', OLD.product, 'kind', OLD.kind,
            'from_us', OLD.from_us, 'until_us', OLD.until_us
        ),
        json_object(
            'account_id', NEW.account_id, 'product', NEW.product, 'kind', NEW.kind,
            'from_us', NEW.from_us, 'until_us', NEW.until_us
        )
    );
END;
CREATE TRIGGER subscription_assigned AFTER INSERT ON subscription_assignment
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'subscription', NEW.assignment_id,
        NULL,
        json_object(
            'account_id', NEW.account_id, 'subscription', NEW.subscription, 'via', NEW.via,
            'adjustment_micros', NEW.adjustment_micros,
            'adjustment_percent', NEW.adjustment_percent, 'assigned_at_us', NEW.assigned_at_us,
            'starts_at_us', NEW.starts_at_us, 'first_used_at_us', NEW.first_used_at_us,
            'closed_at_us', NEW.closed_at_us, 'closing_known_us', NEW.closing_known_us,
            'removed', NEW.removed
        )
    );
END;
CREATE TRIGGER subscription_assignment_changed AFTER UPDATE ON subscription_assignment
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'subscription', NEW.assignment_id,
        json_object(
            'account_id', OLD.account_id, 'subscription', OLD.subscription, 'via', OLD.via,
            'adjustment_micros', OLD.adjustment_micros,
            'adjustment_percent', OLD.adjustment_percent, 'assigned_at_us', OLD.assigned_at_us,
            'starts_at_us', OLD.starts_at_us, 'first_used_at_us', OLD.first_used_at_us,
            'closed_at_us', OLD.closed_at_us, 'closing_known_us', OLD.closing_known_us,
            'removed', OLD.removed
        ),
        json_object(
            'account_id', NEW.account_id, 'subscription', NEW.subscription, 'via', NEW.via,
            'adjustment_micros', NEW.adjustment_micros,
            'adjustment_percent', NEW.adjustment_percent, 'assigned_at_us', NEW.assigned_at_us,
            'starts_at_us', NEW.starts_at_us, 'first_used_at_us', NEW.first_used_at_us,
            'closed_at_us', NEW.closed_at_us, 'closing_known_us', NEW.closing_known_us,
            'removed', NEW.removed
        )
    );
END;
CREATE TRIGGER feature_overridden AFTER INSERT ON feature_override
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'feature', NEW.account_id || ':' || NEW.feature,
        NULL,
        json_object(
            'on', NEW."on", 'attributes', json(NEW.attributes), 'edited_by', NEW.edited_by
        )
    );
END;
CREATE TRIGGER feature_override_changed AFTER UPDATE ON feature_override
WHEN (OLD."on", OLD.attributes, OLD.edited_by) IS NOT (NEW."on", NEW.attributes, NEW.edited_by)
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        NEW.changed_at_us, NEW.changed_by, 'feature', NEW.account_id || ':' || NEW.feature,
        json_object(
            'on', OLD."on", 'attributes', json(OLD.attributes), 'edited_by', OLD.edited_by
        ),
        json_object(
            'on', NEW."on", 'attributes', json(NEW.attributes), 'edited_by', NEW.edited_by
        )
    );
END;
CREATE TRIGGER feature_override_removed AFTER DELETE ON feature_override
BEGIN
    INSERT INTO audit (at_us, actor, subject, subject_id, before, after)
    VALUES (
        OLD.changed_at_us, OLD.changed_by, 'feature', OLD.account_id || ':' || OLD.feature,
        json_object(
            'on', OLD."on", 'attributes', json(OLD.attributes), 'edited_by', OLD.edited_by
        ),
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
