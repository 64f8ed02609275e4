"""Exit codes, and which error ends a command with which of them."""

from enum import IntEnum

from pbxcharge.errors import (
    ActDeclined,
    AmountError,
    BackupExists,
    DatabaseMissing,
    ExportDiffers,
    ExportRuns,
    NotTheOwner,
    OtherNode,
    PbxchargeError,
    SchemaAhead,
    SchemaBehind,
    SocketForbidden,
    WriteRefused,
    WrongCurrency,
)


class Exit(IntEnum):
    """How a command ended. Source: sysexits.h for 69 and 78; 130 is a shell's word for Ctrl-C."""

    DONE = 0
    """Done, or found as it should be."""
    REFUSED = 1
    """Refused, or something was found; what it was is said."""
    USAGE = 2
    """The command was not written as its help says."""
    DOWN = 69
    """Something it depends on is down: the daemon, the books, Asterisk."""
    CONFIG = 78
    """The files of the site have errors, or do not fit the books."""
    INTERRUPTED = 130
    """Ended by Ctrl-C."""


class BadConfiguration(PbxchargeError):
    """The files of the site have errors; they have been shown already."""


_REFUSED = (
    ActDeclined,
    AmountError,
    BackupExists,
    ExportDiffers,
    ExportRuns,
    NotTheOwner,
    SocketForbidden,
    WriteRefused,
)
_CONFIG = (
    BadConfiguration,
    DatabaseMissing,
    OtherNode,
    SchemaAhead,
    SchemaBehind,
    WrongCurrency,
)


def exit_for(error: PbxchargeError) -> Exit:
    """The exit code of an error: what is not refused or configured wrongly is down."""
    if isinstance(error, _REFUSED):
        return Exit.REFUSED
    return Exit.CONFIG if isinstance(error, _CONFIG) else Exit.DOWN


def reason_of(error: PbxchargeError) -> str:
    """One word for programs: the reason against an act, or the kind of error."""
    if isinstance(error, ActDeclined):
        return error.reason
    name = type(error).__name__
    return "".join("_" * (at > 0) * c.isupper() + c.lower() for at, c in enumerate(name))
