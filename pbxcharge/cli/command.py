"""How commands are made: common options, one way to run, one way to fail."""

import inspect
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from pbxcharge.cli.exits import BadConfiguration, Exit, exit_for, reason_of
from pbxcharge.cli.output import complain, print_json
from pbxcharge.errors import PbxchargeError

if TYPE_CHECKING:
    from pbxcharge.alone import Catalog, SiteFiles
    from pbxcharge.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Settings file; else $PBXCHARGE_CONFIG, else /etc/pbxcharge/pbxcharge.yaml.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

Body = Callable[..., Awaitable[None] | None]


@dataclass(frozen=True)
class Run:
    """One run of a command: where its site is, and how it is to print."""

    config_option: Path | None = None
    as_json: bool = False

    @cached_property
    def config(self) -> Path:
        """The settings file."""
        from pbxcharge.settings import config_path

        return config_path(self.config_option, os.environ)

    @cached_property
    def settings(self) -> "Settings":
        """The site's settings; ends the command if they have errors."""
        from pbxcharge.settings import load_settings

        settings, findings = load_settings(self.config)
        if settings is None:
            self._show_findings(findings)
        return settings

    @property
    def catalog(self) -> "Catalog":
        """The plans in force; ends the command if they have errors."""
        catalog = self.files.catalog
        assert catalog is not None  # noqa: S101 - `files` ends the command without one
        return catalog

    @cached_property
    def files(self) -> "SiteFiles":
        """Settings and plans; ends the command if any has errors."""
        from pbxcharge.alone import read_files

        read = read_files(self.config)
        if read.catalog is None:
            self._show_findings(read.findings)
        return read

    def show(self, document: Any, people: Callable[[], None]) -> None:
        """Print the document for programs, or let it be printed for people."""
        if self.as_json:
            print_json(document)
        else:
            people()

    def _show_findings(self, findings: Any) -> NoReturn:
        from pbxcharge.cli.findings import complain_of

        complain_of(findings)
        raise BadConfiguration(f"{self.config} has errors, see `pbxcharge check`")


def command(
    app: typer.Typer, name: str | None = None, *, examples: tuple[str, ...] = (), **settings: Any
) -> Callable[[Body], Body]:
    """Make a function a command. Its first argument is the Run; the rest are its own options.

    Every command takes --json and --config itself, too, so that their place does not matter.
    """

    def register(body: Body) -> Body:
        def wrapper(ctx: typer.Context, *, as_json: bool, config: Path | None, **own: Any) -> None:
            run = ctx.find_object(Run) or Run()
            run = replace(
                run, as_json=run.as_json or as_json, config_option=config or run.config_option
            )
            end(lambda: body(run, **own), run)

        wrapper.__doc__ = body.__doc__
        _borrow_signature(wrapper, body)
        app.command(name, epilog=examples_text(*examples), **settings)(wrapper)
        return body

    return register


def examples_text(*examples: str) -> str:
    """Examples for the end of a help page, each on a line of its own."""
    # The \b keeps the lines that follow as they are.
    return "\n".join(("\b", "Examples:", *(f"  {example}" for example in examples)))


def end(work: Callable[[], Awaitable[None] | None], run: Run) -> None:
    """Run a command to its end; an error of operation becomes a sentence and an exit code."""
    try:
        awaited = work()
        if awaited is not None:
            import asyncio

            asyncio.run(_awaited(awaited))
        sys.stdout.flush()
    except PbxchargeError as error:
        if run.as_json:
            # One line, since it may be the last one of a stream of lines (`tail`).
            print(json.dumps({"done": False, "reason": reason_of(error), "message": str(error)}))
        complain(str(error))
        raise typer.Exit(exit_for(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        # The reader (`head`) has seen enough; a second complaint at exit would be noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.DONE) from None


async def _awaited(awaitable: Awaitable[None]) -> None:
    await awaitable


def _borrow_signature(wrapper: Callable[..., None], body: Body) -> None:
    """Typer reads a command's options from its signature."""
    parameters = list(inspect.signature(body).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [parameter.replace(kind=keyword) for parameter in parameters]
    common = [
        inspect.Parameter("as_json", keyword, default=False, annotation=JsonOption),
        inspect.Parameter("config", keyword, default=None, annotation=ConfigOption),
    ]
    ctx = inspect.Parameter("ctx", keyword, annotation=typer.Context)
    wrapper.__signature__ = inspect.Signature([ctx, *own, *common])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {
        parameter.name: parameter.annotation for parameter in (ctx, *own, *common)
    }
