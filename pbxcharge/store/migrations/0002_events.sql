-- What happened to calls and money, line by line, for those who look later; and why a call ends.

-- name: event
-- purpose: the live cost log, kept for some days; a line's id is its microsecond or the next free one.
CREATE TABLE event (
    event_id INTEGER NOT NULL PRIMARY KEY,
    at_us INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- The last reservation got nothing: a call that ends while nobody meters it ended for want of credit.
ALTER TABLE call ADD COLUMN exhausted INTEGER NOT NULL DEFAULT 0;
