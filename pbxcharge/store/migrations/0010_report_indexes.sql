-- What reports add up beside the records: found without reading every charge of the ledger.

-- name: entry_refund
-- purpose: what was given back for a call.
CREATE INDEX entry_refund ON entry (call_id, wallet_id, amount_micros) WHERE kind = 'refund';

-- name: entry_top_up
-- purpose: what was paid into a wallet in a time.
CREATE INDEX entry_top_up ON entry (wallet_id, at_us, amount_micros) WHERE kind = 'top_up';
