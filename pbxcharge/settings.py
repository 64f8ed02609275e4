"""The settings of a site, from `pbxcharge.yaml`: what belongs to the machine, not to a plan.

Nothing is read from the environment but the place of the file, so that what the file says is what
the daemon does. Paths are relative to the folder of the file. The AMI secret never stands in it.
"""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ValidationInfo, model_validator

from pbxcharge.catalog.findings import Finding, has_errors, in_order
from pbxcharge.catalog.form import Form, read_form
from pbxcharge.catalog.scalars import (
    Line,
    Slug,
    matching,
    one_of,
    reads,
    shown,
    whole,
    wrong,
)
from pbxcharge.catalog.source import read_source
from pbxcharge.core.number import NumberRule

CONFIG_VARIABLE = "PBXCHARGE_CONFIG"
CONFIG_DEFAULT = Path("/etc/pbxcharge/pbxcharge.yaml")

_ELSEWHERE = "put it into a file with mode 0600 and name that in secret_file"


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


def _read_path(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise wrong("is not a path", "write an absolute path, or one relative to this file")
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / value


def _read_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise wrong(f"{shown(text)} is not an IP address", "such as 127.0.0.1") from None


FilePath = Annotated[Path, BeforeValidator(_read_path)]
Address = Annotated[str, reads(_read_address)]
Host = Annotated[str, matching(r"[A-Za-z0-9.:-]{1,253}", "a host", "such as 127.0.0.1")]
Port = Annotated[int, whole(1, 65_535)]
Currency = Annotated[str, matching("[A-Z]{3}", "a currency", "three capital letters, such as EUR")]
DialString = Annotated[
    str,
    matching(
        r"[A-Za-z0-9]+/[A-Za-z0-9_.:@+-]*\{number\}[A-Za-z0-9_.:@+-]*",
        "a way to dial",
        "technology, {number} once and a trunk, such as PJSIP/{number}@carrier",
    ),
]
EmergencyNumber = Annotated[
    str, matching(r"\+?[0-9]{2,15}", "a number", "2 to 15 digits, as the users dial them")
]
RulePrefix = Annotated[str, matching(r"\+?[0-9]{0,15}", "a prefix", 'digits, "+" or nothing ("")')]
RuleDigits = Annotated[str, matching("[0-9]{0,15}", "a prefix", 'digits, or nothing ("")')]


class SiteSettings(Form):
    """The operator: the name, and the one currency that everything is charged in."""

    required: ClassVar = ("name", "currency")
    hints: ClassVar = {"currency": "three capital letters, such as EUR"}

    name: Line = ""
    currency: Currency = ""


class FastAgiSettings(Form):
    """Where Asterisk asks for permission, and from which addresses it may."""

    host: Address = "127.0.0.1"
    port: Port = 4573
    peers: tuple[Address, ...] = ("127.0.0.1",)


class AmiSettings(Form):
    """Asterisk's manager interface."""

    required: ClassVar = ("username",)
    hints: ClassVar = {"secret": _ELSEWHERE, "password": _ELSEWHERE}

    host: Host = "127.0.0.1"
    port: Port = 5038
    username: Slug = ""
    secret_file: FilePath | None = None


class NumberRuleSettings(Form):
    """One way of dialling: strings with this prefix lose `strip` characters and gain `add`."""

    required: ClassVar = ("prefix",)

    prefix: RulePrefix = ""
    strip: Annotated[int, whole(0, 16)] = 0
    add: RuleDigits = ""


class NumberSettings(Form):
    """How dialled strings become E.164; the first rule whose prefix fits decides."""

    required: ClassVar = ("rules",)

    rules: tuple[NumberRuleSettings, ...] = ()


class EmergencyNumberSettings(Form):
    """A number as users dial it and as the trunk wants it: 911 may be sent as 112."""

    required: ClassVar = ("dialled",)

    dialled: EmergencyNumber = ""
    sent: EmergencyNumber | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        return {"dialled": value} if isinstance(value, str) else value


class EmergencySettings(Form):
    """The site's emergency list: every form that users dial, and where these calls go."""

    required: ClassVar = ("numbers", "dial")
    hints: ClassVar = {"numbers": "such as [112, 911]"}

    numbers: tuple[EmergencyNumberSettings, ...] = ()
    dial: DialString = "PJSIP/{number}@carrier"


class TimingSettings(Form):
    """Seconds: how long phones ring, when slices are renewed, how often Asterisk is asked."""

    ring_s: Annotated[int, whole(5, 600, "s")] = 60
    renew_lead_s: Annotated[int, whole(1, 120, "s")] = 10
    status_check_s: Annotated[int, whole(1, 600, "s")] = 30
    spool_check_s: Annotated[int, whole(1, 3600, "s")] = 60


class LogSettings(Form):
    """The log: its level, and how many last digits of numbers it hides."""

    level: Annotated[LogLevel, one_of(LogLevel)] = LogLevel.INFO
    mask_digits: Annotated[int, whole(0, 15)] = 0


class Settings(Form):
    """All settings of a site, checked; paths are absolute."""

    required: ClassVar = (
        "site",
        "database",
        "socket",
        "plans",
        "ami",
        "numbers",
        "dial",
        "emergency",
    )

    site: SiteSettings = SiteSettings()
    pbx: Slug = "pbx1"
    database: FilePath = Path()
    socket: FilePath = Path()
    plans: FilePath = Path()
    fastagi: FastAgiSettings = FastAgiSettings()
    ami: AmiSettings = AmiSettings()
    numbers: NumberSettings = NumberSettings()
    dial: DialString = ""
    emergency: EmergencySettings = EmergencySettings()
    timing: TimingSettings = TimingSettings()
    lost_end: Annotated[LostEnd, one_of(LostEnd)] = LostEnd.LAST_SEEN
    duration_tolerance_ms: Annotated[int, whole(0, 999, "ms")] = 100
    log: LogSettings = LogSettings()

    @property
    def number_rules(self) -> tuple[NumberRule, ...]:
        """The number rules as the core takes them."""
        return tuple(NumberRule(rule.prefix, rule.strip, rule.add) for rule in self.numbers.rules)

    @property
    def emergency_numbers(self) -> tuple[str, ...]:
        """The emergency list as users dial it."""
        return tuple(number.dialled for number in self.emergency.numbers)


def config_path(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Which settings file is meant: the option, else $PBXCHARGE_CONFIG, else the one in /etc."""
    return option or Path(environ.get(CONFIG_VARIABLE) or CONFIG_DEFAULT)


def load_settings(path: Path) -> tuple[Settings | None, tuple[Finding, ...]]:
    """The settings of a file, or None if any finding is an error."""
    source, found = read_source(path)
    if source is None:
        return None, found
    settings, form_findings = read_form(Settings, source, {"folder": path.absolute().parent})
    found = in_order((*found, *form_findings))
    return (None if has_errors(found) else settings), found
