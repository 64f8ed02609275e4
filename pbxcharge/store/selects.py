"""What is asked of the books: one named statement for each question."""

from pbxcharge.store import rows

# What an account without a main product has of products is not even looked for.
_ACCOUNT = """
    account.account_id, account.kind, account.parent_id, account.name, plan, status, code,
    time_zone, account.product, managed_by, suspensions, expires_at_us,
    CASE WHEN account.product IS NOT NULL THEN (
        SELECT json_group_array(
            json_array(had.assignment_id, had.product, had.kind, had.from_us, had.until_us)
        )
        FROM product_assignment AS had WHERE had.account_id = account.account_id
    ) END,
    CASE WHEN account.product IS NOT NULL THEN (
        SELECT json_group_array(json_array(feature, "on", json(attributes)))
        FROM feature_override AS own WHERE own.account_id = account.account_id
    ) END,
    account.discounts
"""

SCOPE = """
WITH RECURSIVE scope (account_id) AS (
    SELECT account_id FROM account
    WHERE (:scope IS NULL AND parent_id IS NULL) OR account_id = :scope
    UNION
    SELECT account.account_id FROM account JOIN scope ON account.parent_id = scope.account_id
)
"""
"""An account and everything below it."""

PAYER = f"""
WITH RECURSIVE chain (account_id, depth) AS (
    SELECT account_id, 0 FROM extension WHERE endpoint = :endpoint
    UNION
    SELECT account.parent_id, depth + 1
    FROM chain JOIN account ON account.account_id = chain.account_id
    WHERE account.parent_id IS NOT NULL AND depth < 100
)
SELECT extension.endpoint, extension.number, extension.account_id, {_ACCOUNT}
FROM chain
JOIN account ON account.account_id = chain.account_id
JOIN extension ON extension.endpoint = :endpoint
ORDER BY depth
"""
"""Who owns an endpoint, up to the top of the tree."""

ACCOUNT = f"SELECT {_ACCOUNT} FROM account WHERE account_id = :account_id"
"""One account."""

ACCOUNTS_NAMED = f"""
SELECT {_ACCOUNT} FROM account WHERE account_id IN (SELECT value FROM json_each(:account_ids))
"""
"""Several accounts."""

PHONES_NAMED = """
SELECT endpoint, number, account_id FROM extension
WHERE endpoint IN (SELECT value FROM json_each(:endpoints))
"""
"""Several phones."""

PHONES_IN = """
SELECT endpoint, number, extension.account_id
FROM json_each(:organization_ids) AS organization
CROSS JOIN account ON account.parent_id = organization.value
CROSS JOIN extension ON extension.account_id = account.account_id
"""
"""The phones of several organizations."""

DIDS_NAMED = """
SELECT number, account_id, endpoint, context FROM did
WHERE number IN (SELECT value FROM json_each(:numbers))
"""
"""Several numbers of the public network."""

ACCOUNTS = f"""
{SCOPE}
SELECT {_ACCOUNT} FROM account JOIN scope ON scope.account_id = account.account_id
ORDER BY account.account_id
"""
"""The accounts of a subtree."""

ACCOUNTS_OF_PLAN = f"SELECT {_ACCOUNT} FROM account WHERE plan = :plan ORDER BY account_id"
"""Who is charged by a plan."""

ACCOUNTS_OFF_PRODUCT = f"""
SELECT {_ACCOUNT} FROM account
WHERE account.product IS NOT NULL AND status <> 'closed'
  AND plan IS NOT (SELECT value FROM json_each(:plans) WHERE key = account.product)
  AND account.product IN (SELECT key FROM json_each(:plans))
ORDER BY account_id LIMIT :limit
"""
"""Accounts that are charged by another plan than their main product names."""

PLAN_USERS = """
SELECT plan, count(*) FROM account
WHERE plan IS NOT NULL AND status <> 'closed'
GROUP BY plan ORDER BY plan
"""
"""How many accounts each plan charges."""

PLAN_LEVELS = """
WITH RECURSIVE tree (account_id, plan, status, above) AS (
    SELECT account_id, plan, status, NULL FROM account WHERE parent_id IS NULL
    UNION ALL
    SELECT account.account_id, account.plan, account.status, coalesce(tree.plan, tree.above)
    FROM tree JOIN account ON account.parent_id = tree.account_id
)
SELECT plan, above, count(*) FROM tree
WHERE plan IS NOT NULL AND status <> 'closed'
GROUP BY plan, above ORDER BY plan, above
"""
"""How many accounts each plan charges, by the next plan that is charged above them."""

ENDPOINTS = "SELECT endpoint FROM extension ORDER BY endpoint LIMIT :limit"
"""The phones of the site."""

PHONES_WITH_PRODUCTS = f"""
SELECT extension.endpoint, extension.number, extension.account_id, {_ACCOUNT}
FROM account CROSS JOIN extension ON extension.account_id = account.account_id
WHERE account.product IS NOT NULL
"""
"""The phones whose owners have a main product."""

PHONES_NUMBERED = """
SELECT endpoint, number, account_id FROM extension
WHERE number IN (SELECT value FROM json_each(:numbers)) ORDER BY number, endpoint
"""
"""The phones of the site that have one of these numbers, whatever their organization."""

EXTENSIONS = f"""
{SCOPE}
SELECT endpoint, number, extension.account_id
FROM extension JOIN scope ON scope.account_id = extension.account_id
ORDER BY extension.account_id, number
"""
"""The phones of a subtree."""

PHONES = """
SELECT endpoint, number, extension.account_id
FROM account JOIN extension ON extension.account_id = account.account_id
WHERE account.parent_id = :organization_id
"""
"""The phones of an organization's users."""

PHONE = """
SELECT endpoint, number, extension.account_id
FROM extension JOIN account ON account.account_id = extension.account_id
WHERE number = :number AND account.parent_id = :organization_id
"""
"""The phone of an organization that has a number."""

CODES = "SELECT code, account_id FROM account WHERE code IS NOT NULL"
"""Organizations by the codes that others dial."""

DID_NUMBERS = "SELECT number FROM did ORDER BY number"
"""Every number of the public network that reaches this PBX."""

DID = "SELECT number, account_id, endpoint, context FROM did WHERE number = :number"
"""One of them."""

CHAIN = f"""
WITH RECURSIVE chain (account_id, depth) AS (
    SELECT :account_id, 0
    UNION
    SELECT account.parent_id, depth + 1
    FROM chain JOIN account ON account.account_id = chain.account_id
    WHERE account.parent_id IS NOT NULL AND depth < 100
)
SELECT {_ACCOUNT} FROM chain JOIN account ON account.account_id = chain.account_id ORDER BY depth
"""
"""An account and every account above it."""

DIDS = f"""
{SCOPE}
SELECT number, did.account_id, endpoint, context
FROM did JOIN scope ON scope.account_id = did.account_id
ORDER BY number
"""
"""The numbers of a subtree."""

WALLETS = """
WITH held (wallet_id, calls, amount_micros) AS (
    SELECT wallet_id, count(*), sum(amount_micros)
    FROM hold JOIN hold_line ON hold_line.call_id = hold.call_id
    WHERE hold.state = 'pending'
    GROUP BY wallet_id
)
SELECT wallet.wallet_id, account_id, kind, balance_micros, floor_micros, closed, unit,
    coalesce(held.calls, 0), coalesce(held.amount_micros, 0)
FROM wallet LEFT JOIN held ON held.wallet_id = wallet.wallet_id
WHERE account_id IN (SELECT value FROM json_each(:account_ids)) AND kind <> 'allowance'
ORDER BY account_id, kind DESC
"""
"""Wallets of money with what live calls hold in them."""

ALLOWANCES = WALLETS.replace("kind <> 'allowance'", "kind = 'allowance'")
"""What is used of the quotas of accounts, with what live calls hold of them."""

LEDGER_OF_SITE = f"""
SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE
    CASE WHEN :wallet_id IS NOT NULL THEN wallet_id = :wallet_id
        ELSE (SELECT kind FROM wallet WHERE wallet.wallet_id = entry.wallet_id) <> 'allowance' END
ORDER BY seq DESC LIMIT :limit
"""
"""The newest entries of the site."""

# CROSS JOIN: from the few to the many, also where there are no statistics yet.
LEDGER = f"""
{SCOPE}
SELECT {rows.ENTRY_COLUMNS}
FROM scope
CROSS JOIN wallet ON wallet.account_id = scope.account_id
CROSS JOIN entry ON entry.wallet_id = wallet.wallet_id
WHERE CASE WHEN :wallet_id IS NULL THEN wallet.kind <> 'allowance'
    ELSE wallet.wallet_id = :wallet_id END
ORDER BY entry.seq DESC LIMIT :limit
"""
"""The newest entries of a subtree's wallets."""

ENTRY = f"SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE entry_id = :entry_id"
"""One entry."""

ENTRIES_NAMED = f"""
SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE entry_id IN (SELECT value FROM json_each(:entry_ids))
"""
"""Several entries."""

CDRS_OF_SITE = f"""
SELECT {rows.CDR_COLUMNS}, revision FROM cdr_now AS cdr
WHERE setup_at_us >= :since_us AND setup_at_us < :until_us
  AND (:disposition IS NULL OR disposition = :disposition)
ORDER BY setup_at_us DESC, call_id DESC LIMIT :limit
"""
"""The newest records of the site, also of attempts that are nobody's."""

CDRS = f"""
{SCOPE}
SELECT {rows.CDR_COLUMNS}, revision
FROM scope CROSS JOIN cdr_now AS cdr ON cdr.account_id = scope.account_id
WHERE setup_at_us >= :since_us AND setup_at_us < :until_us
  AND (:disposition IS NULL OR disposition = :disposition)
ORDER BY setup_at_us DESC, cdr.call_id DESC LIMIT :limit
"""
"""The newest records of a subtree."""

CDR = f"SELECT {rows.CDR_COLUMNS} FROM cdr WHERE call_id = :call_id"
"""One record."""

HAS_ATTEMPT = """
SELECT 1 FROM cdr
WHERE setup_at_us BETWEEN :since_us AND :until_us
  AND caller_uniqueid = :caller_uniqueid AND pbx = :pbx
LIMIT 1
"""
"""Whether a channel has a record of that time."""

CDR_LEVELS = """
SELECT call_id, account_id, wallet_id, plan, plan_version, prefix, destination, charge_micros
FROM cdr_level WHERE call_id IN (SELECT value FROM json_each(:call_ids))
ORDER BY call_id, level
"""
"""What each level pays, of several records, as they were written."""

CDR_LEVELS_NOW = CDR_LEVELS.replace("FROM cdr_level", "FROM cdr_level_now")
"""The same, as the latest revision of each record says."""

RATING = "SELECT body FROM rating WHERE rating_id = :rating_id"
"""What calls are priced with."""

OPEN_CALLS = f"""
SELECT {rows.CALL_COLUMNS}, rating.body, hold.step, hold.through_s, hold.coverage
FROM call
JOIN rating USING (rating_id)
JOIN hold ON hold.call_id = call.call_id AND hold.state = 'pending'
WHERE call.state = 'open'
ORDER BY call.call_id
"""
"""Every call that was granted and not settled, with its hold."""

HOLD = f"""
SELECT {rows.HOLD_COLUMNS}
FROM hold LEFT JOIN hold_line ON hold_line.call_id = hold.call_id
WHERE hold.call_id = :call_id
ORDER BY hold.call_id, level
"""
"""The hold of a call."""

EVENTS = """
SELECT event_id, at_us, body FROM event WHERE event_id > :after AND event_id <= :until
ORDER BY event_id LIMIT :limit
"""
"""The next lines of the live cost log."""

EVENT_IDS = "SELECT coalesce(min(event_id), 0), coalesce(max(event_id), 0) FROM event"
"""The first and the last line that are kept."""

CURRENCY = "SELECT value FROM meta WHERE key = 'currency'"
"""The one currency that the books are kept in."""

PBX_SEEN = "SELECT at_us FROM pbx_seen WHERE pbx = :pbx"
"""A PBX's last proof of life."""
