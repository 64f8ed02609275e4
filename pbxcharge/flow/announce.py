"""What a phone may be told before its call rings: how long it could talk, and what is left."""

from dataclasses import dataclass

from pbxcharge.core.call import Call
from pbxcharge.core.credit import Reserved
from pbxcharge.core.money import format_amount

NOTHING_TOLD = {"PBXC_TALK_S": "", "PBXC_BALANCE": "", "PBXC_SOUND": ""}


@dataclass(frozen=True, slots=True)
class Allowed:
    """A call that is held and metered.

    Args:
        call: the call.
        affordable_s: the talk that every level could pay for now, its own first slice included.
        own_available_micros: what the payer has, this call's first slice included; None if the
            payer's calls are never cut.
    """

    call: Call
    affordable_s: int
    own_available_micros: int | None

    @classmethod
    def of(cls, call: Call, reserved: Reserved) -> "Allowed":
        """The call with what was known at the instant of its first hold."""
        affordable_s = reserved.affordable_s
        talk_s = call.through_s if affordable_s is None else affordable_s
        return cls(call, talk_s, reserved.own_available_micros)


def announced(allowed: Allowed) -> dict[str, str]:
    """The variables for the dialplan: 180 s, 0.30, and the sound of the plan's warning.

    Time and money are the payer's business: a leg that was forwarded or transferred, and a caller
    from outside, is told neither.
    """
    granted = allowed.call.granted
    told = {**NOTHING_TOLD, "PBXC_SOUND": granted.rating.terms.warn_sound}
    if granted.attempt.payers_leg is None:
        return told
    return {
        **told,
        "PBXC_TALK_S": str(allowed.affordable_s),
        "PBXC_BALANCE": decimal(allowed.own_available_micros),
    }


def decimal(micros: int | None) -> str:
    """An amount for the dialplan: 12.34; nothing if there is none."""
    return "" if micros is None else format_amount(micros)
