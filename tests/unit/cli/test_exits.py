"""Exit codes: every error of operation ends a command with one of a few, by its kind."""

import inspect

import pytest

from pbxcharge import errors
from pbxcharge.cli.exits import BadConfiguration, Exit, exit_for, reason_of
from pbxcharge.errors import PbxchargeError

REFUSED = {
    *("ActDeclined", "AmountError", "BackupExists", "NotTheOwner", "SocketForbidden"),
    *("ExportDiffers", "ExportRuns", "WriteRefused"),
}
CONFIG = {"DatabaseMissing", "OtherNode", "SchemaAhead", "SchemaBehind", "WrongCurrency"}
KINDS = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, PbxchargeError)
}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_error_has_its_exit_code(name: str) -> None:
    """Refused 1, configuration 78, and everything else is down: 69."""
    wanted = Exit.REFUSED if name in REFUSED else Exit.CONFIG if name in CONFIG else Exit.DOWN
    assert exit_for(KINDS[name].__new__(KINDS[name])) is wanted


def test_findings_that_were_shown_are_bad_configuration() -> None:
    """The command's own error."""
    assert exit_for(BadConfiguration("see above")) is Exit.CONFIG


def test_a_reason_is_one_word_for_programs() -> None:
    """The act's own, or the name of the error."""
    assert reason_of(errors.ActDeclined("no_wallet", "…")) == "no_wallet"
    assert reason_of(errors.NoAnswer("…")) == "no_answer"
    assert reason_of(errors.StorageDown("…")) == "storage_down"
