"""The client: quick to import, since every command waits for it."""

import subprocess
import sys


def test_the_command_line_of_the_http_library_is_not_imported() -> None:
    """It would take as long as everything else in it; so would the forms of plans and decks."""
    code = "import sys, pbxcharge.settings, pbxcharge.api.client; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(out.stdout.split())
    assert "httpx._client" in loaded
    slow = {"pygments", "click", "pbxcharge.catalog.plan_form", "pbxcharge.catalog.deck_columns"}
    assert not loaded & slow
