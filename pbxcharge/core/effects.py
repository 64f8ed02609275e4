"""What a transaction of the writer may write besides credit: pure values, never SQL."""

from dataclasses import dataclass

from pbxcharge.core.account import Account, Extension
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr


@dataclass(frozen=True, slots=True)
class CallSaved:
    """The call as it stands: everything that a restart needs to resume it."""

    call: Call


@dataclass(frozen=True, slots=True)
class CdrWritten:
    """The record of an attempt; a second one for the same call changes nothing."""

    cdr: Cdr


@dataclass(frozen=True, slots=True)
class CallClosed:
    """The call needs no resuming any more."""

    call_id: str


@dataclass(frozen=True, slots=True)
class AccountSaved:
    """The account as it is from now on; `actor` and `at_us` go to its audit trail."""

    account: Account
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class ExtensionSaved:
    """The extension as it is from now on."""

    extension: Extension
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class PbxSeen:
    """Proof of life: up to this instant, no end of a call on this PBX can have been missed."""

    pbx: str
    at_us: int


Effect = CallSaved | CdrWritten | CallClosed | AccountSaved | ExtensionSaved | PbxSeen
