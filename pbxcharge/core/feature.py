"""Features of services: what a product may grant, with which attributes, and who obeys them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

AttributeValue = int | str | bool
NO_ATTRIBUTES: Final[Mapping[str, AttributeValue]] = MappingProxyType({})
TEXT_MAX: Final = 80


class Service(StrEnum):
    """What is provided to users. Calls are decided by their product, the others are recorded."""

    VOICE_CALLS = "voice_calls"
    MESSAGES = "messages"
    CONFERENCES = "conferences"
    INTERNET_ACCESS = "internet_access"
    EQUIPMENT = "equipment"
    """Rented, such as an IP phone."""


class Enforced(StrEnum):
    """Who sees to it that a feature is had by those only who have it."""

    AUTHORIZATION = "authorization"
    """Each call is asked for, and refused without it."""
    ASTERISK = "asterisk"
    """It is written to Asterisk's database, for the dialplan."""
    RECORDED = "recorded"
    """Nobody: it is known and shown."""


class Feature(StrEnum):
    """Features of voice calls."""

    INCOMING_CALLS = "incoming_calls"
    """Calls from outside."""
    OUTGOING_CALLS = "outgoing_calls"
    """Calls to numbers outside; comes with the service unless it is said otherwise."""
    INTERNATIONAL_CALLS = "international_calls"
    """Calls to numbers of other countries."""
    CALL_FORWARDING = "call_forwarding"
    """Calls that go on to another number."""
    CONCURRENT_CALLS = "concurrent_calls"
    """A limit of its own for calls at once."""
    CALL_WAITING = "call_waiting"
    """A second call knocks while the first one goes on."""
    MAILBOX = "mailbox"
    """Messages of callers whom nobody answers."""
    MUSIC_ON_HOLD = "music_on_hold"
    """Music for who is put on hold."""
    CALL_RECORDING = "call_recording"
    """What is said is recorded."""
    HIDDEN_NUMBER = "hidden_number"
    """Who is called does not see the number."""
    DIRECTORY_ENTRY = "directory_entry"
    """An entry in the telephone directory."""

    @property
    def enforced(self) -> Enforced:
        """Who sees to it."""
        return _ENFORCED.get(self, Enforced.ASTERISK)

    @property
    def service(self) -> Service:
        """Whose feature it is."""
        return Service.VOICE_CALLS

    @property
    def attributes(self) -> "Mapping[str, Attribute]":
        """Its attributes by name."""
        return _ATTRIBUTES.get(self, _NONE)


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a feature is had with: at most 3 targets.

    Args:
        kind: int, str or bool.
        default: where no product and no override says another.
        at_least: of a number.
        at_most: of a number.
    """

    kind: type[int] | type[str] | type[bool]
    default: AttributeValue
    at_least: int = 0
    at_most: int = 0

    def read(self, text: str) -> AttributeValue:
        """The value that a text means: "3" is 3, "yes" is True.

        Raises:
            ValueError: it is none.
        """
        if self.kind is bool:
            if text not in ("yes", "no"):
                raise ValueError(f"{text!r} is neither yes nor no")
            return text == "yes"
        if self.kind is str:
            if not (text.isprintable() and 0 < len(text) <= TEXT_MAX):
                raise ValueError(f"write 1 to {TEXT_MAX} characters")
            return text
        known = text.isascii() and text.isdigit() and len(text) < 10
        if not known or not self.at_least <= int(text) <= self.at_most:
            raise ValueError(f"{text!r} is no number from {self.at_least} to {self.at_most}")
        return int(text)


class EditedBy(StrEnum):
    """Who may change a feature of one account: the operator, its reseller, the user."""

    ADMIN = "admin"
    RESELLER = "reseller"
    USER = "user"


BY_ADMIN: Final = frozenset({EditedBy.ADMIN})


@dataclass(frozen=True, slots=True)
class FeatureSetting:
    """A feature as a product has it.

    Args:
        feature: which.
        on: whether the product grants it, or forbids it.
        attributes: those that it gives; another product, or the default, gives the rest.
        edited_by: who may give one account another setting.
    """

    feature: Feature
    on: bool
    attributes: Mapping[str, AttributeValue] = field(default_factory=lambda: NO_ATTRIBUTES)
    edited_by: frozenset[EditedBy] = BY_ADMIN


@dataclass(frozen=True, slots=True)
class FeatureOverride:
    """A feature of one account, before all that its products say.

    Args:
        feature: which.
        on: granted or forbidden; None leaves that to the products.
        attributes: those that differ.
    """

    feature: Feature
    on: bool | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=lambda: NO_ATTRIBUTES)


_ENFORCED: Final = {
    Feature.INCOMING_CALLS: Enforced.AUTHORIZATION,
    Feature.OUTGOING_CALLS: Enforced.AUTHORIZATION,
    Feature.INTERNATIONAL_CALLS: Enforced.AUTHORIZATION,
    Feature.CALL_FORWARDING: Enforced.AUTHORIZATION,
    Feature.CONCURRENT_CALLS: Enforced.AUTHORIZATION,
    Feature.DIRECTORY_ENTRY: Enforced.RECORDED,
}
_NONE: Final[Mapping[str, Attribute]] = MappingProxyType({})
_ATTRIBUTES: Final[Mapping[Feature, Mapping[str, Attribute]]] = MappingProxyType(
    {
        Feature.CALL_FORWARDING: MappingProxyType({"max_targets": Attribute(int, 1, 1, 20)}),
        Feature.CONCURRENT_CALLS: MappingProxyType({"max": Attribute(int, 1, 1, 1_000_000)}),
        Feature.MAILBOX: MappingProxyType({"limit": Attribute(int, 100, 1, 10_000)}),
        Feature.MUSIC_ON_HOLD: MappingProxyType({"music_class": Attribute(str, "default")}),
    }
)
