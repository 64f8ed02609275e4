"""The settings of a site: read whole or not at all, with every finding, and the secret kept."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.site_form import AmiSettings, LogLevel, LostEnd
from pbxcharge.core.number import NumberRule
from pbxcharge.settings import Settings, config_path, load_settings, read_ami_secret

EXAMPLE = Path(__file__).parents[2] / "config/pbxcharge.yaml"
SITE = """\
site: {name: Example Telecom, currency: EUR}
database: /var/lib/pbxcharge/pbxcharge.db
socket: /run/pbxcharge/pbxcharge.sock
plans: plans
ami: {username: pbxcharge}
trunks: [carrier]
numbers:
  rules:
    - {prefix: "+", strip: 1}
    - {prefix: "0", strip: 1, add: "44"}
emergency:
  numbers: [112]
  dial: PJSIP/{number}@carrier
high_risk: high-risk.txt
"""


def dialled(dial: str) -> str:
    """A trunk `c` that is dialled in this way."""
    return f"[{{name: c, dial: '{dial}'}}]"


def routed(prefixes: str, trunks: str) -> str:
    """Some trunks, and one route."""
    named = "[a, b, c, d, e, {name: in, dial: no}]"
    return f"{named}\nroutes: [{{prefixes: {prefixes}, trunks: {trunks}}}]"


def load(folder: Path, text: str) -> tuple[Settings | None, tuple[Finding, ...]]:
    """The settings of a file with this text."""
    path = folder / "pbxcharge.yaml"
    path.write_text(text)
    settings, findings = load_settings(path)
    assert (settings is None) == any(found.severity is Severity.ERROR for found in findings)
    return settings, findings


def test_a_site_without_a_list_of_high_risk_destinations_is_warned(tmp_path: Path) -> None:
    """It may be so, but not unnoticed: fraud goes where nobody has looked."""
    settings, (finding,) = load(tmp_path, SITE.replace("high_risk: high-risk.txt\n", ""))
    assert settings is not None
    assert (finding.severity, finding.key) == (Severity.WARNING, "high_risk")


def test_a_short_file_gets_defaults(tmp_path: Path) -> None:
    """Loopback, the usual ports, 60 s of ringing, renewal 10 s ahead."""
    settings, findings = load(tmp_path, SITE)
    assert settings is not None, findings
    assert (settings.site.name, settings.site.currency, settings.pbx) == (
        *("Example Telecom", "EUR", "pbx1"),
    )
    assert (settings.fastagi.host, settings.fastagi.port) == ("127.0.0.1", 4573)
    assert settings.fastagi.peers == ("127.0.0.1",)
    assert (settings.ami.host, settings.ami.port, settings.ami.secret_file) == (
        *("127.0.0.1", 5038, None),
    )
    times = settings.timing
    assert (times.ring_s, times.renew_lead_s, times.status_check_s, times.spool_check_s) == (
        *(60, 10, 30, 60),
    )
    assert (settings.lost_end, settings.duration_tolerance_ms) == (LostEnd.LAST_SEEN, 100)
    assert (settings.log.level, settings.log.mask_digits) == (LogLevel.INFO, 0)
    assert settings.events.keep_days == 30


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the daemon is started; absolute paths stay."""
    (tmp_path / "pbxcharge.yaml").write_text(SITE)
    monkeypatch.chdir(tmp_path)
    settings, _ = load_settings(Path("pbxcharge.yaml"))
    assert settings is not None
    assert settings.plans == tmp_path / "plans"
    assert settings.database == Path("/var/lib/pbxcharge/pbxcharge.db")


def test_rules_and_emergency_numbers_become_values(tmp_path: Path) -> None:
    """What the core, the catalog and the dialplan are given."""
    text = SITE.replace("[112]", "[112, {dialled: 911, sent: 112}]")
    settings, _ = load(tmp_path, text)
    assert settings is not None
    assert settings.number_rules == (NumberRule("+", 1, ""), NumberRule("0", 1, "44"))
    assert settings.emergency_numbers == ("112", "911")
    assert [route.dials for route in settings.emergency_routes] == ["PJSIP/112@carrier"] * 2


def test_a_site_has_a_local_time(tmp_path: Path) -> None:
    """UTC unless it says another."""
    for written, zone in (("", "UTC"), (", time_zone: Europe/Berlin", "Europe/Berlin")):
        settings, _ = load(tmp_path, SITE.replace("EUR}", f"EUR{written}}}"))
        assert settings is not None
        assert settings.time_zone == ZoneInfo(zone)


def test_trunks_are_those_named_and_those_that_are_dialled(tmp_path: Path) -> None:
    """Where emergency numbers are sent is a trunk, named or not."""
    text = SITE.replace("[carrier]", "[backup, {name: main-trunk, dial: no}]")
    settings, _ = load(tmp_path, text)
    assert settings is not None
    assert settings.trunk_endpoints == {"backup", "main-trunk", "carrier"}


def test_trunks_and_routes_say_how_numbers_leave(tmp_path: Path) -> None:
    """By name, or with how the carrier is dialled and its deck; a route has its own order."""
    trunks = "[carrier, {name: second, dial: 'PJSIP/+{number}@second', deck: cheap}]"
    routes = "routes: [{prefixes: [49, 43], trunks: [second, carrier]}]\n"
    settings, found = load(tmp_path, SITE.replace("[carrier]", trunks) + routes)
    assert settings is not None, found
    routing = settings.routing
    assert [way.dial for way in routing.ways("4930")] == [
        *("PJSIP/+4930@second", "PJSIP/4930@carrier"),
    ]
    assert [way.trunk for way in routing.ways("4420")] == ["carrier", "second"]
    assert routing.deck("second") == "cheap"


def test_the_way_to_dial_of_earlier_releases_is_refused_with_what_to_write(tmp_path: Path) -> None:
    """Nobody's numbers leave by a trunk that the new file does not name."""
    _, found = load(tmp_path, SITE + "dial: PJSIP/{number}@carrier\n")
    assert [(one.key, one.message) for one in found] == [("dial", "does not belong here")]
    assert "trunks: [carrier]" in found[0].hint


def test_the_example_site_has_no_findings() -> None:
    """It is documentation that runs."""
    settings, findings = load_settings(EXAMPLE)
    assert findings == ()
    assert settings is not None
    assert settings.plans == EXAMPLE.parent / "plans"


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "message"),
    [
        ("currency: EUR", "currency: euro", 1, "site.currency", "'euro' is not a currency"),
        ("EUR}", "EUR, time_zone: Mars}", 1, "site.time_zone", "'Mars' is not a time zone"),
        ("EUR}", "EUR, time_zone: ../etc}", 1, "site.time_zone", "is not a time zone"),
        (", currency: EUR", "", 1, "site.currency", "is missing"),
        ("database: /", "databse: /", 2, "databse", "is not known here"),
        ("plans: plans", "plans:", 4, "plans", "has no value"),
        ("plans: plans", "plans: [a]", 4, "plans", "is not a path"),
        ("plans: plans", "pbx: PBX 1", 4, "pbx", "is not a name"),
        ("socket: /run", f"socket: /{'x' * 90}", 3, "socket", "longer than the 107 bytes"),
        ("username: pbxcharge", "secret: hidden", 5, "ami.secret", "does not belong here"),
        ("pbxcharge}", "pbxcharge, port: 0}", 5, "ami.port", "out of bounds"),
        ("pbxcharge}", "pbxcharge, host: a b}", 5, "ami.host", "is not a host"),
        ("[carrier]", "[]", 6, "trunks", "holds none that is dialled"),
        ("[carrier]", "[{name: in, dial: no}]", 6, "trunks", "holds none that is dialled"),
        ("[carrier]", "[carrier, carrier]", 6, "trunks[2]", "carrier stands twice"),
        ("[carrier]", "[{dial: no}]", 6, "trunks[1].name", "is missing"),
        ("[carrier]", dialled("PJSIP/{number}@d"), 6, "trunks[1].dial", "does not lead to c"),
        ("[carrier]", dialled("PJSIP/123@c"), 6, "trunks[1].dial", "is not a way to dial"),
        ("[carrier]", dialled("PJSIP/{number},9@c"), 6, "trunks[1].dial", "not a way to dial"),
        ("[carrier]", dialled("PJSIP/{number} @c"), 6, "trunks[1].dial", "not a way to dial"),
        ("[carrier]", dialled("PJSIP/{number}{number}@c"), 6, "trunks[1].dial", "not a way to"),
        ("[carrier]", dialled("PJSIP/{number}&SIP/1@c"), 6, "trunks[1].dial", "not a way to"),
        ("[carrier]", routed("[49, 49]", "[a]"), 7, "routes[1].prefixes[2]", "has two routes"),
        ("[carrier]", routed("[049]", "[a]"), 7, "routes[1].prefixes[1]", "is not a prefix"),
        ("[carrier]", routed("[49]", "[]"), 7, "routes[1].trunks", "is empty"),
        ("[carrier]", routed("[49]", "[a, a]"), 7, "routes[1].trunks[2]", "a stands twice"),
        ("[carrier]", routed("[49]", "[no-such]"), 7, "routes[1].trunks[1]", "none of the trunks"),
        ("[carrier]", routed("[49]", "[in]"), 7, "routes[1].trunks[1]", "in is not dialled"),
        ("[carrier]", routed("[49]", "[a, b, c, d, e]"), 7, "routes[1].trunks", "more than 4"),
        ('"+", strip: 1', '"+", strip: 0', 9, "numbers.rules[1]", "begin with a plus"),
        ('prefix: "0", strip: 1', "strip: 1", 10, "numbers.rules[2].prefix", "is missing"),
        ('prefix: "0"', 'prefix: "0-"', 10, "numbers.rules[2].prefix", "is not a prefix"),
        ('add: "44"', "add: +44", 10, "numbers.rules[2].add", "is not a prefix"),
        ('"0", strip: 1', '"0", strip: 2', 10, "numbers.rules[2].strip", "strips more"),
        ("[112]", "[112, 112]", 12, "emergency.numbers[2]", "112 stands twice"),
        ("[112]", "[112, sos]", 12, "emergency.numbers[2]", "'sos' is not a number"),
        ("[112]", "[{dialled: 9}]", 12, "emergency.numbers[1].dialled", "is not a number"),
        ("[112]", "[{sent: 112}]", 12, "emergency.numbers[1].dialled", "is missing"),
        ("[112]", "[]", 12, "emergency.numbers", "no call is connected"),
        ("plans: plans", "timing: {ring_s: 4}", 4, "timing.ring_s", "out of bounds"),
        ("plans: plans", "timing: {renew_lead_s: 0}", 4, "timing.renew_lead_s", "out of"),
        ("plans: plans", "lost_end: never", 4, "lost_end", "'never' is not known here"),
        ("plans: plans", "log: {level: loud}", 4, "log.level", "'loud' is not known here"),
        ("plans: plans", "log: {mask_digits: 16}", 4, "log.mask_digits", "out of bounds"),
        ("plans: plans", "events: {keep_days: 0}", 4, "events.keep_days", "out of bounds"),
        ("plans: plans", "fastagi: {peers: []}", 4, "fastagi.peers", "nobody may ask"),
        ("plans: plans", "fastagi: {peers: [me]}", 4, "fastagi.peers[1]", "not an IP address"),
        ("plans: plans", "duration_tolerance_ms: 1000", 4, "duration_tolerance_ms", "out of"),
    ],
)
def test_each_slip_is_a_finding(
    tmp_path: Path, old: str, new: str, line: int, key: str, message: str
) -> None:
    """One thing wrong is named with its line, its key and what is wrong about it."""
    assert old in SITE
    _, findings = load(tmp_path, SITE.replace(old, new, 1))
    found = [finding for finding in findings if finding.key == key]
    assert [finding.line for finding in found] == [line]
    assert found[0].file == str(tmp_path / "pbxcharge.yaml")
    assert message in found[0].message


def test_everything_that_must_be_written_is_named_at_once(tmp_path: Path) -> None:
    """An operator who begins with an empty page gets the whole list."""
    _, findings = load(tmp_path, "pbx: pbx1\n")
    assert {finding.key for finding in findings if finding.message == "is missing"} == {
        *("site", "database", "socket", "plans", "ami", "numbers", "trunks", "emergency"),
    }


def test_the_place_of_the_file_is_the_option_then_the_environment() -> None:
    """And nothing else of the environment changes a setting."""
    environ = {"PBXCHARGE_CONFIG": "/srv/site.yaml"}
    assert config_path(Path("mine.yaml"), environ) == Path("mine.yaml")
    assert config_path(None, environ) == Path("/srv/site.yaml")
    assert config_path(None, {"PBXCHARGE_CONFIG": ""}) == Path("/etc/pbxcharge/pbxcharge.yaml")


def secret_of(
    secret_file: Path | None, environ: dict[str, str]
) -> tuple[str | None, tuple[Finding, ...]]:
    """The secret that the daemon would log in with."""
    ami = AmiSettings(username="pbxcharge", secret_file=secret_file)
    return read_ami_secret(Path("pbxcharge.yaml"), ami, environ)


def write_secret(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    """A file with a secret."""
    path = folder / "ami.secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_secret_is_one_line_of_a_private_file(tmp_path: Path) -> None:
    """The line end is no part of it."""
    assert secret_of(write_secret(tmp_path, b"s3cr3t-word\n"), {}) == ("s3cr3t-word", ())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """It is the right to end every call."""
    secret, findings = secret_of(write_secret(tmp_path, b"s3cr3t-word\n", mode), {})
    assert secret is None
    assert "others than its owner" in findings[0].message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        b"two words\n",
        b"line-one\r\nAction: Command\r\n",
        b"semi;colon",
        b"\xffbinary-",
    ],
)
def test_a_secret_that_would_break_the_login_is_refused_unshown(
    tmp_path: Path, content: bytes
) -> None:
    """No second line can be smuggled into the login, and no message prints what was read."""
    secret, findings = secret_of(write_secret(tmp_path, content), {})
    assert secret is None
    assert [finding.file for finding in findings] == [str(tmp_path / "ami.secret")]
    assert not content or content.decode("latin-1") not in repr(findings)


def test_the_credential_of_systemd_goes_first(tmp_path: Path) -> None:
    """Systemd keeps the folder private itself, and gives its files a mode of its own."""
    (tmp_path / "creds").mkdir()
    write_secret(tmp_path / "creds", b"from-systemd", 0o440)
    own = write_secret(tmp_path, b"from-file")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "creds")}
    assert secret_of(own, environ)[0] == "from-systemd"
    assert secret_of(own, {"CREDENTIALS_DIRECTORY": str(tmp_path / "none")})[0] == "from-file"


def test_a_secret_that_is_nowhere_is_a_finding(tmp_path: Path) -> None:
    """Neither named, nor there, nor a file."""
    assert secret_of(None, {})[1][0].key == "ami.secret_file"
    assert "No such file" in secret_of(tmp_path / "gone", {})[1][0].message
    assert secret_of(tmp_path, {})[1][0].message == "is not a file"


def test_a_secret_in_the_settings_is_never_printed(tmp_path: Path) -> None:
    """The finding says where it belongs."""
    _, findings = load(tmp_path, SITE.replace("pbxcharge}", "pbxcharge, secret: hunter22}"))
    assert "mode 0600" in findings[0].hint
    assert "hunter22" not in repr(findings)
