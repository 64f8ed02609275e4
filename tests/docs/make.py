"""Make the reference pages of the documentation: `python -m tests.docs.make`.

What a page says comes from the code: texts of commands, keys, columns and reasons are written there
once. What the code does not say stands in `tests/docs/texts.py`.
"""

from collections.abc import Callable, Mapping

from tests.docs.commands_page import commands_page
from tests.docs.records_page import records_page
from tests.docs.settings_page import settings_page
from tests.site import REPOSITORY

FOLDER = REPOSITORY / "docs"
PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "records.md": records_page,
}


def main() -> None:
    """Write every page."""
    for name, made in PAGES.items():
        (FOLDER / name).write_text(made())


if __name__ == "__main__":
    main()
