"""What may be added: the rules between accounts, phones and numbers, one text for whoever adds.

Each names everything that is against it, the gravest first. They are given what they need to know,
so that one account is judged as ten thousand are.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind
from pbxcharge.core.plan import Plan
from pbxcharge.flow.acts import Declined, Refusal
from pbxcharge.flow.codes import Codes
from pbxcharge.flow.identity import malformed_account, malformed_extension, unknown_account

ABOVE_MAX = 50
"""So many accounts may stand above another."""


def first(against: Iterable[Declined]) -> Declined | None:
    """The gravest reason; None if there is none."""
    return next(iter(against), None)


def against_account(
    wanted: Account,
    parent: Account | None,
    plans: Mapping[str, Plan],
    codes: Codes,
    above: Sequence[str] = (),
) -> Iterator[Declined]:
    """What is against an account.

    Args:
        wanted: the account.
        parent: the account above that it names, None if there is no such account.
        plans: in force, by name.
        codes: of the other organizations.
        above: ids of every account above it.
    """
    yield from malformed_account(wanted)
    yield from against_parent(wanted, parent)
    if len(above) > ABOVE_MAX:
        message = f"{len(above)} accounts stand above it, {ABOVE_MAX} may"
        yield Declined(Refusal.OUT_OF_BOUNDS, message, field="parent")
    yield from against_plan(wanted.plan, plans, above)
    if wanted.code is not None:
        yield from codes.against(wanted.code)


def against_parent(wanted: Account, parent: Account | None) -> Iterator[Declined]:
    """A user belongs to an organization; all others to a service provider, or to the site."""
    user = wanted.kind is AccountKind.USER
    if parent is None:
        if user or wanted.parent_id is not None:
            yield unknown_account(wanted.parent_id or "", "parent")
    elif user and parent.kind is not AccountKind.ORGANIZATION:
        message = f"{parent.account_id} is a {parent.kind}"
        yield Declined(Refusal.NOT_AN_ORGANIZATION, message, "name an organization", "parent")
    elif not user and parent.kind is not AccountKind.SERVICE_PROVIDER:
        message = f"{parent.account_id} is a {parent.kind}"
        hint = "name a service provider, or no parent"
        yield Declined(Refusal.NOT_A_SERVICE_PROVIDER, message, hint, "parent")


def against_plan(
    plan: str | None, plans: Mapping[str, Plan], above: Collection[str] = ()
) -> Iterator[Declined]:
    """An account is charged by a plan in force that may be assigned below its owner, or by none.

    Args:
        plan: its name.
        plans: in force, by name.
        above: ids of every account above the one that is to be charged.
    """
    if plan is None:
        return
    if plan not in plans:
        known = ", ".join(sorted(plans)) or "none"
        yield Declined(
            Refusal.UNKNOWN_PLAN, f"there is no plan {plan!r}", f"known: {known}", "plan"
        )
    elif (owner := plans[plan].owner) is not None and owner not in above:
        message = f"plan {plan} is for the accounts below its owner {owner}"
        yield Declined(Refusal.NOT_BELOW_OWNER, message, field="plan")


def has_product(account: Account) -> Declined:
    """The plan of an account with a main product is that product's."""
    return Declined(
        Refusal.PRODUCT_DECIDES,
        f"{account.account_id} is charged by the plan of its product {account.product}",
        "account set-product, or account set-product --none first",
        "plan",
    )


def against_extension(
    wanted: Extension,
    owner: Account | None,
    taken: Extension | None,
    emergency: Collection[str],
) -> Iterator[Declined]:
    """What is against a phone.

    Args:
        wanted: the phone.
        owner: the account that it names, None if there is no such account.
        taken: another phone of the owner's organization with this number.
        emergency: the numbers of the site's emergency list; the dialplan takes them first.
    """
    yield from malformed_extension(wanted)
    if wanted.number in emergency:
        message = f"{wanted.number} is an emergency number"
        yield Declined(Refusal.NUMBER_TAKEN, message, field="number")
    if owner is None:
        yield unknown_account(wanted.account_id)
        return
    yield from against_owner(owner)
    if taken is not None:
        whose = f"{taken.endpoint} of {taken.account_id} in {owner.parent_id}"
        message = f"{wanted.number} is {whose}"
        yield Declined(Refusal.NUMBER_TAKEN, message, field="number")


def against_owner(owner: Account) -> Iterator[Declined]:
    """Phones and numbers belong to users."""
    if owner.kind is not AccountKind.USER or owner.parent_id is None:
        message = f"{owner.account_id} is an {owner.kind}"
        yield Declined(Refusal.NOT_A_USER, message, field="account")


def reached(
    wanted: Did, owner: Account, phones: Sequence[Extension]
) -> tuple[str | None, str | None] | Declined:
    """The phone or the context that a number reaches.

    Args:
        wanted: the number; without phone or context it rings the owner's only phone.
        owner: who pays for what comes in by it.
        phones: of the owner's organization: at least the one that is named, and the owner's own.
    """
    if declined := first(against_owner(owner)):
        return declined
    if wanted.context is not None:
        return None, wanted.context
    named = [phone.endpoint for phone in phones if phone.endpoint == wanted.endpoint]
    own = [phone.endpoint for phone in phones if phone.account_id == owner.account_id]
    if wanted.endpoint is None and len(own) == 1:
        return own[0], None
    if wanted.endpoint is not None and named:
        return wanted.endpoint, None
    return Declined(
        Refusal.NOT_A_PHONE,
        f"name a phone of {owner.parent_id}, or a context of the dialplan; "
        f"{owner.account_id} has {', '.join(own) or 'no phone'}",
        field="endpoint",
    )
