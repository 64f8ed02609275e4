"""What single values of subscription plans and products may look like."""

from typing import Annotated, Any

from pbxcharge.catalog.plan_form import OWNER_SITE
from pbxcharge.catalog.scalars import TEXT, Reader, amount, matching, reads, shown, wrong
from pbxcharge.core.money import MICROS
from pbxcharge.core.product import Overdraft, OverdraftMode
from pbxcharge.core.subscription_terms import FEE_DECIMALS

TEXT_MAX = 2000
ANY_NODE = "any"
_STEP_MICROS = MICROS // 10**FEE_DECIMALS
_OVERDRAFT_HINT = "write slices, all_funds, or {amount: 5.00}"


def _read_text(text: str) -> str:
    if not text.strip() or len(text) > TEXT_MAX:
        raise wrong(f"{shown(text)} is not a text", f"write 1 to {TEXT_MAX} characters")
    return text.strip()


def _read_fee(text: str) -> Any:
    micros = amount.func(text)  # type: ignore[call-arg]
    if micros % _STEP_MICROS:
        raise wrong(f"{text} has more than {FEE_DECIMALS} decimals", "such as 2.33333")
    return micros


def _read_overdraft(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() != {"amount"}:
            raise wrong("has other keys than amount", _OVERDRAFT_HINT)
        micros = amount.func(value["amount"])  # type: ignore[call-arg]
        if not micros:
            raise wrong("holds nothing", _OVERDRAFT_HINT)
        return Overdraft(OverdraftMode.AMOUNT, micros)
    if isinstance(value, str):
        if value not in (OverdraftMode.SLICES, OverdraftMode.ALL_FUNDS):
            raise wrong(f"{shown(value)} is not known here", _OVERDRAFT_HINT)
        return Overdraft(OverdraftMode(value))
    if isinstance(value, list):
        raise wrong("is a list", _OVERDRAFT_HINT)
    return value


fee = reads(_read_fee, amount.accepts or TEXT)

Fee = Annotated[int, fee]
"""Money of zero or more with at most 5 decimals, in micro-units."""

Text = Annotated[
    str, reads(_read_text, {"type": ["string", "number"], "minLength": 1, "maxLength": TEXT_MAX})
]
"""A text of several lines."""

ManagedBy = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "an account", f"{OWNER_SITE}, or the id of a reseller"
    ),
]
AccessCode = Annotated[
    str,
    matching(
        r"(?:[A-Za-z0-9*#+][A-Za-z0-9*#+._-]{0,78})?",
        "an access code",
        'a context of the dialplan, or what is dialled first, such as "*72"; "" is plain calling',
    ),
]
OverdraftValue = Annotated[
    Overdraft,
    Reader(
        _read_overdraft,
        accepts={
            "anyOf": [
                {"enum": [str(OverdraftMode.SLICES), str(OverdraftMode.ALL_FUNDS)]},
                {
                    "type": "object",
                    "properties": {"amount": amount.accepts or TEXT},
                    "required": ["amount"],
                    "additionalProperties": False,
                },
            ]
        },
    ),
]


def missing_step(step: str, how: str) -> str:
    """The hint that names the step of the set-up that was left out, and how it is made up for."""
    return f"a step is missing: {step}; {how}"
