"""What an admin act answers: done, done before, or declined and why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Result_co = TypeVar("Result_co", covariant=True)


class Refusal(StrEnum):
    """Why an act was declined. Nothing changed."""

    NAME_INVALID = "name_invalid"
    """A name, an id, a time or a word is not written as it has to be."""
    UNKNOWN_ACCOUNT = "unknown_account"
    """There is no such account."""
    NOT_AN_ORGANIZATION = "not_an_organization"
    """A user belongs below an organization, and only organizations have a code."""
    NOT_A_USER = "not_a_user"
    """Phones and numbers belong to users."""
    NOT_A_SERVICE_PROVIDER = "not_a_service_provider"
    """What stands above an organization or a provider is a service provider, or the site."""
    UNKNOWN_PLAN = "unknown_plan"
    """There is no such plan, or no such version of it."""
    NOT_BELOW_OWNER = "not_below_owner"
    """The plan is for the accounts below its owner."""
    CALLS_LIVE = "calls_live"
    """The account has live calls, and another kind of wallets would pay for them."""
    EXISTS_OTHERWISE = "exists_otherwise"
    """What is to be added is there, with other facts."""
    ENDPOINT_TAKEN = "endpoint_taken"
    """The endpoint is another phone's."""
    NUMBER_TAKEN = "number_taken"
    """The number is another phone's, another DID's, or an emergency number."""
    CODE_TAKEN = "code_taken"
    """The code is another organization's, or begins like one."""
    NOT_A_PHONE = "not_a_phone"
    """The endpoint is no phone of that organization."""
    UNKNOWN_DID = "unknown_did"
    """There is no such number of the public network."""
    ACCOUNT_CLOSED = "account_closed"
    """The account is closed."""
    NO_WALLET = "no_wallet"
    """The account has no such wallet, or no plan yet."""
    AMOUNT_INVALID = "amount_invalid"
    """The amount cannot be read, or has the wrong sign."""
    NOTE_MISSING = "note_missing"
    """An adjustment needs a note that says why."""
    ID_TAKEN = "id_taken"
    """The id is that of another command, with other content."""
    OUT_OF_BOUNDS = "out_of_bounds"
    """The number, the length or the resulting balance is beyond what is kept."""
    UNKNOWN_PRODUCT = "unknown_product"
    """There is no such product."""
    UNKNOWN_DISCOUNT = "unknown_discount"
    """There is no such discount."""
    DISCOUNT_UNFIT = "discount_unfit"
    """Providers have no billing period, so nothing can be counted for them."""
    PRODUCT_UNFIT = "product_unfit"
    """The product is of the other kind, or does not go with the account's main product."""
    PRODUCT_DECIDES = "product_decides"
    """The account has a main product, which decides this; or it has none, and needs one for it."""
    MANAGED_ELSEWHERE = "managed_elsewhere"
    """It is managed by another reseller than the account is, or by the operator alone."""
    UNKNOWN_SUBSCRIPTION = "unknown_subscription"
    """There is no such subscription plan."""
    UNKNOWN_ASSIGNMENT = "unknown_assignment"
    """Nothing was assigned under this id, or the account has not got what is to be ended."""
    ASSIGNED_ONCE = "assigned_once"
    """The account has this subscription, and may have it once."""
    NOT_PENDING = "not_pending"
    """Only a subscription that was never active can be removed; this one is closed instead."""
    INSTANT_INVALID = "instant_invalid"
    """The instant is no instant, lies in the past, or before another that it must follow."""
    UNKNOWN_CALL = "unknown_call"
    """There is no record of such a call."""
    NOTHING_CHARGED = "nothing_charged"
    """The account paid nothing for the call."""
    REFUND_TOO_HIGH = "refund_too_high"
    """More would be given back than was charged."""
    UNKNOWN_ENTRY = "unknown_entry"
    """There is no such entry in the ledger, or it is no charge."""
    MONTH_CLOSED = "month_closed"
    """The call ended in a month that is closed; `--closed-month` corrects it all the same."""
    CALL_NOT_LIVE = "call_not_live"
    """The call does not run."""
    NOT_ALLOWED = "not_allowed"
    """The caller may not, or this can only be done where the books are written."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Result_co]):
    """The act is durable. `already`: it had been before, and this time nothing changed."""

    result: Result_co
    already: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """The act was declined, and why.

    Args:
        refusal: the reason by its name.
        message: what is wrong, for people.
        hint: what to do instead; empty when the message says it all.
        field: the word of what was wanted that is wrong, such as `plan`; empty for the whole of it.
    """

    refusal: Refusal
    message: str
    hint: str = ""
    field: str = ""

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message
