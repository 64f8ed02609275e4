-- Time zones of accounts, and wallets that others have taken the place of.

-- purpose: whose clocks count for an account; null is those of the account above.
ALTER TABLE account ADD COLUMN time_zone TEXT CHECK (time_zone <> '');

-- The audit trail tells of it too.
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
            'status', NEW.status, 'code', NEW.code, 'time_zone', NEW.time_zone
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
            'status', OLD.status, 'code', OLD.code, 'time_zone', OLD.time_zone
        ),
        json_object(
            'kind', NEW.kind, 'parent_id', NEW.parent_id, 'name', NEW.name, 'plan', NEW.plan,
            'status', NEW.status, 'code', NEW.code, 'time_zone', NEW.time_zone
        )
    );
END;

-- purpose: 1 once other wallets of the account have taken its balance: nothing is paid from it or into it.
ALTER TABLE wallet ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
