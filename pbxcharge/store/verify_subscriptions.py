"""Rules of products, subscriptions and their records: a row that is returned breaks its rule."""

import sqlite3
from collections.abc import Iterator

from pbxcharge.core.plan_history import version_of
from pbxcharge.store.finding import Finding
from pbxcharge.store.verify_rule import RESTORE, TAMPERED, Rule

SUBSCRIPTIONS = (
    Rule(
        "xdr_entry_differs",
        "each fee, credit and penalty in the ledger has its record, which says the same of it",
        RESTORE,
        """
        SELECT coalesce(xdr_id, entry_id), coalesce('record ' || xdr.amount_micros, 'no record'),
            coalesce('entry ' || entry.amount_micros, 'no entry')
        FROM (
            SELECT * FROM entry WHERE kind IN ('fee', 'credit', 'penalty')
        ) AS entry
        FULL JOIN xdr ON xdr.xdr_id = entry.entry_id
        WHERE (entry.wallet_id, entry.amount_micros, entry.at_us) IS NOT
            (xdr.wallet_id, -xdr.amount_micros, xdr.booked_at_us)
            OR entry.kind IS NOT CASE xdr.kind
                WHEN 'activation' THEN 'fee'
                WHEN 'unused' THEN 'credit'
                ELSE xdr.kind
            END
        """,
    ),
    Rule(
        "xdr_subscription_differs",
        "a record is of the subscription's account, its plan, and a wallet of that account",
        TAMPERED,
        """
        SELECT xdr_id, xdr.account_id, xdr.subscription, xdr.wallet_id
        FROM xdr
        LEFT JOIN subscription_assignment AS assigned USING (assignment_id)
        LEFT JOIN wallet ON wallet.wallet_id = xdr.wallet_id
        WHERE (assigned.account_id, assigned.subscription, assigned.removed, wallet.account_id)
            IS NOT (xdr.account_id, xdr.subscription, 0, xdr.account_id)
        """,
    ),
    Rule(
        "xdr_version_missing",
        "the plan that a record was charged by is kept",
        TAMPERED,
        """
        SELECT xdr_id, xdr.subscription, xdr.version FROM xdr
        LEFT JOIN subscription_version AS kept
            ON kept.name = xdr.subscription AND kept.version = xdr.version
        WHERE kept.version IS NULL
        """,
    ),
    Rule(
        "bill_missing",
        "it is known how far each subscription is charged",
        TAMPERED,
        """
        SELECT assignment_id, subscription FROM subscription_assignment
        WHERE NOT removed AND assignment_id NOT IN (SELECT assignment_id FROM bill)
        """,
    ),
    Rule(
        "via_differs",
        "a subscription that came with a product is of the same account",
        TAMPERED,
        """
        SELECT assigned.assignment_id, assigned.account_id, product.account_id
        FROM subscription_assignment AS assigned
        JOIN product_assignment AS product ON product.assignment_id = assigned.via
        WHERE product.account_id <> assigned.account_id
        """,
    ),
    Rule(
        "main_product_differs",
        "an account has the main product that it is said to have, and one at a time",
        TAMPERED,
        """
        SELECT account.account_id, coalesce(account.product, 'none'),
            coalesce(group_concat(main.product), 'none')
        FROM account LEFT JOIN product_assignment AS main
            ON main.account_id = account.account_id AND main.kind = 'main' AND until_us IS NULL
        GROUP BY account.account_id
        HAVING group_concat(main.product) IS NOT account.product
        UNION ALL
        SELECT one.account_id, one.assignment_id, other.assignment_id
        FROM product_assignment AS one
        JOIN product_assignment AS other
            ON other.account_id = one.account_id AND other.assignment_id > one.assignment_id
        WHERE one.kind = 'main' AND other.kind = 'main'
            AND (other.until_us IS NULL OR one.from_us < other.until_us)
            AND (one.until_us IS NULL OR other.from_us < one.until_us)
        """,
    ),
    Rule(
        "account_life_differs",
        "an account is as its life left it",
        TAMPERED,
        """
        WITH last (account_id, aspect, said) AS (
            SELECT account_id, aspect, said FROM (
                SELECT account_id, max(seq),
                    CASE what WHEN 'became' THEN 'status' WHEN 'expires' THEN 'expiry'
                        ELSE reason END AS aspect,
                    CASE what WHEN 'became' THEN reason WHEN 'expires' THEN expires_at_us
                        ELSE what = 'suspended' END AS said
                FROM account_life GROUP BY account_id, aspect
            )
        ), now (account_id, aspect, said) AS (
            SELECT account_id, 'status', status FROM account
            UNION ALL SELECT account_id, 'expiry', expires_at_us FROM account
            UNION ALL
            SELECT account_id, value, instr(coalesce(suspensions, ''), value) <> 0
            FROM account JOIN json_each('["no_funds", "overdue"]')
        )
        SELECT now.account_id, aspect, now.said, 'life ' || coalesce(last.said, '')
        FROM now LEFT JOIN last USING (account_id, aspect)
        WHERE now.said IS NOT coalesce(last.said, CASE aspect
            WHEN 'status' THEN 'active' WHEN 'expiry' THEN NULL ELSE 0 END)
        """,
    ),
    Rule(
        "assignment_audit_differs",
        "what an account has is as its last change in the audit trail left it",
        TAMPERED,
        """
        WITH last (subject, subject_id, after) AS (
            SELECT subject, subject_id, after FROM (
                SELECT subject, subject_id, after, max(seq) FROM audit
                WHERE subject IN ('product', 'subscription', 'feature')
                GROUP BY subject, subject_id
            )
        ), now (subject, subject_id, said) AS (
            SELECT 'product', assignment_id, json_object(
                'account_id', account_id, 'product', product, 'kind', kind, 'from_us', from_us,
                'until_us', until_us
            ) FROM product_assignment
            UNION ALL
            SELECT 'subscription', assignment_id, json_object(
                'account_id', account_id, 'subscription', subscription, 'via', via,
                'adjustment_micros', adjustment_micros,
                'adjustment_percent', adjustment_percent, 'assigned_at_us', assigned_at_us,
                'starts_at_us', starts_at_us, 'first_used_at_us', first_used_at_us,
                'closed_at_us', closed_at_us, 'closing_known_us', closing_known_us,
                'removed', removed
            ) FROM subscription_assignment
            UNION ALL
            SELECT 'feature', account_id || ':' || feature, json_object(
                'on', "on", 'attributes', json(attributes), 'edited_by', edited_by
            ) FROM feature_override
        )
        SELECT coalesce(now.subject, last.subject), coalesce(now.subject_id, last.subject_id)
        FROM now FULL JOIN last
            ON last.subject = now.subject AND last.subject_id = now.subject_id
        WHERE now.said IS NOT last.after
        """,
    ),
)

VERSIONS = """
SELECT 'subscription', name, version, body FROM subscription_version
UNION ALL SELECT 'product', name, version, body FROM product_version
"""
"""Everything that is kept of subscription plans and products."""


def version_findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Versions that do not say what they said."""
    for kind, name, version, body in connection.execute(VERSIONS):
        if version_of(body) != version:
            what = "a version of a subscription plan or product is kept under the hash of its text"
            where = f"{kind} {name} {version}"
            yield Finding("subscription_version_changed", what, where, TAMPERED)
