"""The settings of a site, from `pbxcharge.yaml`: what belongs to the machine, not to a plan.

Nothing is read from the environment but the place of the file, so that what the file says is what
the daemon does. Paths are relative to the folder of the file. The AMI secret never stands in it.
"""

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar
from zoneinfo import ZoneInfo

from pbxcharge.catalog.emergency import EmergencyRoute
from pbxcharge.catalog.emergency_checks import caught_findings, missing_findings
from pbxcharge.catalog.findings import Finding, Severity, has_errors, in_order
from pbxcharge.catalog.form import Form, read_form
from pbxcharge.catalog.scalars import Slug, one_of, whole
from pbxcharge.catalog.site_checks import emergency_findings, on_net_findings, rule_findings
from pbxcharge.catalog.site_form import (
    AmiSettings,
    EmergencySettings,
    EventSettings,
    FastAgiSettings,
    LogSettings,
    LostEnd,
    NumberSettings,
    SiteSettings,
    TimingSettings,
)
from pbxcharge.catalog.site_values import FilePath
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
    from pbxcharge.catalog.offers import OfferFiles

CONFIG_VARIABLE = "PBXCHARGE_CONFIG"
CONFIG_DEFAULT = Path("/etc/pbxcharge/pbxcharge.yaml")

SOCKET_BYTES_MAX = 107
CREDENTIAL = "ami.secret"
DECK_CACHE = "decks"

_SECRET = re.compile(rb"([\x21-\x3a\x3c-\x7e]{8,256})\r?\n?")
_TRUNKS_NOW = (
    "write trunks: [carrier], or with how it is dialled "
    "[{name: carrier, dial: 'PJSIP/{number}@carrier'}]; prefixes of their own stand in routes"
)


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
    subscriptions: FilePath | None = None
    """A folder: every *.yaml in it is a subscription plan."""
    products: FilePath | None = None
    """A folder: every *.yaml in it is a product."""
    discounts: FilePath | None = None
    """A folder: every *.yaml in it is included talk, or a volume discount, of accounts by
    themselves."""
    high_risk: FilePath | None = None
    """A file of prefixes that are refused unless a plan says `high_risk: yes`."""
    rates: FilePath | None = None
    """A folder: every *.csv in it is a rate deck."""
    fastagi: FastAgiSettings = FastAgiSettings()
    """Where Asterisk asks before each call."""
    ami: AmiSettings = AmiSettings()
    """Asterisk's manager interface."""
    dialplan_dir: FilePath = Path("/etc/asterisk")
    """Where the files pbxcharge-*.conf lie that Asterisk loads, for `check`; /etc/asterisk."""
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
    def offers(self) -> "OfferFiles":
        """Where subscription plans and products are, and for which site."""
        from pbxcharge.catalog.offers import OfferFiles

        home, currency = bool(self.numbers.home), self.site.currency
        return OfferFiles(
            self.subscriptions, self.products, currency, self.pbx, home, self.discounts
        )

    @property
    def number_rules(self) -> tuple[NumberRule, ...]:
        """The number rules as the core takes them."""
        return tuple(NumberRule(rule.prefix, rule.strip, rule.add) for rule in self.numbers.rules)

    @property
    def numbering(self) -> Numbering:
        """How this site dials, as the core takes it."""
        return Numbering(self.number_rules, self.numbers.on_net, self.numbers.home)

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
