"""The folder of rate decks: compiled once, kept as long as it is used, or refused."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pbxcharge.catalog import decks as of_decks
from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.deck_build import built_from_json
from pbxcharge.catalog.decks import DeckFiles, load_decks
from pbxcharge.catalog.findings import Finding
from tests.fakes.decks import UTC, large_deck

SMALL = "prefix,price_per_minute\n44,0.01\n"
ROWS = 3_000


@pytest.fixture
def files(tmp_path: Path) -> DeckFiles:
    """A folder with one small deck, and a place for what it is compiled to."""
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "carrier.csv").write_text(SMALL)
    return DeckFiles(tmp_path / "rates", tmp_path / "state-decks", UTC)


def load(files: DeckFiles) -> Mapping[str, Deck]:
    """Decks that have nothing wrong with them."""
    decks, found = load_decks(files)
    assert found == []
    return decks


def refused(files: DeckFiles) -> list[Finding]:
    """What is wrong with a folder in which nothing is right."""
    decks, found = load_decks(files)
    assert not decks
    return found


def cached(files: DeckFiles) -> set[str]:
    """The names of what is kept."""
    return {path.name for path in files.cache.iterdir()}


def test_each_file_is_a_deck_that_is_compiled_once(files: DeckFiles) -> None:
    """By the name of its file; the second time the same compiled file is opened, untouched."""
    (files.folder / "other.csv").write_text(SMALL.replace("44", "49"))
    (files.folder / "~$carrier.csv").write_text("lock of a spreadsheet program")
    decks = load(files)
    assert sorted(decks) == ["carrier", "other"]
    made = {name: (files.cache / name).stat().st_ino for name in cached(files)}
    assert load(files)["other"].version == decks["other"].version
    assert {name: (files.cache / name).stat().st_ino for name in cached(files)} == made


def test_a_changed_file_is_another_deck_while_the_former_is_in_use(files: DeckFiles) -> None:
    """Who has the former one reads it on, also when its compiled file is gone."""
    before = load(files)["carrier"]
    (files.folder / "carrier.csv").write_text(SMALL.replace("0.01", "0.02"))
    for path in files.cache.iterdir():
        os.utime(path, (0, 0))
    after = load(files)["carrier"]
    assert len(cached(files)) == 1
    found = [it.table().match("442", 0) for it in (before, after)]
    assert [str(rate.price_per_minute) for rate in found if rate] == ["1/100", "1/50"]


def test_what_was_used_today_stays(files: DeckFiles) -> None:
    """Going back to yesterday's prices takes no time."""
    load(files)
    (files.folder / "carrier.csv").write_text(SMALL.replace("0.01", "0.02"))
    load(files)
    assert len(cached(files)) == 2


def test_a_large_deck_is_compiled_by_another_process(
    files: DeckFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process computes nothing of it."""
    (files.folder / "carrier.csv").write_text(large_deck(ROWS, 1))

    def not_here(*_: object) -> None:
        raise AssertionError("compiled here")

    monkeypatch.setattr(of_decks, "build", not_here)
    assert load(files)["carrier"].rows == ROWS


def test_findings_of_another_process_come_back(files: DeckFiles) -> None:
    """With file, line and column, and how many there are."""
    bad = large_deck(ROWS, 1).replace(",0.", ",-0.")
    (files.folder / "carrier.csv").write_text(bad)
    found = refused(files)
    assert len(found) == 201
    assert (found[0].file, found[0].line) == (str(files.folder / "carrier.csv"), 2)
    assert found[0].key == "price_per_minute"
    assert "3,000 errors" in found[-1].message
    assert cached(files) == set()


def test_a_builder_that_is_killed_leaves_nothing_half(files: DeckFiles) -> None:
    """Neither a deck nor, after a while, what it had begun; the next one makes it whole."""
    large = files.folder / "carrier.csv"
    large.write_text(large_deck(ROWS, 1))
    files.cache.mkdir()
    (files.cache / "0123.deck.77.new").write_bytes(b"half")
    module = "pbxcharge.catalog.deck_build"
    words = (sys.executable, "-m", module, str(large), str(files.cache), "UTC")
    with subprocess.Popen(words, stdout=subprocess.PIPE) as builder:
        builder.kill()
    assert cached(files) == {"0123.deck.77.new"}
    os.utime(files.cache / "0123.deck.77.new", (0, 0))
    assert load(files)["carrier"].rows == ROWS
    assert [name.partition(".")[2] for name in cached(files)] == ["deck"]


def test_a_builder_makes_way_for_calls(tmp_path: Path) -> None:
    """Whoever else wants its processor has it at once: it is behind before it reads a row."""
    source = tmp_path / "carrier.csv"
    os.mkfifo(source)
    words = (sys.executable, "-m", "pbxcharge.catalog.deck_build", source, tmp_path, "UTC")
    with subprocess.Popen(words, stdout=subprocess.PIPE) as builder:
        with source.open("wb") as rows:  # it is open when the builder reads it
            assert os.sched_getscheduler(builder.pid) == os.SCHED_IDLE
            assert os.getpriority(os.PRIO_PROCESS, builder.pid) >= 10
            rows.write(large_deck(10, 1).encode())
        assert builder.stdout is not None
        assert built_from_json(builder.stdout.read().decode()).path is not None


def test_a_damaged_compiled_file_is_made_anew(files: DeckFiles) -> None:
    """Whatever has happened to it."""
    load(files)
    (place,) = files.cache.iterdir()
    place.write_bytes(place.read_bytes()[:100])
    assert load(files)["carrier"].rows == 1


def test_a_cache_that_cannot_be_used_is_done_without(files: DeckFiles, tmp_path: Path) -> None:
    """The deck is there all the same, and nothing is left anywhere."""
    (tmp_path / "file").write_text("")
    elsewhere = replace(files, cache=tmp_path / "file" / "decks")
    rate = load(elsewhere)["carrier"].table().match("442", 0)
    assert rate is not None


def test_a_cache_of_another_user_is_left_alone(
    files: DeckFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of root in it could not be replaced by the daemon."""
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert load(files)["carrier"].rows == 1
    assert not files.cache.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [("Carrier A.csv", "small letters"), ("carrier.CSV", "*.csv"), ("carrier.xlsx", "*.csv")],
)
def test_files_that_are_no_decks_are_named(files: DeckFiles, name: str, said: str) -> None:
    """With how to name them."""
    (files.folder / name).write_text(SMALL)
    (found,) = load_decks(files)[1]
    assert found.file == str(files.folder / name)
    assert said in found.hint


def test_a_folder_or_a_file_that_cannot_be_read_is_a_finding(files: DeckFiles) -> None:
    """Missing, or something else."""
    (missing,) = refused(replace(files, folder=files.folder / "missing"))
    assert "No such file" in missing.message
    (files.folder / "carrier.csv").unlink()
    (files.folder / "carrier.csv").mkdir()
    (folder,) = refused(files)
    assert "Is a directory" in folder.message


def test_what_is_no_answer_of_a_builder_is_an_error() -> None:
    """Not an empty deck."""
    with pytest.raises(ValueError, match="Expecting value"):
        built_from_json("Traceback")
