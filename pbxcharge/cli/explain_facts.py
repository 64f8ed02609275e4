"""The facts of a call for people: who paid and why, what was dialled, how it ended."""

from typing import Any

from pbxcharge.cli.output import at
from pbxcharge.cli.reasons import cause_in_words, ended_in_words, in_words, witness_in_words

Document = dict[str, Any]

_TYPES = {
    "incoming": "from outside to a number of this site",
    "local": "to somebody of the same organization",
    "extended_local": "to another organization of this site",
    "public": "to a number outside",
    "emergency": "always connected, and free",
}
_CLOCKS = {"corrected": "Asterisk's clock was set during the call: the daemon's counts"}


def call_facts(answer: Document) -> Document:
    """Names and values, one pair on each line; what is None is left out."""
    cdr = answer["cdr"]
    return {
        "call": cdr["call_id"],
        "account": f"{cdr['account_id']} of {cdr['organization_id']}" if cdr["account_id"] else "",
        "because": _because(answer["payer"]["rule"], cdr),
        "paid by": _payers(answer),
        "type": f"{cdr['call_type']}: {_TYPES.get(cdr['call_type'], '')}",
        "from": caller(cdr),
        "dialled": _dialled(answer["meaning"], cdr),
        "reached": cdr["callee_endpoint"] or cdr["callee_context"],
        "trunk": cdr["trunk"],
        "disposition": cdr["disposition"],
        "reason": in_words(cdr["reason"]),
        "refused by": _refused_by(cdr),
        "needs": cdr["feature"],
        "forwarded": "yes: the payer had not dialled it" if cdr["forwarded"] else None,
        **_times(cdr, answer["zone"]),
        "charge": _charge(answer),
    }


def caller(call: Document) -> str:
    """A phone; or who called from outside, and by which trunk."""
    if call["direction"] == "outgoing":
        return str(call["endpoint"])
    return f"{call['caller_number'] or 'unknown'} by {call['endpoint']}"


def _times(cdr: Document, zone: str) -> Document:
    return {
        "set-up": _both(cdr["setup_at"], zone),
        "answer": _both(cdr["answered_at"], zone),
        "end": _both(cdr["ended_at"], zone),
        "talk": _talk(cdr) if cdr["answered_at"] else "none",
        "clock": _CLOCKS.get(cdr["clock"]),
        "ended by": ended_in_words(cdr["ended_by"]),
        "end known by": witness_in_words(cdr["end_source"]),
        "hangup cause": cause_in_words(cdr["hangup_cause"]),
    }


def _refused_by(cdr: Document) -> str | None:
    """The account whose level refused the attempt, where one did."""
    account_id: str | None = cdr["refused_by"]
    if account_id is None:
        return None
    if account_id == cdr["account_id"]:
        return f"{account_id}, its own level"
    return f"{account_id}, above {cdr['account_id']}"


def _both(instant: str | None, zone: str) -> str | None:
    """An instant by UTC and, if that is another one, by the site's clock."""
    from pbxcharge.reports.words import local

    if instant is None:
        return None
    here = "" if zone == "UTC" else f", {local(instant, zone)} {zone}"
    return f"{at(instant)} UTC{here}"


def _talk(cdr: Document) -> str:
    unpaid = cdr["unpaid_s"]
    beyond = f", of them {unpaid} s unpaid, which nobody is charged" if unpaid else ""
    return f"{cdr['talk_s']} s{beyond}; {cdr['billed_s']} s in whole blocks"


def _payers(answer: Document) -> str:
    levels = answer["payer"]["levels"]
    if not levels:
        return "nobody"
    above = ", each by its own plan" if len(levels) > 1 else ""
    return f"{', then '.join(levels)}{above}"


def _because(rule: str, cdr: Document) -> str:
    endpoint = cdr["endpoint"]
    unknown = cdr["dialled"] if cdr["direction"] == "incoming" else endpoint
    return {
        "emergency": "nobody pays for an emergency call",
        "nobody": f"{unknown} belongs to nobody here",
        "transfer": f"{endpoint} has transferred another phone's leg, and pays for it",
        "on_behalf": f"called in the name of {endpoint}: a forward, a group, a queue or follow-me",
        "own_phone": f"its phone {endpoint} has dialled",
        "did": "the number that was called is its",
        "endpoint": f"{endpoint} is its phone, and dialled or was called for",
    }[rule]


def _dialled(meaning: str, cdr: Document) -> str:
    number, dialled = cdr["number"], cdr["dialled"]
    meant = "" if number == dialled else f", which is {number}"
    read = f"{dialled}{meant}"
    return {
        "emergency": f"{dialled}, an emergency number",
        "extension": f"{dialled}, an extension",
        "on_net": f"{dialled}: extension {number}, behind the code of its organization",
        "did": f"{read}, a number of this site, so over no trunk",
        "public": f"{read} by the site's rules of dialling",
        "incoming": f"{dialled} as the trunk sent it{meant}",
        "nothing": _nothing(cdr),
    }[meaning]


def _nothing(cdr: Document) -> str:
    """A number that was looked for in vain; or not at all, since nobody was there to pay."""
    dialled = str(cdr["dialled"])
    if cdr["reason"] not in (None, "number_invalid"):
        return dialled
    if cdr["direction"] == "incoming":
        return f"{dialled}, which is nobody's number here"
    return f"{dialled}, which means nothing here"


def _charge(answer: Document) -> str:
    cdr = answer["cdr"]
    currency = cdr["currency"]
    parts = [f"{answer['charge_now']} {currency}"]
    if answer["corrections"]:
        parts.append(f"{cdr['charge']} before it was corrected")
    if answer["refunded"] != "0.00":
        parts.append(f"{answer['refunded']} was refunded")
    return "; ".join(parts)
