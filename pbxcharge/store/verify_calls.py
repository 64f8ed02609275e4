"""Rules of calls, records and accounts: every row that a statement returns breaks its rule."""

from pbxcharge.store.verify_rule import RESTORE, SETTLE, TAMPERED, Rule

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
        JOIN wallet ON wallet.wallet_id = entry.wallet_id AND wallet.kind <> 'allowance'
        WHERE entry.kind = 'charge' AND entry.counts_at_us IS NULL AND level.call_id IS NULL
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
        "cdr_wallet_differs",
        "incoming calls are paid from incoming wallets, others from outgoing ones, or from shared",
        TAMPERED,
        """
        SELECT cdr.call_id, call_type, level.wallet_id
        FROM cdr
        JOIN cdr_level AS level ON level.call_id = cdr.call_id
        JOIN wallet ON wallet.wallet_id = level.wallet_id
        WHERE wallet.kind <> 'shared'
          AND (call_type = 'incoming') <> (wallet.kind = 'incoming')
        """,
    ),
    Rule(
        "cdr_direction_differs",
        "a call of type incoming comes from outside, every other one does not",
        TAMPERED,
        """
        SELECT call_id, call_type, direction FROM cdr
        WHERE (call_type = 'incoming') <> (direction = 'incoming')
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
        -- json_patch leaves out what is null: earlier releases did not write the code at all.
        WHERE json_patch('{}', json_object(
            'kind', kind, 'parent_id', parent_id, 'name', name, 'plan', plan, 'status', status,
            'code', code, 'time_zone', time_zone, 'product', product, 'managed_by', managed_by,
            'suspensions', suspensions, 'expires_at_us', expires_at_us, 'discounts', discounts
        )) IS NOT (
            SELECT json_patch('{}', after) FROM audit
            WHERE subject = 'account' AND subject_id = account_id
            ORDER BY seq DESC LIMIT 1
        )
        """,
    ),
    Rule(
        "did_audit_differs",
        "a DID is as its last change in the audit trail left it",
        TAMPERED,
        """
        SELECT coalesce(did.number, last.subject_id) FROM did
        FULL JOIN (
            SELECT subject_id, after, max(seq) FROM audit WHERE subject = 'did' GROUP BY subject_id
        ) AS last ON last.subject_id = did.number
        WHERE last.after IS NOT CASE WHEN did.number IS NOT NULL THEN
            json_object('account_id', account_id, 'endpoint', endpoint, 'context', context) END
        """,
    ),
    Rule(
        "did_elsewhere",
        "a DID rings a phone of its owner's organization",
        "remove the DID and add it to a user of that organization",
        """
        SELECT did.number, did.account_id, did.endpoint
        FROM did
        JOIN account AS owner ON owner.account_id = did.account_id
        JOIN extension ON extension.endpoint = did.endpoint
        JOIN account AS callee ON callee.account_id = extension.account_id
        WHERE owner.parent_id IS NOT callee.parent_id
        """,
    ),
    Rule(
        "code_ambiguous",
        "no organization's code is the beginning of another's",
        TAMPERED,
        """
        SELECT short.account_id, short.code, long.account_id, long.code
        FROM account AS short JOIN account AS long
            ON long.code > short.code AND long.code < short.code || ':'
        """,
    ),
    Rule(
        "wallet_missing",
        "who is charged by a plan has an outgoing and an incoming wallet, or a shared one",
        "start the daemon, which opens it",
        """
        SELECT account_id, plan FROM account WHERE plan IS NOT NULL AND 2 > (
            SELECT coalesce(sum(CASE kind WHEN 'shared' THEN 2 ELSE 1 END), 0) FROM wallet
            WHERE wallet.account_id = account.account_id AND NOT closed
              AND kind IN ('outgoing', 'incoming', 'shared')
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
