"""What a magic's options are when its line does not say: `%config KusciaMagics`, and [tool.kuscia_nb] of a project.

    %config KusciaMagics.view = "plain"

    # pyproject.toml, in the working directory or a folder above it
    [tool.kuscia_nb]
    view = "plain"
    timeout = 60

What an IPython profile or `%config` sets goes before what a project says. A file that cannot be read, and a
setting that cannot be, is told in one line; it never keeps the extension from loading.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics
from traitlets import Bool, Enum, Float, Int, TraitError, TraitType, observe

from ..options import LONGEST, Option, taken_by

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Project = tuple[Path | None, dict[str, Any] | str]

_FILE, _TABLE = "pyproject.toml", "kuscia_nb"


def _trait(option: Option) -> TraitType[Any, Any]:
    """An option as a setting."""
    how: dict[str, Any] = {"help": option.about.help, "allow_none": option.default is None}
    if option.choices:
        trait = Enum(option.choices, option.default, **how)
    elif option.type is float:
        trait = Float(option.default, min=0, max=LONGEST, **how)
    else:
        trait = {bool: Bool, int: Int}[option.type](option.default, **how)
    return trait.tag(config=True)


_Traits: type[Magics] = type(Magics)("_Traits", (Magics,), {one.name: _trait(one) for one in taken_by("config")})


class Defaults(_Traits):
    """The defaults of the options, as traits."""

    def __init__(self, shell: InteractiveShell) -> None:
        configured = shell.config.get(type(self).__name__, {})
        problems = list(_mend(self, configured))  # first: traitlets would not make this object
        super().__init__(shell)
        problems += _take(self, project_defaults(Path()), configured)
        for problem in problems:
            print(f"kuscia_nb: {problem}", file=sys.stderr)

    @observe("language")
    def _language_changed(self, change: Mapping[str, Any]) -> None:
        from ..texts import choose

        choose(change["new"])


def project_defaults(folder: Path) -> Project:
    """The next pyproject.toml with [tool.kuscia_nb], from a folder upward, and that table, or what is wrong with it."""
    try:
        folder = folder.resolve(strict=True)
    except OSError:  # it was removed
        return None, {}
    for parent in (folder, *folder.parents):
        path = parent / _FILE
        if not path.is_file():
            continue
        import tomllib

        try:
            table = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get(_TABLE)
        except (OSError, ValueError, AttributeError) as error:  # not text, not TOML, "tool" is no table
            return path, f"cannot be read: {error}"
        if table is not None:
            return path, table if isinstance(table, dict) else f"[tool.{_TABLE}] is no table"
    return None, {}


def _mend(defaults: Defaults, configured: dict[str, Any]) -> Iterator[str]:
    """Take out what a profile or `%config` has set and what cannot be; `%config` keeps a value that it has refused."""
    known, mine = defaults.trait_names(config=True), type(defaults).__name__
    for name in list(configured):
        try:
            if name in known:
                setattr(defaults, name, configured[name])
                continue
            yield f"{mine} has no {name} (known: {', '.join(sorted(known))})"
        except TraitError as error:
            yield f"{mine}.{name} is as ever: {error}".replace("\n", " ")
        del configured[name]


def _take(defaults: Defaults, found: Project, configured: Mapping[str, Any]) -> Iterator[str]:
    """Set what a project says, unless a profile has said it; yields what cannot be."""
    path, table = found
    if isinstance(table, str):
        yield f"{path}: {table}".replace("\n", " ")
        return
    known = defaults.trait_names(config=True)
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            yield f"{path}: [tool.{_TABLE}] has no {key} (known: {', '.join(sorted(known))})"
        elif name not in configured:
            try:
                setattr(defaults, name, value)
            except TraitError as error:
                yield f"{path}: [tool.{_TABLE}] {key}: {error}".replace("\n", " ")


def defaults(shell: InteractiveShell | None) -> Defaults | None:
    """The defaults of a shell in which the magics are registered."""
    known = shell.magics_manager.registry.values() if shell else ()
    return next((one for one in known if isinstance(one, Defaults)), None)
