"""The emergency numbers that Asterisk has loaded, compared with the list: said, never fatal."""

import pytest

from tests.exchange import exchange

RIGHT = {
    number: f"Gosub(pbxc-emergency-call,s,1({number},PJSIP/112@carrier))"
    for number in ("112", "911", "999")
}


@pytest.mark.parametrize(
    ("loaded", "said"),
    [
        ({}, "112 is missing; 911 is missing; 999 is missing"),
        ({**RIGHT, "0900": RIGHT["112"]}, "0900 is not on the list"),
        ({**RIGHT, "911": "Hangup()"}, "911 does Hangup() instead of"),
    ],
    ids=["missing", "too many", "different"],
)
async def test_a_difference_is_said_by_check_and_by_serve(
    loaded: dict[str, str], said: str
) -> None:
    """With what to do. The daemon starts all the same, and grants calls."""
    async with exchange({"alice": "1.00"}, serve=False) as x:
        x.pbx.dialplan = {"pbxc-emergency": loaded} if loaded else {}
        checked = (await x.site.run("--json", "check", code=1)).json
        (finding,) = (it for it in checked["findings"] if it["severity"] == "error")
        assert said in finding["message"]
        assert "pbxcharge dialplan emergency" in finding["hint"]
        await x.serve()
        assert [line for line in x.site.log.lines if said in str(line["event"])]
        assert (await x.ask("alice")).verdict["PBXC_VERDICT"] == "ALLOW"


async def test_check_says_when_asterisk_could_not_be_asked() -> None:
    """It refuses nothing for that; when Asterisk answers and agrees, nothing is said."""
    async with exchange({"alice": "1.00"}, serve=False) as x:
        assert (await x.site.run("--json", "check")).json["asterisk_not_asked"] is None
        await x.pbx.stop()
        text = (await x.site.run("check")).out
        assert "was not compared: nobody answers" in text


async def test_check_says_what_is_wrong_with_the_secret() -> None:
    """The daemon would not start with it: an error, with the file and what to do."""
    async with exchange({"alice": "1.00"}, serve=False, asterisk=False) as x:
        secret = x.site.folder / "ami.secret"
        secret.chmod(0o644)
        text = (await x.site.run("check", code=1)).out
        assert f"{secret} can be read by others than its owner" in text
        assert f"→ chmod 600 {secret}" in text
        assert "was not compared: its secret has errors" in text


async def test_check_leaves_a_secret_to_systemd_that_is_not_there_to_be_read() -> None:
    """The daemon may have it from elsewhere; then only Asterisk cannot be asked from here."""
    async with exchange({"alice": "1.00"}, serve=False, asterisk=False) as x:
        secret = x.site.folder / "ami.secret"
        secret.unlink()
        text = (await x.site.run("check")).out
        assert f"was not compared: {secret} cannot be read: No such file" in text
