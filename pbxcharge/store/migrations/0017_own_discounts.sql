-- Included minutes and discounts that an account has by itself, before those of its products.

-- name: account.discounts
-- purpose: JSON, a list of [name, since when]; null for none. In the order in which they are used.
ALTER TABLE account ADD COLUMN discounts TEXT
    CHECK (discounts IS NULL OR json_type(discounts) = 'array');
CREATE INDEX account_discounts ON account (account_id) WHERE discounts IS NOT NULL;

-- name: account_added, account_changed
-- purpose: the audit trail of accounts, with their own discounts.
DROP TRIGGER account_added;
DROP TRIGGER account_changed;
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
            'expires_at_us', NEW.expires_at_us, 'discounts', NEW.discounts
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
            'expires_at_us', OLD.expires_at_us, 'discounts', OLD.discounts
        ),
        json_object(
            'kind', NEW.kind, 'parent_id', NEW.parent_id, 'name', NEW.name, 'plan', NEW.plan,
            'status', NEW.status, 'code', NEW.code, 'time_zone', NEW.time_zone,
            'product', NEW.product, 'managed_by', NEW.managed_by, 'suspensions', NEW.suspensions,
            'expires_at_us', NEW.expires_at_us, 'discounts', NEW.discounts
        )
    );
END;
