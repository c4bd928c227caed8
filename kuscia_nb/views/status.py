"""What `%kuscia` shows of a cluster: its nodes, jobs, TTP and operators, each as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backends.base import Seen
from ..backends.doctor import Check, line
from .table import Table, html_paragraph, wrapped

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..operators import Operator

_TTP = "Trusted third party, since it is up"
_PHASES = ("Pending", "Running", "Succeeded", "Failed")


@dataclass(frozen=True)
class Overview:
    """A line and some tables. Printing it gives text, a notebook shows the HTML."""

    headline: str
    tables: tuple[Table, ...]

    def __repr__(self) -> str:
        return "\n\n".join([wrapped(self.headline), *(table.text(whole=True) for table in self.tables)])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        html = html_paragraph(self.headline) + "".join(table.html() for table in self.tables)
        return {"text/plain": repr(self), "text/html": html}


def status(cluster: Cluster) -> Overview:
    """Everything that is up: the nodes, how many jobs are in which phase, what the TTP has done."""
    phases = list(cluster.jobs()["phase"])
    jobs = [(phase, str(phases.count(phase))) for phase in dict.fromkeys((*_PHASES, *phases)) if phase in phases]
    ttp, unknown = cluster.ttp_status(), cluster.unknown.get("ttp", "")
    work = [] if unknown else [(f"{ttp['sessions']:,}", f"{ttp['requests']:,}", f"{ttp['bytes']:,}")]
    asked = [(name, cluster.job(name)) for name in cluster.jobs()["name"]]
    waiting = [(name, job.nodes[0], f"%kuscia approve {name}") for name, job in asked if job.awaits_approval]
    return Overview(
        _headline(cluster),
        (
            _nodes(cluster),
            *(
                [Table("Jobs that wait to be approved here", ("job", "of", "approve it"), waiting, left=3)]
                if waiting
                else []
            ),
            Table("Jobs", ("phase", "jobs"), jobs, left=1),
            Table(_TTP, ("sessions", "requests", "bytes"), work, left=0, empty=unknown),
        ),
    )


def nodes(cluster: Cluster) -> Overview:
    """Each node, where its files are and where it listens."""
    return Overview(_headline(cluster), (_nodes(cluster),))


def peers(cluster: Cluster) -> Overview:
    """Each peer of a node that is alone here, after a look at it."""
    rows = [
        (
            peer.name,
            peer.url or "none: it dials this node",
            "; ".join(filter(None, (peer.error or "reachable", peer.way))),
            peer.fingerprint or "not known: nothing is encrypted",
            *((peer.version, f"{peer.clock:+.1f} s", f"{1000 * peer.round_trip:.1f} ms") if not peer.error else "---"),
        )
        for peer in (Seen(*row) for row in cluster.peers().to_numpy(dtype=object).tolist())
    ]
    columns = ("peer", "address", "state", "certificate", "version", "clock", "round trip")
    return Overview(_headline(cluster), (Table("Peers", columns, rows, left=5),))


class Checks(Overview):
    """Checks; their text is that of a terminal, where nothing is cut: what to do is at the end of a line."""

    def __repr__(self) -> str:
        (table,) = self.tables
        checks = (Check(name, verdict, value, remedy) for verdict, name, value, remedy in table.rows)  # type: ignore[arg-type]
        return "\n".join([wrapped(self.headline), "", *map(line, checks)])


def doctor(cluster: Cluster) -> Overview:
    """What works and what does not, of a node that is alone here, and what to do."""
    rows = [
        (check.verdict, check.name, check.value, check.remedy)
        for check in (Check(*row) for row in cluster.doctor().to_numpy(dtype=object).tolist())
    ]
    return Checks(_headline(cluster), (Table("Checks", ("", "check", "found", "what to do"), rows, left=4),))


def operators(known: Iterable[Operator]) -> Overview:
    """What a task can run."""
    rows = [
        (one.component.name, one.image, ", ".join(one.component.inputs), ", ".join(one.component.outputs), _first(one))
        for one in known
    ]
    columns = ("module_name", "appImage", "inputs", "outputs", "what it does")
    return Overview("%kuscia explain MODULE_NAME says more of one", (Table("Operators", columns, rows, left=5),))


def _headline(cluster: Cluster) -> str:
    verb = "are" if len(cluster.nodes) > 1 else "is"
    first = f"{' and '.join(cluster.nodes)} {verb} up; %kubectl and %kuscia data are for {cluster.node}"
    return "; ".join([first, *cluster.warnings])


def _nodes(cluster: Cluster) -> Table:
    rows = [
        (node, cluster.http.get(node, "closed"), str(storage), str(len(cluster.data(node))))
        for node, storage in cluster.nodes.items()
    ]
    return Table("Nodes", ("node", "BFIA", "storage", "data files"), rows, left=3)


def _first(operator: Operator) -> str:
    """The first sentence of what an operator says of itself."""
    text = operator.description or operator.component.description
    return " ".join(text.partition("\n\n")[0].split())
