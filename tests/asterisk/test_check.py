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
    etc = str(metered.asterisk.folder / "etc")
    return [it for it in said["findings"] if it["file"].startswith(("Asterisk's", etc))]


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
        "is not what Asterisk has loaded: pbxc-out"
    ]
    assert [it["message"] for it in found if it["key"] == "phone"] == [
        "Asterisk has no such phone, so nobody can call from there: desk"
    ]


async def test_what_was_edited_and_not_reloaded_is_named(metered: Metered) -> None:
    """A line more in an installed file counts only after the reload, and is then the site's own."""
    file = metered.asterisk.folder / "etc" / "pbxcharge-forwards.conf"
    file.write_text(f"{file.read_text()}\n[added]\nexten => s,1,NoOp(ours)\n")
    assert [(it["file"], it["message"]) for it in await of_asterisk(metered)] == [
        (str(file), "is not what Asterisk has loaded: added")
    ]
    await metered.asterisk.cli("dialplan reload")
    assert await of_asterisk(metered) == []
