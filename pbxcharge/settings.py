"""The settings of a site, from `pbxcharge.yaml`: what belongs to the machine, not to a plan.

Nothing is read from the environment but the place of the file, so that what the file says is what
the daemon does. Paths are relative to the folder of the file. The AMI secret never stands in it.
"""

import re
import stat
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar
from zoneinfo import ZoneInfo

from pbxcharge.catalog.emergency import EmergencyRoute
from pbxcharge.catalog.emergency_checks import caught_findings, missing_findings
from pbxcharge.catalog.findings import Finding, Severity, has_errors, in_order
from pbxcharge.catalog.form import Form, ShortForm, read_form
from pbxcharge.catalog.scalars import Line, Slug, one_of, whole
from pbxcharge.catalog.site_checks import emergency_findings, on_net_findings, rule_findings
from pbxcharge.catalog.site_values import (
    Address,
    Currency,
    DialString,
    EmergencyNumber,
    FilePath,
    Host,
    OnNetPrefix,
    Port,
    RuleDigits,
    RulePrefix,
    ZoneName,
)
from pbxcharge.catalog.source import Source, read_source
from pbxcharge.catalog.trunk_form import (
    RouteSettings,
    TrunkSettings,
    route_findings,
    routing_of,
    trunk_findings,
)
from pbxcharge.core.dialling import Routing
from pbxcharge.core.number import Numbering, NumberRule

if TYPE_CHECKING:
    from pbxcharge.catalog.decks import DeckFiles

CONFIG_VARIABLE = "PBXCHARGE_CONFIG"
CONFIG_DEFAULT = Path("/etc/pbxcharge/pbxcharge.yaml")

SOCKET_BYTES_MAX = 107
CREDENTIAL = "ami.secret"
DECK_CACHE = "decks"

_SECRET = re.compile(rb"([\x21-\x3a\x3c-\x7e]{8,256})\r?\n?")
_ELSEWHERE = "put it into a file with mode 0600 and name that in secret_file"
_TRUNKS_NOW = (
    "write trunks: [carrier], or with how it is dialled "
    "[{name: carrier, dial: 'PJSIP/{number}@carrier'}]; prefixes of their own stand in routes"
)


class LostEnd(StrEnum):
    """How a call is settled whose end nobody saw."""

    LAST_SEEN = "last_seen"
    PAID_THROUGH = "paid_through"


class LogLevel(StrEnum):
    """The least important lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SiteSettings(Form):
    """The operator: the name, the one currency that everything is charged in, the local time.

    `time_zone` is that of the dates in plan files, and of accounts that have no zone of their own.
    Calls of a month are not corrected any more `close_month_after_d` days after it has ended.
    """

    required: ClassVar = ("name", "currency")
    hints: ClassVar = {"currency": "three capital letters, such as EUR"}

    name: Line = ""
    """The operator's name."""
    currency: Currency = ""
    """Three capital letters; it cannot be changed once there are books."""
    time_zone: ZoneName = "UTC"
    """Of dates in plan files, of reports, and of accounts without one of their own; UTC."""
    close_month_after_d: Annotated[int, whole(0, 366, "days")] = 3
    """Days after the end of a month from which its calls are corrected only on demand; 3."""


class FastAgiSettings(Form):
    """Where Asterisk asks for permission, and from which addresses it may."""

    host: Address = "127.0.0.1"
    """Address to listen at; 127.0.0.1."""
    port: Port = 4573
    """Port to listen at; 4573."""
    peers: tuple[Address, ...] = ("127.0.0.1",)
    """Addresses from which Asterisk may ask; 127.0.0.1 alone."""


class AmiSettings(Form):
    """Asterisk's manager interface."""

    required: ClassVar = ("username",)
    hints: ClassVar = {"secret": _ELSEWHERE, "password": _ELSEWHERE}

    host: Host = "127.0.0.1"
    """Where Asterisk is; 127.0.0.1."""
    port: Port = 5038
    """Its port; 5038."""
    username: Slug = ""
    """The daemon's user in manager.conf."""
    secret_file: FilePath | None = None
    """A file of mode 0600 with the secret; not needed with `LoadCredential=ami.secret`."""


class NumberRuleSettings(Form):
    """One way of dialling: strings with this prefix lose `strip` characters and gain `add`."""

    required: ClassVar = ("prefix",)

    prefix: RulePrefix = ""
    """What a dialled string begins with."""
    strip: Annotated[int, whole(0, 16)] = 0
    """So many characters are taken off; 0."""
    add: RuleDigits = ""
    """These digits are put before it."""


class NumberSettings(Form):
    """How dialled strings become E.164; the first rule whose prefix fits decides.

    `on_net` is dialled before the code and the extension number of another organization.
    """

    required: ClassVar = ("rules",)

    rules: tuple[NumberRuleSettings, ...] = ()
    """How dialled strings become full international numbers; the first one that fits decides."""
    on_net: OnNetPrefix = ""
    """Dialled before the code and the extension number of another organization."""


class EmergencyNumberSettings(ShortForm):
    """A number as users dial it and as the trunk wants it: 911 may be sent as 112."""

    required: ClassVar = ("dialled",)

    dialled: EmergencyNumber = ""
    """As users dial it."""
    sent: EmergencyNumber | None = None
    """As the trunk wants it, where that differs."""


class EmergencySettings(Form):
    """The site's emergency list: every form that users dial, and where these calls go."""

    required: ClassVar = ("numbers", "dial")
    hints: ClassVar = {"numbers": "such as [112, 911]"}

    numbers: tuple[EmergencyNumberSettings, ...] = ()
    """Every form that users dial: always connected, free."""
    dial: DialString = "PJSIP/{number}@carrier"
    """Where these calls go: `PJSIP/{number}@carrier`."""


class TimingSettings(Form):
    """Seconds: how long phones ring, when slices are renewed, how often Asterisk is asked.

    `orphan_max_s` is how long two trunk legs may talk to each other after the phone that brought
    them together has left; 0 ends them as soon as that is seen.
    """

    ring_s: Annotated[int, whole(5, 600, "s")] = 60
    """A phone rings at most so long; 60."""
    renew_lead_s: Annotated[int, whole(1, 120, "s")] = 10
    """The next slice is paid so long before the last one ends; 10."""
    status_check_s: Annotated[int, whole(1, 600, "s")] = 30
    """How often every running call is compared with Asterisk; 30."""
    spool_check_s: Annotated[int, whole(1, 3600, "s")] = 60
    """How often ends that the daemon missed are collected; 60."""
    orphan_max_s: Annotated[int, whole(0, 3600, "s")] = 60
    """How long two trunk legs may talk after the phone that brought them together has left; 60."""


class LogSettings(Form):
    """The log: its level, and how many last digits of numbers it hides."""

    level: Annotated[LogLevel, one_of(LogLevel)] = LogLevel.INFO
    """`debug`, `info` (default), `warning` or `error`."""
    mask_digits: Annotated[int, whole(0, 15)] = 0
    """How many last digits of numbers the log hides; 0."""


class EventSettings(Form):
    """The live cost log in the books: for how many days its lines are kept."""

    keep_days: Annotated[int, whole(1, 3650, "days")] = 30
    """How many days lines of the live cost log are kept; 30."""


class Settings(Form):
    """All settings of a site, checked; paths are absolute."""

    required: ClassVar = (
        "site",
        "database",
        "socket",
        "plans",
        "ami",
        "numbers",
        "trunks",
        "emergency",
    )
    hints: ClassVar = {
        "trunks": "such as [carrier]",
        "dial": _TRUNKS_NOW,
        "dial_by_prefix": _TRUNKS_NOW,
    }

    site: SiteSettings = SiteSettings()
    """The operator, the currency, the local time."""
    pbx: Slug = "pbx1"
    """Name of this machine's PBX; pbx1."""
    database: FilePath = Path()
    """The books: /var/lib/pbxcharge/pbxcharge.db."""
    socket: FilePath = Path()
    """Where commands reach the daemon: /run/pbxcharge/pbxcharge.sock."""
    plans: FilePath = Path()
    """A folder: every *.yaml in it is a charging plan."""
    high_risk: FilePath | None = None
    """A file of prefixes that are refused unless a plan says `high_risk: yes`."""
    rates: FilePath | None = None
    """A folder: every *.csv in it is a rate deck."""
    fastagi: FastAgiSettings = FastAgiSettings()
    """Where Asterisk asks before each call."""
    ami: AmiSettings = AmiSettings()
    """Asterisk's manager interface."""
    numbers: NumberSettings = NumberSettings()
    """How users dial."""
    trunks: tuple[TrunkSettings, ...] = ()
    """Every endpoint that leads out of the house, in the order in which they are tried."""
    routes: tuple[RouteSettings, ...] = ()
    """Trunks for some prefixes."""
    emergency: EmergencySettings = EmergencySettings()
    """The emergency list."""
    timing: TimingSettings = TimingSettings()
    """How long, and how often, in seconds."""
    lost_end: Annotated[LostEnd, one_of(LostEnd)] = LostEnd.LAST_SEEN
    """A call whose end nobody saw is charged until it was `last_seen` (default) alive, or
    `paid_through`."""
    duration_tolerance_ms: Annotated[int, whole(0, 999, "ms")] = 100
    """A started second counts once it has lasted so long; 100."""
    log: LogSettings = LogSettings()
    """The log."""
    events: EventSettings = EventSettings()
    """The live cost log as it is stored."""

    @property
    def time_zone(self) -> ZoneInfo:
        """The local time of the site."""
        return ZoneInfo(self.site.time_zone)

    @property
    def decks(self) -> "DeckFiles | None":
        """Where the rate decks are; what they are compiled to is kept beside the database."""
        if self.rates is None:
            return None
        # Whoever only asks the daemon needs no decks, and need not wait for what reads them.
        from pbxcharge.catalog.decks import DeckFiles

        return DeckFiles(self.rates, self.database.parent / DECK_CACHE, self.time_zone)

    @property
    def number_rules(self) -> tuple[NumberRule, ...]:
        """The number rules as the core takes them."""
        return tuple(NumberRule(rule.prefix, rule.strip, rule.add) for rule in self.numbers.rules)

    @property
    def numbering(self) -> Numbering:
        """How this site dials, as the core takes it."""
        return Numbering(self.number_rules, self.numbers.on_net)

    @property
    def routing(self) -> Routing:
        """Over which trunks public numbers are dialled, as the core takes it."""
        return routing_of(self.trunks, self.routes)

    @property
    def trunk_endpoints(self) -> frozenset[str]:
        """Every endpoint that leads out of the house: the trunks, and where emergencies go.

        `emergency.dial: PJSIP/{number}@rescue` makes `rescue` one of them.
        """
        rescue = self.emergency.dial
        also = (rescue.rpartition("@")[2],) if "@" in rescue else ()
        return frozenset((*(trunk.name for trunk in self.trunks), *also))

    @property
    def emergency_numbers(self) -> tuple[str, ...]:
        """The emergency list as users dial it."""
        return tuple(number.dialled for number in self.emergency.numbers)

    @property
    def emergency_routes(self) -> tuple[EmergencyRoute, ...]:
        """The emergency list with what Asterisk dials for each number."""
        dial = self.emergency.dial
        return tuple(
            EmergencyRoute(number.dialled, dial.replace("{number}", number.sent or number.dialled))
            for number in self.emergency.numbers
        )


def config_path(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Which settings file is meant: the option, else $PBXCHARGE_CONFIG, else the one in /etc."""
    return option or Path(environ.get(CONFIG_VARIABLE) or CONFIG_DEFAULT)


def load_settings(path: Path) -> tuple[Settings | None, tuple[Finding, ...]]:
    """The settings of a file, or None if any finding is an error; all findings at once."""
    source, found = read_source(path)
    if source is None:
        return None, found
    settings, form_findings = read_form(Settings, source, {"folder": path.absolute().parent})
    found = in_order((*found, *form_findings, *_site_findings(settings, source)))
    return (None if has_errors(found) else settings), found


def settings_so_far(path: Path) -> Settings | None:
    """What can be read of settings that have errors; what is missing has its default.

    For looking at the other files of the site only, so that their errors are told at once.
    """
    source, _ = read_source(path)
    if source is None:
        return None
    return read_form(Settings, source, {"folder": path.absolute().parent})[0]


def _site_findings(settings: Settings, source: Source) -> Iterator[Finding]:
    """What must hold between the values of the settings."""
    yield from rule_findings(source, settings.number_rules)
    trunks = settings.routing.trunks
    yield from trunk_findings(source, trunks)
    yield from route_findings(source, settings.routes, trunks)
    yield from emergency_findings(source, settings.emergency_numbers, settings.number_rules)
    emergency, rules = settings.emergency_numbers, settings.number_rules
    yield from caught_findings(source, emergency, rules, settings.routes)
    yield from missing_findings(source, emergency, rules)
    if settings.high_risk is None:
        message = "is not set, so no destination counts as high-risk"
        yield source.warning(("high_risk",), message, "name a file, such as high-risk.txt")
    yield from on_net_findings(
        source, settings.numbers.on_net, settings.number_rules, settings.emergency_numbers
    )
    if not settings.fastagi.peers:
        yield source.error(("fastagi", "peers"), "is empty: nobody may ask", "such as [127.0.0.1]")
    if len(bytes(settings.socket)) > SOCKET_BYTES_MAX:
        message = f"is longer than the {SOCKET_BYTES_MAX} bytes that a socket's path may have"
        yield source.error(("socket",), message, "such as /run/pbxcharge/pbxcharge.sock")


def read_ami_secret(
    config: Path, ami: AmiSettings, environ: Mapping[str, str]
) -> tuple[str | None, tuple[Finding, ...]]:
    """The secret of the AMI user, or why there is none; no message ever shows it.

    systemd's `$CREDENTIALS_DIRECTORY/ami.secret` goes before `secret_file`, which nobody but its
    owner may read. `config` is the settings file, for the finding that neither is there.
    """
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / CREDENTIAL).exists():
        return _secret(Path(credentials) / CREDENTIAL, private=False)
    if ami.secret_file is None:
        hint = f"name a file with mode 0600, or give systemd LoadCredential={CREDENTIAL}"
        where = (Severity.ERROR, str(config), 0, "ami.secret_file")
        return None, (Finding(*where, "is missing", hint),)
    return _secret(ami.secret_file, private=True)


def _secret(path: Path, *, private: bool) -> tuple[str | None, tuple[Finding, ...]]:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return None, (_of_secret(path, "is not a file"),)
        if private and mode & 0o077:
            hint = f"chmod 600 {path}, and change the secret"
            return None, (_of_secret(path, "can be read by others than its owner", hint),)
        content = path.read_bytes()
    except OSError as error:
        return None, (_of_secret(path, f"cannot be read: {error.strerror or error}"),)
    found = _SECRET.fullmatch(content)
    if found is None:
        hint = "one line of 8 to 256 letters, digits and signs, without blanks and semicolons"
        return None, (_of_secret(path, "holds no secret that manager.conf can hold", hint),)
    return found[1].decode("ascii"), ()


def _of_secret(path: Path, message: str, hint: str = "") -> Finding:
    return Finding(Severity.ERROR, str(path), 0, "", message, hint)
