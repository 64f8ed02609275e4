"""What an admin act answers: done, done before, or declined and why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Result_co = TypeVar("Result_co", covariant=True)


class Refusal(StrEnum):
    """Why an act was declined. Nothing changed."""

    NAME_INVALID = "name_invalid"
    UNKNOWN_ACCOUNT = "unknown_account"
    NOT_AN_ORGANIZATION = "not_an_organization"
    NOT_A_USER = "not_a_user"
    NOT_A_SERVICE_PROVIDER = "not_a_service_provider"
    UNKNOWN_PLAN = "unknown_plan"
    NOT_BELOW_OWNER = "not_below_owner"
    CALLS_LIVE = "calls_live"
    EXISTS_OTHERWISE = "exists_otherwise"
    ENDPOINT_TAKEN = "endpoint_taken"
    NUMBER_TAKEN = "number_taken"
    CODE_TAKEN = "code_taken"
    NOT_A_PHONE = "not_a_phone"
    UNKNOWN_DID = "unknown_did"
    ACCOUNT_CLOSED = "account_closed"
    NO_WALLET = "no_wallet"
    AMOUNT_INVALID = "amount_invalid"
    NOTE_MISSING = "note_missing"
    ID_TAKEN = "id_taken"
    OUT_OF_BOUNDS = "out_of_bounds"
    UNKNOWN_CALL = "unknown_call"
    NOTHING_CHARGED = "nothing_charged"
    REFUND_TOO_HIGH = "refund_too_high"
    UNKNOWN_ENTRY = "unknown_entry"
    MONTH_CLOSED = "month_closed"
    CALL_NOT_LIVE = "call_not_live"
    NOT_ALLOWED = "not_allowed"


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
