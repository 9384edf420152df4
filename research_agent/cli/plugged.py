"""Commands that other packages add, by entry points in the group `research_agent.commands`."""

from collections.abc import Collection, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command

GROUP: Final = "research_agent.commands"


class Commands(TyperGroup):
    """The top of the command line; plug-ins are imported only when a command of theirs could be meant."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return our own commands, then those of plug-ins."""
        self._plug_in()
        return list(self.commands)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> "Command | None":  # type: ignore[override]
        """Return a command of ours, or else of a plug-in."""
        if cmd_name not in self.commands:
            self._plug_in()
        return self.commands.get(cmd_name)

    def _plug_in(self) -> None:
        if getattr(self, "_plugged", False):
            return
        self._plugged = True
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            self.commands.update(_commands_of(point, self.commands))


def _commands_of(point: EntryPoint, taken: Collection[str]) -> "Mapping[str, Command]":
    """Return the commands a plug-in adds; what is wrong with it is said on stderr, and the rest works on."""
    app = typer.Typer(rich_markup_mode=None)
    # With a callback it is a group even where it adds one command.
    app.callback()(lambda: None)
    try:
        point.load()(app)
        added = dict(typer.main.get_group(app).commands)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plug-in does, the other commands must work
        typer.echo(f"The plug-in {point.name!r} ({point.value}) cannot be loaded: {_why(error)}", err=True)
        return {}
    for name in [name for name in added if name in taken]:
        typer.echo(f"The plug-in {point.name!r} may not replace the command {name!r}; it is left out.", err=True)
        del added[name]
    return added


def _why(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
