"""A key that is not known is named with its line and the nearest one that is, in every file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pbxcharge.catalog.decks import DeckFiles, load_decks
from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.import_files import read_import
from pbxcharge.catalog.load import load_catalog
from pbxcharge.settings import load_settings
from tests.fakes.decks import UTC

Check = Callable[[Path], tuple[Finding, ...]]

PLAN = "name: a\ntype: prepaid\nlimits:\n  concurent_calls: 3\n"
SETTINGS = (
    "site: {name: a, currency: EUR}\nemergency:\n  numbers: [112]\n  dail: PJSIP/{number}@a\n"
)


def of_plan(file: Path) -> tuple[Finding, ...]:
    """What is wrong in a plans folder."""
    return load_catalog(file.parent, ()).findings


def of_deck(file: Path) -> tuple[Finding, ...]:
    """What is wrong in a folder of decks."""
    return tuple(load_decks(DeckFiles(file.parent, file.parent / "cache", UTC))[1])


@pytest.mark.parametrize(
    ("name", "text", "check", "line", "key", "near"),
    [
        ("a.yaml", SETTINGS, lambda file: load_settings(file)[1], 4, "emergency.dail", "dial"),
        ("a.yaml", PLAN, of_plan, 4, "limits.concurent_calls", "concurrent_calls"),
        ("a.csv", "# x\nprefix,price_per_minut\n", of_deck, 2, "price_per_minut", "price_per"),
        ("accounts.csv", "account,pln\n", lambda it: read_import([it])[1], 1, "pln", "plan"),
        (
            *("a.yaml", "accounts:\n  - account: a\n    statsu: active\n"),
            *(lambda it: read_import([it])[1], 3, "accounts[1].statsu", "status"),
        ),
    ],
    ids=["settings", "plan", "deck", "import table", "import file"],
)
def test_an_unknown_key_is_named_with_the_nearest_one(
    tmp_path: Path, name: str, text: str, check: Check, line: int, key: str, near: str
) -> None:
    """So that a slip is put right by reading the finding."""
    file = tmp_path / name
    file.write_text(text)
    (found,) = (it for it in check(file) if it.key == key)
    assert (found.severity, Path(found.file).name, found.line) == (Severity.ERROR, name, line)
    assert found.hint.startswith(f"did you mean {near}")
