"""Completion on the magics' own lines: commands, options and their values, kinds, names of jobs and nodes, files.

Everything else in a notebook is completed as ever: this says something only on a line that begins with one of our
magics, and then it alone does. Nodes are not started for it. IPython completes magics' names, and none of their
arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..backends import DOMAINS
from ..connection import running

if TYPE_CHECKING:
    from argparse import Action

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

_NAMESPACE = "cross-domain"
_FORMATS = ("yaml", "json", "name", "wide", "jsonpath=", "custom-columns=")
_LINE = re.compile(r"\s*(?:\w+\s*=\s*)?(%{1,2})(kusciajob|bfia_submit|kuscia|kubectl)\s(.*)$")
_MOST_FILES = 200


def complete(context: CompletionContext) -> SimpleMatcherResult:
    """What may stand where the cursor is; nothing on lines that are not ours."""
    from IPython.core.completer import SimpleCompletion

    found = _LINE.match(context.text_until_cursor)
    above = context.full_text.split("\n")[: context.cursor_line]
    if found is None or (found[1] == "%%" and any(line.strip() for line in above)):
        return {"completions": [], "suppress": False}
    words = found[3].split()
    typed = "" if not words or found[3][-1].isspace() else words.pop()
    texts = _fitting(_OF[found[2]](words, typed), typed)
    return {
        "completions": [SimpleCompletion(text, type="kuscia_nb") for text in texts],
        "suppress": bool(texts),
        "matched_fragment": typed,
        "ordered": True,
    }


def register(shell: InteractiveShell) -> None:
    """Complete in this shell; not in an IPython before 8.6, such as Colab's, which knows no context of a matcher."""
    try:
        from IPython.core.completer import context_matcher
    except ImportError:
        return
    if shell.Completer is not None and complete not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(context_matcher(identifier="kuscia_nb.magics", priority=200)(complete))


def unregister(shell: InteractiveShell) -> None:
    """Complete no more; also not as a module that was reloaded since."""
    if shell.Completer is not None and hasattr(shell.Completer, "custom_matchers"):
        kept = [one for one in shell.Completer.custom_matchers if one.__module__ != __name__]
        shell.Completer.custom_matchers[:] = kept


def _fitting(texts: Iterable[str], typed: str) -> list[str]:
    """Those that begin with what was typed, each once; quotes and, if need be, capitals do not count."""
    known = {text: text.lstrip('"') for text in texts}
    typed = typed.lstrip('"')
    return [text for text, plain in known.items() if plain.startswith(typed)] or [
        text for text, plain in known.items() if plain.lower().startswith(typed.lower())
    ]


# --- %%kusciajob, %bfia_submit ---------------------------------------------------------------------------------------


def _kusciajob(words: Sequence[str], typed: str) -> Iterable[str]:
    from .kusciajob import KusciaMagics

    return _of_parser(KusciaMagics.kusciajob, words, typed)


def _bfia_submit(words: Sequence[str], typed: str) -> Iterable[str]:
    from .bfia import bfia_submit

    texts = _of_parser(bfia_submit, words, typed)
    before = _option(bfia_submit.parser._actions, words[-1]) if words else None  # type: ignore[attr-defined]
    behind_value = before is not None and before.nargs != 0
    return texts if typed.startswith("-") or behind_value else [*_files(typed, ".json"), *texts]


def _of_parser(magic: Any, words: Sequence[str], typed: str) -> list[str]:
    """The options that argparse knows, or the values of the one before."""
    actions: list[Action] = magic.parser._actions
    if words and (action := _option(actions, words[-1])) and action.nargs != 0:
        return list(map(str, action.choices or ()))
    name, equals, _ = typed.partition("=")
    if equals and (action := _option(actions, name)):
        return [f"{name}={choice}" for choice in action.choices or ()]
    if typed and not typed.startswith("-"):
        return []
    used = [action for word in words if (action := _option(actions, word))]
    return [option for action in actions if action not in used for option in action.option_strings]


def _option(actions: Iterable[Action], word: str) -> Action | None:
    return next((action for action in actions if word in action.option_strings), None)


# --- %kuscia ---------------------------------------------------------------------------------------------------------


def _kuscia(words: Sequence[str], typed: str) -> Iterable[str]:
    from .kuscia import COMMANDS

    if not words:
        return COMMANDS
    if words[0] not in COMMANDS:
        return ()
    arguments = {argument.name: argument.options for argument in COMMANDS[words[0]].arguments}
    if (before := words[-1]) in arguments and "action" not in arguments[before]:
        return _value(before.lstrip("-"), words, typed) or arguments[before].get("choices", ())
    if typed.startswith("-"):
        return [*(name for name in arguments if name.startswith("-")), "--help"]
    places = [name for name in arguments if not name.startswith("-")]
    at = len([word for word in words[1:] if not word.startswith("-")])
    return _value(places[at], words, typed) if at < len(places) else ()


def _value(name: str, words: Sequence[str], typed: str) -> list[str]:
    """What an argument of that name may be."""
    match name:
        case "node":
            return list(_nodes())
        case "job":
            return _jobs()
        case "trace":
            return [*_jobs(), *_files(typed, ".trace")]
        case "file":
            return _data_files(words[-1])
        case "path":
            return _documented()
        case "source" | "target":
            node, colon, _ = typed.partition(":")
            if colon and node in _nodes():
                return [f"{node}:{path}" for path in ("data/", *(f"data/{file}" for file in _data_files(node)))]
            return [*_files(typed), *(f"{node}:data/" for node in _nodes())]
    return []


def _documented() -> list[str]:
    """Operators with their parameters, kinds with the fields at the top."""
    from ..control.kinds import KINDS
    from ..operators import OPERATORS

    parameters = (f"{name}.{one.name}" for name, operator in OPERATORS.items() for one in operator.parameters)
    kinds = (f"{kind.singular}{field}" for kind in KINDS for field in ("", ".metadata", ".spec", ".status"))
    return [*OPERATORS, *parameters, *kinds]


# --- %kubectl --------------------------------------------------------------------------------------------------------


def _kubectl(words: Sequence[str], typed: str) -> Iterable[str]:
    from ..control.kubectl.commands import COMMANDS
    from ..control.kubectl.flags import COMMON

    at = next((place for place, word in enumerate(words) if word in COMMANDS), None)
    flags = COMMON if at is None else COMMANDS[words[at]].all_flags
    if words and (value := _flag_value(words[-1], flags, typed)) is not None:
        return value
    name, equals, rest = typed.partition("=")
    if equals and name.startswith("-") and (value := _flag_value(name, flags, rest)) is not None:
        return [f"{name}={one}" for one in value]
    if typed.startswith("-"):
        return [shown for flag in flags for shown in (f"--{flag.name}", *([f"-{flag.short}"] if flag.short else []))]
    if at is None:
        return COMMANDS
    return _objects([word for word in words[at + 1 :] if not word.startswith("-") and word != _NAMESPACE], typed)


def _flag_value(word: str, flags: Iterable[Any], typed: str) -> list[str] | None:
    """What a flag may be; None if the word is no flag that has a value."""
    flag = next((one for one in flags if word in (f"--{one.name}", f"-{one.short}")), None)
    if flag is None or flag.kind == "bool":
        return None
    known = {"namespace": [_NAMESPACE], "node": list(_nodes()), "output": list(_FORMATS)}
    return _files(typed, ".yaml", ".yml", ".json") if flag.name == "filename" else known.get(flag.name, [])


def _objects(arguments: Sequence[str], typed: str) -> list[str]:
    """Kinds; behind a kind, the names of its objects."""
    from ..control.kinds import KINDS

    kind, slash, _ = typed.partition("/")
    asked = kind if slash else arguments[0] if arguments else None
    found = next((one for one in KINDS if asked in one.names), None)
    if found is None:
        return [name for one in KINDS for name in one.names]
    cluster = running()
    names = [one.name for one in cluster.at(cluster.node).store.objects(found.model)] if cluster else []
    return [f"{kind}/{name}" for name in names] if slash else names


# --- what there is ---------------------------------------------------------------------------------------------------


def _nodes() -> tuple[str, ...]:
    cluster = running()
    return tuple(cluster.nodes) if cluster else DOMAINS


def _jobs() -> list[str]:
    cluster = running()
    return list(cluster.jobs()["name"]) if cluster else []


def _data_files(node: str) -> list[str]:
    cluster = running()
    return list(cluster.data(node)["name"]) if cluster and node in cluster.nodes else []


def _files(typed: str, *endings: str) -> list[str]:
    """Files of the person's, of these kinds, and folders; as far as they were typed."""
    folder, slash, _ = typed.rpartition("/")
    try:
        entries = sorted(Path(folder + slash or ".").expanduser().iterdir())[:_MOST_FILES]
    except OSError:
        return []
    wanted = [one for one in entries if one.is_dir() or not endings or one.suffix in endings]
    shown = (f"{folder}{slash}{one.name}{'/' if one.is_dir() else ''}" for one in wanted if one.name[0] != ".")
    return [f'"{name}"' if " " in name else name for name in shown]


_OF = {"kusciajob": _kusciajob, "bfia_submit": _bfia_submit, "kuscia": _kuscia, "kubectl": _kubectl}
