"""The systemd units: understood, hardened, and what their comments promise."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.site import COMMAND, REPOSITORY

UNITS = REPOSITORY / "systemd"
SERVICES = ["pbxcharge.service", "pbxcharge-backup.service"]
EXPOSURE_MAX = "15"
"""1.5 of 10, as `--threshold` counts."""


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """`systemd-analyze`, without its pager."""
    return subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=60
    )


def settings(unit: str) -> dict[str, str]:
    """What a unit says, without its comments; the last word counts."""
    text = (UNITS / unit).read_text()
    return dict(re.findall(r"^(\w+)=(.*)$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_hardened(service: str) -> None:
    """Exposure 1.5 or better, by systemd's own measure."""
    found = analyze(
        "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", str(UNITS / service)
    )
    assert found.returncode == 0, found.stdout[-300:] + found.stderr


def test_units_are_understood(tmp_path: Path) -> None:
    """No unknown key, which systemd would only warn of; the program is where this one is."""
    for unit in UNITS.iterdir():
        copy = tmp_path / unit.name
        shutil.copy(unit, copy)
        program = "/opt/pbxcharge/.venv/bin/pbxcharge"
        copy.write_text(copy.read_text().replace(program, str(COMMAND)))
    found = analyze("verify", *sorted(tmp_path.iterdir()))
    assert (found.returncode, found.stderr) == (0, "")


def test_daemon_is_watched_reloaded_and_given_its_secret_by_systemd() -> None:
    """Ready when it says so, killed when it hangs; the secret is a credential, no argument."""
    unit = settings("pbxcharge.service")
    assert (unit["Type"], unit["NotifyAccess"], unit["Restart"]) == ("notify", "main", "always")
    assert int(unit["WatchdogSec"].removesuffix("s")) <= 30
    assert unit["LoadCredential"] == "ami.secret:/etc/pbxcharge/ami.secret"
    assert unit["ExecReload"].endswith(" plan apply")
    assert "Environment" not in unit


def test_daemon_may_put_the_builder_of_a_deck_behind_the_calls() -> None:
    """Where these calls are refused the builder computes beside live calls as their equal."""
    filters = re.findall(
        r"^SystemCallFilter=(.*)$", (UNITS / "pbxcharge.service").read_text(), re.MULTILINE
    )
    assert filters.index("~@privileged @resources") < filters.index(
        "setpriority sched_setscheduler"
    )


def test_backup_leaves_the_socket_of_the_daemon_alone() -> None:
    """A RuntimeDirectory would be removed at the end of each backup, with the socket in it."""
    unit = settings("pbxcharge-backup.service")
    assert "RuntimeDirectory" not in unit
    assert "RemoveIPC" not in unit
    assert "/var/lib/pbxcharge-backup --keep" in unit["ExecStart"]
