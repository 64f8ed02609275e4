-- What the limits of plans count is read back from the books after a restart: the calls of the last
-- minute from their holds, the spending of the last day from the charges.

-- name: hold.begun_at_us
-- purpose: when the call was allowed; 0 for calls from before there were limits.
ALTER TABLE hold ADD COLUMN begun_at_us INTEGER NOT NULL DEFAULT 0;
CREATE INDEX hold_begun ON hold (begun_at_us);

-- name: entry_charge
-- purpose: what a wallet was charged of late, without reading its whole past.
CREATE INDEX entry_charge ON entry (wallet_id, at_us, amount_micros) WHERE kind = 'charge';
