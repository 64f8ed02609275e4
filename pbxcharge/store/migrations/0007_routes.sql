-- Numbers may leave by several trunks, one after another.

-- name: call.trunks
-- purpose: the names of the trunks that a call may take, in the order in which they are tried.
ALTER TABLE call ADD COLUMN trunks TEXT NOT NULL DEFAULT '[]' CHECK (json_type(trunks) = 'array');
