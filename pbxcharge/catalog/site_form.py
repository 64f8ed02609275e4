"""The groups of keys in `pbxcharge.yaml`, beside the trunks: see `pbxcharge.settings`."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pbxcharge.catalog.form import Form, ShortForm
from pbxcharge.catalog.scalars import Line, Slug, one_of, whole
from pbxcharge.catalog.site_values import (
    Address,
    Currency,
    DialPrefix,
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

    `on_net` is dialled before the code and the extension number of another organization. Numbers
    that begin otherwise than `home` are international, where a product asks for that.
    """

    required: ClassVar = ("rules",)

    rules: tuple[NumberRuleSettings, ...] = ()
    """How dialled strings become full international numbers; the first one that fits decides."""
    on_net: OnNetPrefix = ""
    """Dialled before the code and the extension number of another organization."""
    home: tuple[DialPrefix, ...] = ()
    """Leading digits of numbers that are not international: `[44]`."""


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
