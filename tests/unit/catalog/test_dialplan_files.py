"""Dialplan files read as Asterisk would list them; what is written otherwise is left out."""

from pathlib import Path

import pytest

from pbxcharge.catalog.dialplan_files import contexts_in, installed_contexts
from tests.fakes.dialplan_files import FOLDER

WRITTEN = r"""
; a menu
[menu]
include => pbxc-in
exten => 100,1(top),Answer          ; a comment
 same => n,Set(A=1\;2)
exten = 100 , n(again) , Dial(PJSIP/100,20)
exten => _X.,1,Hangup()

[empty]
"""


def test_a_context_is_listed_line_by_line() -> None:
    """Priorities are counted, labels stay, comments go, an application without brackets gets them.

    A semicolon behind a backslash is part of the line.
    """
    assert contexts_in(WRITTEN) == {
        "menu": (
            "include => pbxc-in",
            "100,1(top),Answer()",
            "100,2,Set(A=1;2)",
            "100,3(again),Dial(PJSIP/100,20)",
            "_X.,1,Hangup()",
        )
    }


@pytest.mark.parametrize(
    "line",
    [
        "exten => 100,hint,PJSIP/100",
        "exten => 100/4420,1,Answer()",
        "exten => 100,s,Answer()",
        "exten => 100,10,Answer()",
        "switch => DUNDi/e164",
        "#include other.conf",
        ";-- begins a long comment",
    ],
)
def test_a_context_written_in_another_way_is_not_read(line: str) -> None:
    """Nothing is said of it, instead of something wrong; the next context is read."""
    text = f"[odd]\nexten => 1,1,Answer()\n{line}\n[plain]\nexten => 1,1,Answer()\n"
    assert "odd" not in contexts_in(text)
    assert ("plain" in contexts_in(text)) is not line.startswith(";--")


def test_only_our_files_are_read(tmp_path: Path) -> None:
    """Of those that are there and hold a dialplan: a manager's user is none."""
    for name in ("pbxcharge-incoming.conf", "pbxcharge-manager.conf"):
        (tmp_path / name).write_text((FOLDER / name).read_text())
    (tmp_path / "extensions.conf").write_text(WRITTEN)
    assert [path.name for path in installed_contexts(tmp_path)] == ["pbxcharge-incoming.conf"]
    assert installed_contexts(tmp_path / "nowhere") == {}
