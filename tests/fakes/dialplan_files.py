"""The dialplan of this release as Asterisk would list it, read from its files."""

from pathlib import Path

from pbxcharge.catalog.dialplan_files import contexts_in

FOLDER = Path(__file__).parents[2] / "asterisk-dialplan"
METERED = ("extensions", "forwards", "incoming")
"""The files that no site changes."""


def contexts() -> dict[str, tuple[str, ...]]:
    """Each context with its lines: `s,2(dial),Dial(PJSIP/100,20)`."""
    return {name: lines for file in METERED for name, lines in contexts_in(text_of(file)).items()}


def text_of(file: str) -> str:
    """One of the files: `forwards`."""
    return (FOLDER / f"pbxcharge-{file}.conf").read_text()
