"""Which changed settings a reload puts into force, and which it names."""

import shutil
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from pbxcharge.catalog.findings import Severity
from pbxcharge.settings import Settings, load_settings
from pbxcharge.site_files import needs_restart, read_files, with_live_settings
from tests.site import REPOSITORY


def written(tmp_path: Path, **changes: Any) -> Settings:
    """The example settings with other values: `timing__ring_s=5`."""
    yaml = YAML()
    settings = yaml.load(REPOSITORY / "config" / "pbxcharge.yaml")
    for key, value in changes.items():
        *groups, last = key.split("__")
        group = settings
        for name in groups:
            group = group[name]
        group[last] = value
    file = tmp_path / "pbxcharge.yaml"
    yaml.dump(settings, file)
    read, findings = load_settings(file)
    assert read is not None, findings
    return read


def test_every_changed_setting_is_named_unless_it_is_live(tmp_path: Path) -> None:
    """By its key as it stands in the file, in the file's order."""
    running = written(tmp_path)
    changes = {"timing__ring_s": 5, "trunks": ["other"], "routes": [], "plans": "prices/"}
    rules = {"numbers__rules": [{"prefix": "00", "strip": 2}], "emergency__numbers": [999]}
    changed = written(tmp_path, **changes, **rules, emergency__dial="PJSIP/{number}@other")
    assert needs_restart(running, running) == ()
    assert needs_restart(running, changed) == (
        *("trunks", "routes", "emergency.dial", "timing.ring_s"),
    )


def test_only_live_settings_come_into_force(tmp_path: Path) -> None:
    """The emergency list is the new one, what it dials is still the old one."""
    running = written(tmp_path)
    others = {
        "trunks": ["other"],
        "routes": [],
        "site__time_zone": "Asia/Tokyo",
        "site__close_month_after_d": 9,
    }
    changed = written(tmp_path, emergency__numbers=[999], **others)
    live = with_live_settings(running, changed)
    assert live.emergency_numbers == ("999",)
    assert live.time_zone == ZoneInfo("Asia/Tokyo")
    assert live.site.close_month_after_d == 9
    assert (live.trunks, live.emergency.dial) == (running.trunks, running.emergency.dial)
    assert needs_restart(live, changed) == ("trunks", "routes")


def test_a_trunk_whose_deck_is_not_there_is_refused(tmp_path: Path) -> None:
    """By its line in the settings, with the decks that are there."""
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "carrier.csv").write_text("prefix,price_per_minute\n44,0.01\n")
    changes = {"trunks": [{"name": "carrier", "deck": "carier"}], "routes": []}
    config = REPOSITORY / "config"
    kept = ("plans", "subscriptions", "products", "discounts")
    others = {key: str(config / key) for key in kept}
    others["high_risk"] = str(config / "high-risk.txt")
    written(tmp_path, rates="rates/", **changes, **others)
    read = read_files(tmp_path / "pbxcharge.yaml")
    (found,) = (it for it in read.findings if it.severity == "error")
    assert (read.catalog, found.key) == (None, "trunks[1].deck")
    assert (found.message, found.hint.partition(";")[0]) == (
        "there is no rate deck carier",
        "known: carrier",
    )


def test_errors_of_the_settings_hide_none_of_the_other_files(tmp_path: Path) -> None:
    """All findings at once; warnings wait, since they may follow from what is wrong there."""
    own = shutil.ignore_patterns("state", "ami.secret")
    shutil.copytree(REPOSITORY / "config", tmp_path, ignore=own, dirs_exist_ok=True)
    for file, old, new in (
        ("pbxcharge.yaml", "deck: carrier}\n  -", "deck: carier}\n  -"),
        ("pbxcharge.yaml", "ring_s: 60", "ringing_s: 60"),
        ("plans/kiosk.yaml", "slice_s: 5", "slice_s: soon"),
        ("rates/carrier.csv", "0.0045", "cheap"),
    ):
        path = tmp_path / file
        path.write_text(path.read_text().replace(old, new, 1))
    read = read_files(tmp_path / "pbxcharge.yaml")
    assert (read.settings, read.catalog) == (None, None)
    assert [(Path(it.file).name, it.severity) for it in read.findings] == [
        ("pbxcharge.yaml", Severity.ERROR),
        ("pbxcharge.yaml", Severity.ERROR),
        ("kiosk.yaml", Severity.ERROR),
        ("carrier.csv", Severity.ERROR),
    ]
