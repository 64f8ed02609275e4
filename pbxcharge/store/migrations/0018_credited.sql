-- What the charging of subscriptions reads of the credits that were booked.

-- name: xdr_credit
-- purpose: what was credited with a fee is not credited once more when its period ends, also where
--   the fee was booked at the very midnight on which it was owed.
DROP INDEX xdr_late;
CREATE INDEX xdr_credit ON xdr (assignment_id, period_first, booked_at_us) WHERE kind = 'credit';
