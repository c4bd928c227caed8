"""What kubectl says about itself and about the kinds: api-resources, version, explain."""

from __future__ import annotations

from ..kinds import KINDS
from ..objects import API_VERSION
from .call import GROUP, Call
from .encode import to_text
from .flags import Flag
from .output import KubectlError, Rows
from .tabs import Tabs

RESOURCES_FLAGS = (
    Flag("no-headers", "only the rows", kind="bool"),
    Flag("output", "name: only the names; wide: also what can be done with them", "o"),
)
VERSION_FLAGS = (Flag("client", "only that of kubectl", kind="bool"),)
EXPLAIN_FLAGS = (Flag("recursive", "the names and types of all fields below it", kind="bool"),)

_VERBS = "create,delete,get,list,patch,watch"


def api_resources(call: Call) -> None:
    """List the kinds that a node keeps."""
    see = "See 'kubectl api-resources -h' for help and examples"
    _no_arguments(call, f"unexpected arguments: [{' '.join(call.args)}]\n{see}")
    kinds = sorted(KINDS, key=lambda kind: kind.plural)
    if call.flags["output"] == "name":
        call.print("".join(f"{kind.plural}.{GROUP}\n" for kind in kinds))
        return
    wide = call.flags["output"] == "wide"
    if call.flags["output"] and not wide:
        what = f"error: --output {call.flags['output']} is not available in kubectl api-resources"
        raise KubectlError(what, hint="-o name or -o wide")
    width = 6 if wide else 5
    columns = ("NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", "VERBS")[:width]
    rows = tuple(
        (kind.plural, kind.short, API_VERSION, to_text(kind.namespaced), kind.model.__name__, _VERBS)[:width]
        for kind in kinds
    )
    call.tables.append(Rows(columns, rows))
    lines = rows if call.flags["no-headers"] else (columns, *rows)
    call.print(Tabs().text("".join("\t".join(line) + "\n" for line in lines)))


def version(call: Call) -> None:
    """Show what stands in for kubectl and for the API server here."""
    from ... import __version__

    _no_arguments(call, f"extra arguments: [{' '.join(call.args)}]")
    call.print(f"Client Version: kuscia_nb v{__version__}\n")
    if not call.flags["client"]:
        call.print(f"Server Version: kuscia_nb v{__version__}, {API_VERSION}\n")


def _no_arguments(call: Call, what: str) -> None:
    if call.args:
        raise KubectlError(f"error: {what}", hint=f"kubectl {call.command}")


def explain(call: Call) -> None:
    """Document a kind, a field of it, or an operator."""
    from ..explain import explain as page

    if len(call.args) != 1:
        what = 'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of '
        raise KubectlError(f"error: {what}supported resources.", hint="kubectl explain kj.spec.tasks")
    call.print(page(call.args[0], call.flags["recursive"]).rstrip("\n") + "\n")
