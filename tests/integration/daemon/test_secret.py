"""The AMI secret is the right to end every call: it stands nowhere but in its file."""

from pathlib import Path

from tests.exchange import SECRET, Exchange, exchange


def debug(settings: dict[str, dict[str, object]]) -> None:
    """Log as much as can be logged."""
    settings["log"]["level"] = "debug"


def told(x: Exchange) -> str:
    """All that others can see of a running daemon: its log, its arguments, its environment."""
    assert x.site.process is not None
    process = Path("/proc") / str(x.site.process.pid)
    seen = [(process / name).read_bytes().decode() for name in ("cmdline", "environ")]
    return "\n".join((*map(str, x.site.log.lines), *seen))


async def test_secret_is_not_told_by_a_daemon_that_works() -> None:
    """Through login, a call, a reload, with the log at its most talkative."""
    async with exchange({"alice": "1.00"}, change=debug) as x:
        call = await x.talk("alice")
        call.hang_up()
        await x.settled(call)
        await x.site.run("plan", "apply")
        seen = told(x)
        assert "serve" in seen
        assert SECRET not in seen


async def test_secret_is_not_told_by_a_daemon_that_is_refused() -> None:
    """Asterisk knows another secret: the log says that the login failed, not with what."""
    async with exchange({"alice": "1.00"}, serve=False, change=debug) as x:
        secret = x.site.folder / "ami.secret"
        secret.write_text("quite-another-one\n")
        await x.serve(ready=False)
        await x.site.log.wait("ami_down", failures=2)
        assert "quite-another-one" not in told(x)


async def test_secret_comes_from_systemd_as_a_file_of_its_own() -> None:
    """With LoadCredential the daemon is given the place of a file, and reads that one."""
    async with exchange({"alice": "1.00"}, serve=False) as x:
        credentials = x.site.folder / "credentials"
        credentials.mkdir()
        (x.site.folder / "ami.secret").rename(credentials / "ami.secret")
        await x.serve(CREDENTIALS_DIRECTORY=str(credentials))
        assert SECRET not in told(x)
