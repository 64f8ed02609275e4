"""The dialplan and the endpoints that Asterisk has loaded, compared with what charging relies on.

A dialplan of an earlier release, or one that was edited, may let calls through that nobody meters.
An endpoint that does not notice when the other side falls silent is charged until its credit ends.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from pbxcharge.catalog.dialplan_files import Lines
from pbxcharge.catalog.findings import Finding, Severity

DIALPLAN, ENDPOINTS = "Asterisk's dialplan", "Asterisk's endpoints"
RTP_TIMEOUT, DIRECT_MEDIA, CONTEXT = "rtp_timeout", "direct_media", "context"
SETTINGS = (RTP_TIMEOUT, DIRECT_MEDIA, CONTEXT)
"""What is asked of each endpoint; every one that is loaded has a context."""
NAMED_MAX = 5

_ANEW = (
    'copy asterisk-dialplan/pbxcharge-*.conf anew, then "dialplan reload"; what the site adds '
    "belongs into contexts of its own"
)

_RELOAD = 'give "dialplan reload", so that what the file says counts'

SHIPPED: Mapping[str, str] = MappingProxyType(
    {
        "pbxc-after": "dbf4c5abbac7",
        "pbxc-answered": "b01c7076412a",
        "pbxc-auth": "7abb12a44b71",
        "pbxc-behalf": "d5f2f40e00b2",
        "pbxc-called": "62858ac1f30a",
        "pbxc-called-answered": "150f79f0f024",
        "pbxc-called-context": "fd144264211a",
        "pbxc-called-phone": "4d5fdc25cc32",
        "pbxc-clean": "a84e135203e2",
        "pbxc-deny": "b01912ce97d1",
        "pbxc-emergency-answered": "4f2bf71f2c3c",
        "pbxc-emergency-call": "8a99d1acfdd7",
        "pbxc-emergency-ended": "a22f6c328dd2",
        "pbxc-emergency-leg": "4bfa81c231d6",
        "pbxc-ended": "18ec0a5f7c33",
        "pbxc-entered": "e2c0c9c7414c",
        "pbxc-forward": "890ff8d10ef0",
        "pbxc-forward-codes": "6cfc22b4b0cf",
        "pbxc-forward-set": "b1f96dee121a",
        "pbxc-forwarded": "d947374891ec",
        "pbxc-in": "27a8d45eb758",
        "pbxc-in-use": "691190df6275",
        "pbxc-inside": "b7130d73c48d",
        "pbxc-leg": "75d15ab00c9b",
        "pbxc-out": "79bf0d3023bd",
        "pbxc-paid": "d09a86dead7d",
        "pbxc-rescued": "d655dc38d084",
        "pbxc-ring": "10c3759b52ab",
        "pbxc-warning": "9bfd9d3a1dfc",
    }
)
"""The contexts of `asterisk-dialplan/` and the digest of their lines.

A site's own are not among them: the emergency numbers, and the menu of `pbxcharge-topup.conf`.
"""


def digest(lines: Iterable[str]) -> str:
    """Twelve hexadecimal digits of a context's lines, in whatever order Asterisk lists them."""
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()[:12]


def dialplan_findings(
    loaded: Mapping[str, Collection[str]], installed: Mapping[Path, Mapping[str, Lines]]
) -> Iterator[Finding]:
    """Contexts that are missing, not those of this release, or not those of this machine's files.

    Args:
        loaded: the lines of each context in SHIPPED and in the files, see
            AmiClient.dialplan_lines.
        installed: the lines of each context in the files, see installed_contexts.
    """
    missing = [context for context in SHIPPED if not loaded[context]]
    if missing:
        message = f"Asterisk has not loaded what calls are metered by: {_named(missing)}"
        hint = 'include pbxcharge-*.conf from extensions.conf, then "dialplan reload"'
        yield Finding(Severity.ERROR, DIALPLAN, 0, "", message, hint)
    stale = {file: _stale(loaded, contexts) for file, contexts in installed.items()}
    waiting = {name for names in stale.values() for name in names}
    others = [
        name
        for name, shipped in SHIPPED.items()
        if loaded[name] and name not in waiting and digest(loaded[name]) != shipped
    ]
    if others:
        message = f"is not that of this release: {_named(others)}"
        yield Finding(Severity.WARNING, DIALPLAN, 0, "", message, _ANEW)
    for file, names in stale.items():
        if names:
            message = f"is not what Asterisk has loaded: {_named(names)}"
            yield Finding(Severity.WARNING, str(file), 0, "", message, _RELOAD)


def _stale(loaded: Mapping[str, Collection[str]], contexts: Mapping[str, Lines]) -> list[str]:
    """Contexts of a file that were changed after it was loaded; none if it is not included."""
    if not any(loaded[name] for name in contexts):
        return []
    return [name for name, lines in contexts.items() if sorted(lines) != sorted(loaded[name])]


def endpoint_findings(
    trunks: Mapping[str, Mapping[str, str]], phones: Mapping[str, Mapping[str, str]]
) -> Iterator[Finding]:
    """Endpoints that are not there, and such that would not notice a silent other side.

    Args:
        trunks: what Asterisk says of SETTINGS, by endpoint; empty texts where it says nothing.
        phones: likewise.
    """
    everybody = {**trunks, **phones}
    if not any(it[CONTEXT] for it in everybody.values()):
        yield Finding(
            Severity.WARNING, ENDPOINTS, 0, "", "cannot be asked for",
            "load func_pjsip_endpoint.so in modules.conf, so that rtp_timeout can be looked at",
        )  # fmt: skip
        return
    yield from _missing(Severity.ERROR, trunks, "trunk", "no call can leave or come in by it")
    yield from _missing(Severity.WARNING, phones, "phone", "nobody can call from there")
    silent = [name for name, it in everybody.items() if it[RTP_TIMEOUT] == "0"]
    if silent:
        yield Finding(
            Severity.WARNING, ENDPOINTS, 0, RTP_TIMEOUT,
            f"is not set: a call whose other side is gone without a word goes on until the credit "
            f"ends ({_named(silent)})",
            "rtp_timeout = 60 in pjsip.conf, and timers = yes",
        )  # fmt: skip
    direct = [name for name, it in everybody.items() if it[DIRECT_MEDIA] in ("yes", "true")]
    if direct:
        yield Finding(
            Severity.WARNING, ENDPOINTS, 0, DIRECT_MEDIA,
            f"lets the media pass Asterisk by, so rtp_timeout sees none ({_named(direct)})",
            "direct_media = no in pjsip.conf",
        )  # fmt: skip


def _missing(
    severity: Severity, endpoints: Mapping[str, Mapping[str, str]], what: str, so: str
) -> Iterator[Finding]:
    absent = [name for name, it in endpoints.items() if not it[CONTEXT]]
    if absent:
        message = f"Asterisk has no such {what}, so {so}: {_named(absent)}"
        yield Finding(severity, ENDPOINTS, 0, what, message, 'see pjsip.conf, or "pjsip reload"')


def _named(names: list[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
