"""Rules of wallets, entries and holds: every row that a statement returns breaks its rule."""

from pbxcharge.store.verify_rule import RESTORE, SETTLE, TAMPERED, Rule

MONEY = (
    Rule(
        "balance_differs",
        "a balance is the sum of its entries",
        RESTORE,
        """
        SELECT wallet.wallet_id, 'balance ' || balance_micros,
            'entries ' || coalesce(sum(entry.amount_micros), 0)
        FROM wallet LEFT JOIN entry ON entry.wallet_id = wallet.wallet_id
        GROUP BY wallet.wallet_id
        HAVING balance_micros <> coalesce(sum(entry.amount_micros), 0)
        """,
    ),
    Rule(
        "closed_wallet_used",
        "nothing is in a wallet that others have taken the place of, and nobody spends from it",
        "move its balance by adjustments",
        """
        SELECT wallet_id, 'balance ' || balance_micros, 'floor ' || floor_micros FROM wallet
        WHERE closed AND (balance_micros <> 0 OR floor_micros <> 0)
        UNION ALL
        SELECT wallet.wallet_id, 'held by', hold.call_id
        FROM wallet
        JOIN hold_line ON hold_line.wallet_id = wallet.wallet_id
        JOIN hold ON hold.call_id = hold_line.call_id
        WHERE closed AND hold.state = 'pending'
        """,
    ),
    Rule(
        "conversion_differs",
        "what a conversion takes from an account's wallets it puts into others of the account",
        TAMPERED,
        """
        SELECT account_id, at_us, sum(amount_micros)
        FROM entry JOIN wallet ON wallet.wallet_id = entry.wallet_id
        WHERE entry_id GLOB 'convert:*'
        GROUP BY account_id, at_us HAVING sum(amount_micros) <> 0
        """,
    ),
    Rule(
        "entry_missing",
        "entries are numbered without a gap",
        TAMPERED,
        """
        SELECT 'after entry ' || seq FROM entry AS before
        WHERE seq < (SELECT max(seq) FROM entry)
          AND NOT EXISTS (SELECT 1 FROM entry AS next WHERE next.seq = before.seq + 1)
        UNION ALL
        SELECT 'before entry ' || min(seq) FROM entry HAVING min(seq) > 1
        """,
    ),
    Rule(
        "entry_sign",
        "charges, fees and penalties take; top-ups, refunds, credits and initial credit give",
        TAMPERED,
        """
        SELECT entry_id, kind, amount_micros FROM entry
        WHERE CASE kind
            WHEN 'charge' THEN amount_micros >= 0
            WHEN 'fee' THEN amount_micros > 0
            WHEN 'penalty' THEN amount_micros > 0
            WHEN 'credit' THEN amount_micros < 0
            WHEN 'top_up' THEN amount_micros <= 0
            WHEN 'refund' THEN amount_micros <= 0
            WHEN 'initial' THEN amount_micros < 0
        END
        """,
    ),
    Rule(
        "entry_kind",
        "an entry is of a known kind and says who made it",
        TAMPERED,
        """
        SELECT entry_id, kind, actor FROM entry
        WHERE actor = '' OR kind NOT IN (
            'initial', 'top_up', 'charge', 'fee', 'credit', 'penalty', 'refund', 'adjustment',
            'reversal'
        )
        """,
    ),
    Rule(
        "initial_twice",
        "initial credit is granted once per wallet, ever",
        "take the second one back by a reversal",
        """
        SELECT wallet_id, count(*) || ' times' FROM entry WHERE kind = 'initial'
        GROUP BY wallet_id HAVING count(*) > 1
        """,
    ),
    Rule(
        "reversal_differs",
        "a reversal takes back exactly what the entry that it names moved",
        TAMPERED,
        """
        SELECT undo.entry_id, undo.amount_micros, 'of', undone.amount_micros
        FROM entry AS undo LEFT JOIN entry AS undone ON undone.entry_id = undo.reverses
        WHERE undo.kind = 'reversal' AND (
            undone.entry_id IS NULL OR undo.wallet_id <> undone.wallet_id
            OR undo.amount_micros <> -undone.amount_micros OR undo.seq < undone.seq
        )
        """,
    ),
    Rule(
        "reversed_twice",
        "an entry is reversed once",
        "take the second one back by an adjustment",
        """
        SELECT reverses, count(*) || ' times' FROM entry WHERE kind = 'reversal'
        GROUP BY reverses HAVING count(*) > 1
        """,
    ),
    Rule(
        "refund_too_high",
        "no more is given back than was charged, to the wallet that paid",
        "take what is too much back by an adjustment",
        """
        WITH given (call_id, wallet_id, micros, elsewhere) AS (
            SELECT paid.call_id, paid.wallet_id, sum(back.amount_micros),
                max(back.wallet_id <> paid.wallet_id)
            FROM entry AS back JOIN entry AS paid ON paid.entry_id = back.reverses
            WHERE back.kind = 'refund'
            GROUP BY paid.call_id, paid.wallet_id
        ), counted AS (
            SELECT given.*, (
                SELECT coalesce(-sum(amount_micros), 0) FROM entry
                WHERE entry.call_id = given.call_id AND entry.wallet_id = given.wallet_id
                  AND entry.kind IN ('charge', 'reversal')
            ) AS charged
            FROM given
        )
        SELECT call_id, wallet_id, 'charged ' || charged, 'given back ' || micros FROM counted
        WHERE micros > charged OR elsewhere
        """,
    ),
    Rule(
        "currency_differs",
        "one currency per site",
        TAMPERED,
        """
        SELECT 'wallet', wallet_id, currency FROM wallet
        WHERE currency IS NOT (SELECT value FROM meta WHERE key = 'currency')
        UNION ALL
        SELECT 'cdr', call_id, currency FROM cdr
        WHERE currency IS NOT (SELECT value FROM meta WHERE key = 'currency')
        """,
    ),
)

HOLDS = (
    Rule(
        "hold_missing",
        "an open call holds credit",
        SETTLE,
        """
        SELECT call.call_id FROM call LEFT JOIN hold ON hold.call_id = call.call_id
        WHERE call.state = 'open' AND hold.state IS NOT 'pending'
        """,
    ),
    Rule(
        "hold_reopened",
        "only an open call holds credit",
        SETTLE,
        """
        SELECT hold.call_id, coalesce('call ' || call.state, 'no call')
        FROM hold LEFT JOIN call ON call.call_id = hold.call_id
        WHERE hold.state = 'pending' AND call.state IS NOT 'open'
        """,
    ),
    Rule(
        "hold_without_charge",
        "a hold is posted with a charge",
        RESTORE,
        """
        SELECT call_id FROM hold WHERE state = 'posted' AND NOT EXISTS (
            SELECT 1 FROM entry WHERE entry.call_id = hold.call_id AND entry.kind = 'charge'
              AND entry.counts_at_us IS NULL
        )
        """,
    ),
    Rule(
        "charge_without_hold",
        "a charge posts the hold of its call, in one of the wallets that held, once",
        TAMPERED,
        """
        SELECT entry.entry_id, coalesce('hold ' || hold.state, 'no hold')
        FROM entry
        LEFT JOIN hold ON hold.call_id = entry.call_id
        LEFT JOIN hold_line
            ON hold_line.call_id = entry.call_id AND hold_line.wallet_id = entry.wallet_id
        WHERE entry.kind = 'charge' AND entry.counts_at_us IS NULL AND (
            hold.state IS NOT 'posted' OR hold_line.wallet_id IS NULL
            OR entry.entry_id <> 'charge:' || entry.call_id || ':' || entry.wallet_id
        )
        """,
    ),
    Rule(
        "charge_above_hold",
        "a charge never exceeds what was held",
        RESTORE,
        """
        SELECT entry.entry_id, -entry.amount_micros, 'held ' || hold_line.amount_micros
        FROM entry JOIN hold_line
            ON hold_line.call_id = entry.call_id AND hold_line.wallet_id = entry.wallet_id
        WHERE entry.kind = 'charge' AND entry.counts_at_us IS NULL
          AND -entry.amount_micros > hold_line.amount_micros
        """,
    ),
)
