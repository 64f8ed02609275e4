"""What a row wants: the account, the phone or the number as it is to be, from what it is now."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.imported import NONE, ImportRow, Subject
from pbxcharge.core.product import Product
from pbxcharge.flow.acts import Declined, Refusal

Word = TypeVar("Word", bound=StrEnum)
NEEDED = {Subject.EXTENSION: ("number", "account"), Subject.DID: ("account",)}
"""What a new phone or number cannot do without."""


def wanted_account(
    row: ImportRow, before: Account | None, products: Mapping[str, Product]
) -> Account:
    """The account with what the row says; a new one without a kind is a user if it has a parent.

    Who gets another main product is charged by that product's plan.
    """
    cells = row.cells
    kind = AccountKind.USER if "parent" in cells else AccountKind.ORGANIZATION
    start = before or Account(row.id, kind, cells.get("parent"), row.id, None, AccountStatus.ACTIVE)
    product = _or_none(cells.get("product"), start.product)
    plan = _or_none(_own_plan(row), start.plan)
    if product != start.product and _own_plan(row) is None:
        plan = products[product].plain_plan if product and product in products else None
    return replace(
        start,
        kind=_word(AccountKind, cells.get("kind")) or start.kind,
        parent_id=cells.get("parent", start.parent_id),
        name=cells.get("name", start.name),
        plan=plan,
        product=product,
        code=_or_none(cells.get("code"), start.code),
        time_zone=_or_none(cells.get("time_zone"), start.time_zone),
        status=_word(AccountStatus, cells.get("status")) or start.status,
    )


def wanted_extension(row: ImportRow, before: Extension | None) -> Extension:
    """The phone with what the row says."""
    number = before.number if before else ""
    account_id = before.account_id if before else ""
    cells = row.cells
    return Extension(row.id, cells.get("number", number), cells.get("account", account_id))


def wanted_did(row: ImportRow, before: Did | None) -> Did:
    """The number with what the row says; a phone takes the place of a context, and the reverse."""
    cells = row.cells
    account_id = cells.get("account", before.account_id if before else "")
    if before is None or "endpoint" in cells or "context" in cells:
        return Did(row.id, account_id, cells.get("endpoint"), cells.get("context"))
    return replace(before, number=row.id, account_id=account_id)


def missing_columns(row: ImportRow) -> Iterator[Declined]:
    """What a new phone or number must say and does not."""
    for column in NEEDED.get(row.subject, ()):
        if column not in row.cells:
            yield Declined(
                Refusal.NAME_INVALID, "is missing", f"a new {row.subject} needs it", column
            )


def against_words(row: ImportRow) -> Iterator[Declined]:
    """Words of an account's row that are none."""
    for column, words in (("kind", AccountKind), ("status", AccountStatus)):
        text = row.cells.get(column)
        if text is not None and _word(words, text) is None:
            hint = f"write {' or '.join(words)}"
            yield Declined(Refusal.NAME_INVALID, f"{text[:40]!r} is not known here", hint, column)


def against_moving(before: Account, after: Account) -> Iterator[Declined]:
    """An account stays what it is, and where it is in the tree."""
    if after.kind is not before.kind:
        message = f"{before.account_id} is of the kind {before.kind}"
        yield Declined(Refusal.EXISTS_OTHERWISE, message, "an account keeps its kind", "kind")
    if after.parent_id != before.parent_id:
        message = f"{before.account_id} belongs to {before.parent_id or 'the site'}"
        hint = "an account stays where it was added"
        yield Declined(Refusal.EXISTS_OTHERWISE, message, hint, "parent")


def against_both(row: ImportRow, after: Account) -> Iterator[Declined]:
    """An account has a plan of its own, or a main product."""
    if after.product is not None and _own_plan(row) is not None:
        message = f"{after.account_id} is charged by the plan of its product {after.product}"
        hint = "leave the plan blank; product none takes the product away"
        yield Declined(Refusal.PRODUCT_DECIDES, message, hint, "plan")


def _own_plan(row: ImportRow) -> str | None:
    """The plan that a row names; beside a product, no plan is what there is anyway."""
    plan = row.cells.get("plan")
    return None if plan == NONE and row.cells.get("product", NONE) != NONE else plan


def _word(words: type[Word], text: str | None) -> Word | None:
    return words(text) if text is not None and text in list(words) else None


def _or_none(text: str | None, before: str | None) -> str | None:
    """What a cell says; a cell that says nothing leaves it, the word `none` takes it away."""
    return before if text is None else None if text == NONE else text
