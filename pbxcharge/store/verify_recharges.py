"""Rules of calls that were charged anew: every row that a statement returns breaks its rule."""

from pbxcharge.store.verify_rule import RESTORE, TAMPERED, Rule

_STEPS = """
WITH step (call_id, wallet_id, revision, before_micros, after_micros) AS (
    SELECT call_id, wallet_id, revision, coalesce(
        lag(charge_micros) OVER (PARTITION BY call_id, level ORDER BY revision),
        (
            SELECT charge_micros FROM cdr_level
            WHERE cdr_level.call_id = recharge_level.call_id
              AND cdr_level.level = recharge_level.level
        )
    ), charge_micros
    FROM recharge_level
)
"""
"""What each correction of a level found, and what it left."""

RECHARGES = (
    Rule(
        "recharge_missing",
        "the corrections of a record are counted up from 1",
        TAMPERED,
        """
        SELECT call_id, count(*) || ' revisions', 'the last is ' || max(revision) FROM recharge
        GROUP BY call_id HAVING count(*) <> max(revision) OR min(revision) <> 1
        """,
    ),
    Rule(
        "recharge_level_differs",
        "a correction says of each level of the record what it pays, and of no other",
        TAMPERED,
        """
        SELECT recharge.call_id, 'revision ' || recharge.revision, paid.wallet_id
        FROM recharge
        JOIN cdr_level AS paid ON paid.call_id = recharge.call_id
        LEFT JOIN recharge_level AS anew
            ON anew.call_id = paid.call_id AND anew.level = paid.level
            AND anew.revision = recharge.revision
        WHERE (anew.account_id, anew.wallet_id, anew.plan)
            IS NOT (paid.account_id, paid.wallet_id, paid.plan)
        UNION ALL
        SELECT anew.call_id, 'revision ' || anew.revision, anew.wallet_id
        FROM recharge_level AS anew
        LEFT JOIN cdr_level AS paid ON paid.call_id = anew.call_id AND paid.level = anew.level
        WHERE paid.call_id IS NULL
        """,
    ),
    Rule(
        "recharge_charge_differs",
        "what a correction charges is what its first level pays",
        RESTORE,
        """
        SELECT recharge.call_id, 'revision ' || recharge.revision, recharge.charge_micros,
            'level ' || coalesce(level.charge_micros, 0)
        FROM recharge LEFT JOIN recharge_level AS level
            ON level.call_id = recharge.call_id AND level.revision = recharge.revision
            AND level.level = 0
        WHERE recharge.charge_micros <> coalesce(level.charge_micros, 0)
        """,
    ),
    Rule(
        "recharge_entry_differs",
        "where a correction changes what a level pays, its wallet is charged anew, once",
        RESTORE,
        f"""
        {_STEPS}
        SELECT step.call_id, step.wallet_id, 'revision ' || revision, after_micros,
            'entry ' || coalesce(-entry.amount_micros, 0)
        FROM step LEFT JOIN entry
            ON entry.entry_id
                = 'charge:' || step.call_id || ':' || step.wallet_id || ':' || revision
        WHERE coalesce(-entry.amount_micros, 0)
            <> CASE WHEN before_micros = after_micros THEN 0 ELSE after_micros END
        UNION ALL
        SELECT entry.call_id, entry.wallet_id, 'no correction', 0, 'entry ' || -amount_micros
        FROM entry
        WHERE entry.kind = 'charge' AND entry.counts_at_us IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM step
            WHERE step.call_id = entry.call_id AND entry.entry_id
                = 'charge:' || step.call_id || ':' || step.wallet_id || ':' || revision
        )
        """,
    ),
    Rule(
        "recharge_sum_differs",
        "of all that a call was charged in a wallet, only its last charge is not taken back",
        RESTORE,
        """
        SELECT level.call_id, level.wallet_id, 'record ' || level.charge_micros,
            'entries ' || -sum(entry.amount_micros)
        FROM recharge
        CROSS JOIN entry ON entry.call_id = recharge.call_id
        CROSS JOIN cdr_level_now AS level
            ON level.call_id = entry.call_id AND level.wallet_id = entry.wallet_id
        WHERE recharge.revision = 1 AND entry.kind IN ('charge', 'reversal')
        GROUP BY level.call_id, level.wallet_id
        HAVING level.charge_micros <> -sum(entry.amount_micros)
        """,
    ),
    Rule(
        "charge_counts_elsewhere",
        "a corrected charge counts for the limits of spending where the call was charged first",
        TAMPERED,
        """
        SELECT entry.entry_id, entry.counts_at_us FROM entry
        LEFT JOIN cdr ON cdr.call_id = entry.call_id
        LEFT JOIN entry AS undone ON undone.entry_id = entry.reverses
        WHERE entry.counts_at_us IS NOT NULL AND entry.counts_at_us IS NOT CASE entry.kind
            WHEN 'reversal' THEN coalesce(undone.counts_at_us, undone.at_us)
            ELSE cdr.ended_at_us
        END
        UNION ALL
        SELECT undo.entry_id, 'no instant' FROM entry AS undo
        JOIN entry AS undone ON undone.entry_id = undo.reverses
        WHERE undo.kind = 'reversal' AND undone.kind = 'charge' AND undo.counts_at_us IS NULL
        """,
    ),
)
