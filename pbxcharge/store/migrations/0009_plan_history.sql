-- Which version of each plan was in force when, by whose hand, and what it said.

-- name: plan_version
-- purpose: everything that a version of a plan says, kept for ever once it has been in force or was to
--   come; the version is the beginning of the hash of the body.
CREATE TABLE plan_version (
    plan TEXT NOT NULL CHECK (plan <> ''),
    version TEXT NOT NULL CHECK (version <> ''),
    body TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (plan, version)
) STRICT;
-- REPLACE deletes without asking the triggers for deletion.
CREATE TRIGGER plan_version_never_replaced BEFORE INSERT ON plan_version
WHEN EXISTS (
    SELECT 1 FROM plan_version
    WHERE (plan = NEW.plan AND version = NEW.version) OR rowid = NEW.rowid
)
BEGIN
    SELECT RAISE(ABORT, 'versions of plans are only added');
END;
CREATE TRIGGER plan_version_never_changed BEFORE UPDATE ON plan_version
BEGIN
    SELECT RAISE(ABORT, 'versions of plans are only added');
END;
CREATE TRIGGER plan_version_never_deleted BEFORE DELETE ON plan_version
BEGIN
    SELECT RAISE(ABORT, 'versions of plans are only added');
END;

-- name: plan_history
-- purpose: when a version was planned for an instant to come or withdrawn before it, began to be in
--   force, and ended; who did it, and by what; only added to.
CREATE TABLE plan_history (
    seq INTEGER NOT NULL PRIMARY KEY,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    plan TEXT NOT NULL,
    version TEXT NOT NULL,
    effective_from_s INTEGER NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('planned', 'withdrawn', 'began', 'ended')),
    source TEXT NOT NULL CHECK (source IN ('apply', 'reload', 'start', 'date')),
    FOREIGN KEY (plan, version) REFERENCES plan_version (plan, version)
) STRICT;
CREATE INDEX plan_history_version ON plan_history (plan, version);
CREATE TRIGGER plan_history_never_replaced BEFORE INSERT ON plan_history
WHEN EXISTS (SELECT 1 FROM plan_history WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the history of plans is only added to');
END;
CREATE TRIGGER plan_history_never_changed BEFORE UPDATE ON plan_history
BEGIN
    SELECT RAISE(ABORT, 'the history of plans is only added to');
END;
CREATE TRIGGER plan_history_never_deleted BEFORE DELETE ON plan_history
BEGIN
    SELECT RAISE(ABORT, 'the history of plans is only added to');
END;
