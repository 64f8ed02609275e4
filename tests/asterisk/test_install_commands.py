"""What the README tells an operator to type and to write: a real Asterisk knows it."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.asterisk.harness import AsteriskInstance
from tests.site import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
INSTALLING = README.partition("## Installing beside")[2].partition("\n## ")[0]
COMMANDS = sorted(set(re.findall(r"asterisk -rx '([^']+)'", INSTALLING)))
OPTIONS = sorted(set(re.findall(r"^(\w+) = ", INSTALLING.partition("; pjsip.conf")[2], re.M)))
UNKNOWN = ("No such command", "Usage:", "No such module", "Unable to", "Item Not Found")


@pytest.fixture
async def own_asterisk() -> AsyncIterator[AsteriskInstance]:
    """An instance that may be reloaded."""
    async with AsteriskInstance() as instance:
        yield instance


async def test_every_command_of_the_readme_is_known(own_asterisk: AsteriskInstance) -> None:
    """Each is understood, and finds what it asks for where the files are included."""
    assert len(COMMANDS) >= 10, COMMANDS
    for command in COMMANDS:
        said = await own_asterisk.cli(command.replace("alice-desk", "carrier"))
        assert not [word for word in UNKNOWN if word in said], (command, said)
    assert "pbxc-emergency-call" in await own_asterisk.cli("dialplan show 112@pbxc-emergency")


async def test_every_endpoint_option_of_the_readme_is_known(
    own_asterisk: AsteriskInstance,
) -> None:
    """PJSIP refuses an endpoint with an option that it does not know."""
    assert {"direct_media", "rtp_timeout", "timers", "allow_transfer"} <= set(OPTIONS)
    shown = await own_asterisk.cli("pjsip show endpoint carrier")
    known = {line.split(":")[0].strip() for line in shown.splitlines()}
    assert set(OPTIONS) <= known
