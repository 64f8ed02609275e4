"""`pbxcharge check` beside a real Asterisk: its dialplan and its endpoints as they are loaded."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.asterisk.metered import Document, Metered, metered_site


@pytest_asyncio.fixture
async def metered() -> AsyncIterator[Metered]:
    """A site of its own: what is loaded is changed."""
    async with metered_site() as site:
        yield site


async def of_asterisk(metered: Metered) -> list[Document]:
    """The findings about what Asterisk has loaded."""
    said = (await metered.site.run("--json", "check", code=None)).json
    assert said["asterisk_not_asked"] is None
    return [found for found in said["findings"] if found["file"].startswith("Asterisk's")]


async def test_what_was_installed_as_it_should_be_is_not_mentioned(metered: Metered) -> None:
    """The digests are those of a real Asterisk, too; and a phone that is there is found."""
    payer = await metered.payer("1.00")
    assert payer.phone.extension
    assert await of_asterisk(metered) == []


async def test_what_was_edited_or_forgotten_is_named(metered: Metered) -> None:
    """A line more in a context, as somebody may add it; and a phone that pjsip.conf lacks."""
    await metered.asterisk.cli("dialplan add extension 999,1,Dial,PJSIP/999@carrier into pbxc-out")
    payer = await metered.payer("1.00")
    words = ("extension", "add", "desk", "--number", "777", "--account", payer.account_id)
    await metered.site.run(*words)
    found = await of_asterisk(metered)
    assert [it["message"] for it in found if it["key"] == ""] == [
        "is not that of this release: pbxc-out"
    ]
    assert [it["message"] for it in found if it["key"] == "phone"] == [
        "Asterisk has no such phone, so nobody can call from there: desk"
    ]
