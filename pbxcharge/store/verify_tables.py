"""Rules of the books that one statement each can check: every row it returns breaks the rule."""

from dataclasses import dataclass

RESTORE = "restore the last good copy, or correct the balance by an adjustment that says why"
SETTLE = "restart the daemon: it settles what is open; if this stays, report it"
TAMPERED = "somebody wrote beside pbxcharge; compare with the last good copy"


@dataclass(frozen=True, slots=True)
class Rule:
    """A statement whose rows break a rule; its columns, joined, say where."""

    code: str
    what: str
    hint: str
    sql: str


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
        "a charge takes, a top-up, a refund and an initial credit give",
        TAMPERED,
        """
        SELECT entry_id, kind, amount_micros FROM entry
        WHERE CASE kind
            WHEN 'charge' THEN amount_micros >= 0
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
        SELECT charge.entry_id, 'charged ' || -charge.amount_micros,
            'given back ' || sum(back.amount_micros)
        FROM entry AS back JOIN entry AS charge ON charge.entry_id = back.reverses
        WHERE back.kind = 'refund'
        GROUP BY charge.entry_id
        HAVING sum(back.amount_micros) > -charge.amount_micros
            OR max(back.wallet_id <> charge.wallet_id)
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
        WHERE entry.kind = 'charge' AND (
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
        WHERE entry.kind = 'charge' AND -entry.amount_micros > hold_line.amount_micros
        """,
    ),
)

CALLS = (
    Rule(
        "cdr_missing",
        "a closed call has its record",
        RESTORE,
        """
        SELECT call.call_id FROM call
        LEFT JOIN cdr ON cdr.call_id = call.call_id
        WHERE call.state = 'closed' AND cdr.call_id IS NULL
        """,
    ),
    Rule(
        "cdr_too_early",
        "an open call has no record yet",
        SETTLE,
        """
        SELECT call.call_id FROM call JOIN cdr ON cdr.call_id = call.call_id
        WHERE call.state = 'open'
        """,
    ),
    Rule(
        "cdr_without_call",
        "a record that was priced belongs to a call that was granted",
        TAMPERED,
        """
        SELECT cdr.call_id FROM cdr LEFT JOIN call ON call.call_id = cdr.call_id
        WHERE cdr.rating_id IS NOT NULL AND call.rating_id IS NOT cdr.rating_id
        """,
    ),
    Rule(
        "leg_twice",
        "a leg has one record",
        TAMPERED,
        """
        SELECT 'leg', pbx || ' ' || uniqueid, count(*) || ' times' FROM cdr
        WHERE uniqueid IS NOT NULL
        GROUP BY pbx, uniqueid HAVING count(*) > 1
        """,
    ),
    Rule(
        "cdr_entry_differs",
        "what a level pays is what its wallet was charged",
        RESTORE,
        """
        SELECT level.call_id, level.wallet_id, 'record ' || level.charge_micros,
            'entry ' || coalesce(-entry.amount_micros, 0)
        FROM cdr_level AS level LEFT JOIN entry
            ON entry.entry_id = 'charge:' || level.call_id || ':' || level.wallet_id
        WHERE level.charge_micros <> coalesce(-entry.amount_micros, 0)
        UNION ALL
        SELECT entry.call_id, entry.wallet_id, 'no record', 'entry ' || -entry.amount_micros
        FROM entry LEFT JOIN cdr_level AS level
            ON level.call_id = entry.call_id AND level.wallet_id = entry.wallet_id
        WHERE entry.kind = 'charge' AND level.call_id IS NULL
        """,
    ),
    Rule(
        "cdr_charge_differs",
        "a record's charge is what its first level pays, and only levels pay",
        RESTORE,
        """
        SELECT cdr.call_id, cdr.charge_micros, 'level ' || coalesce(level.charge_micros, 0)
        FROM cdr LEFT JOIN cdr_level AS level ON level.call_id = cdr.call_id AND level.level = 0
        WHERE cdr.charge_micros <> coalesce(level.charge_micros, 0)
        """,
    ),
    Rule(
        "cdr_account_differs",
        "a record names the account that its wallet belongs to",
        TAMPERED,
        """
        SELECT level.call_id, level.wallet_id, level.account_id
        FROM cdr_level AS level
        LEFT JOIN wallet ON wallet.wallet_id = level.wallet_id
        WHERE wallet.account_id IS NOT level.account_id
        """,
    ),
    Rule(
        "cdr_times",
        "an answered call has an answer and a later end; another has no talk",
        TAMPERED,
        """
        SELECT call_id, disposition FROM cdr
        WHERE CASE WHEN disposition = 'ANSWERED'
            THEN answered_at_us IS NULL OR ended_at_us IS NULL OR talk_s < 1
                OR (ended_at_us < answered_at_us - 2000000 AND end_source = 'event'
                    AND clock = 'ok')
            ELSE answered_at_us IS NOT NULL OR talk_s <> 0 OR charge_micros <> 0
        END
        """,
    ),
)

ACCOUNTS = (
    Rule(
        "account_unreachable",
        "every account stands below the site",
        TAMPERED,
        """
        WITH RECURSIVE reached (account_id) AS (
            SELECT account_id FROM account WHERE parent_id IS NULL
            UNION
            SELECT account.account_id
            FROM account JOIN reached ON account.parent_id = reached.account_id
        )
        SELECT account_id, 'below ' || parent_id FROM account
        WHERE account_id NOT IN (SELECT account_id FROM reached)
        """,
    ),
    Rule(
        "number_twice",
        "a number is unique in its organization",
        "give one of the extensions another number",
        """
        SELECT parent_id, number, count(*) || ' extensions'
        FROM extension JOIN account ON account.account_id = extension.account_id
        GROUP BY parent_id, number HAVING count(*) > 1
        """,
    ),
    Rule(
        "account_audit_differs",
        "an account is as its last change in the audit trail left it",
        TAMPERED,
        """
        SELECT account_id FROM account
        WHERE json_object(
            'kind', kind, 'parent_id', parent_id, 'name', name, 'plan', plan, 'status', status
        ) IS NOT (
            SELECT after FROM audit WHERE subject = 'account' AND subject_id = account_id
            ORDER BY seq DESC LIMIT 1
        )
        """,
    ),
    Rule(
        "extension_audit_differs",
        "an extension is as its last change in the audit trail left it",
        TAMPERED,
        """
        SELECT endpoint FROM extension
        WHERE json_object('number', number, 'account_id', account_id) IS NOT (
            SELECT after FROM audit WHERE subject = 'extension' AND subject_id = endpoint
            ORDER BY seq DESC LIMIT 1
        )
        """,
    ),
)

RULES = MONEY + HOLDS + CALLS + ACCOUNTS
