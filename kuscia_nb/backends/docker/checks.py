"""The checks of Kuscia's nodes in containers: the engine, each node, the ways between them, and what a job needs.

Nothing is changed by them, and no job is started. What they demand of machines is Kuscia's (spec: kuscia §8).
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence

from ...control.objects import LABEL
from ...control.resources import KusciaJob
from ...errors import KusciaError
from ..doctor import Check, Verdict
from . import attach
from .engine import Engine
from .evidence import Evidence, answers, gather
from .exec import Exec
from .known_problems import causes, route_state
from .node import DockerNode
from .versions import Version, check_protocol, version_of

TTP, BFIA = "ttp-server:9449", "127.0.0.1:8084"
"""Where Kuscia's scripts put them (spec: kuscia §5.1)."""
_MEMORY, _DISK, _INOTIFY, _CLOCK = 6 << 30, 10 << 20, 1024, 5.0
"""Bytes of memory for a node, KiB of free disk, inotify instances for a user, seconds between clocks."""
_BRING_UP = "%kuscia up --backend docker brings two nodes up that know each other"


def examine(names: Mapping[str, str] | None = None) -> Iterator[Check]:
    """Everything, the nearest first: what fails first is what to mend first."""
    try:
        engine = Engine()
    except KusciaError as error:
        yield Check("engine", "no", error.what, error.hint)
        return
    try:
        yield from _engine(engine)
        try:
            execs = attach.find(engine, names)
        except KusciaError as error:
            yield Check("containers", "no", error.what, error.hint)
            return
        nodes = []
        for domain, exec in execs.items():
            yield _container(engine, domain, exec)
            version = yield from _version(domain, exec)
            yield from _machine(domain, exec)
            if version is not None:
                nodes.append(DockerNode(domain, exec, version, lambda job: None, lambda domain, sentence: None))
        yield from examine_nodes(nodes)
    finally:
        engine.close()


def examine_nodes(nodes: Sequence[DockerNode]) -> Iterator[Check]:
    """What nodes say that can be asked."""
    for node in nodes:
        try:
            node.refresh()
            evidence = gather(node, "")
        except KusciaError as error:
            yield Check(f"{node.domain} kubectl", "no", error.what, error.hint)
            continue
        yield from _routes(evidence)
        yield from _operator(node, evidence)
        yield from _reach(node)
        yield from _data(node)
        yield _clock(node)
        for cause in causes([evidence]):
            yield Check(f"{node.domain} known problem", "no", cause.what, cause.remedy)
    yield from _leftovers(nodes)


# --- the engine and its containers ------------------------------------------------------------------------------------


def _engine(engine: Engine) -> Iterator[Check]:
    about = engine.about()
    yield Check("engine", "ok", f"Docker {engine.version} at {engine.host}")
    wrong = "Kuscia's images for BFIA are for x86_64: another machine, as emulation is slow"
    yield _judged("architecture", about.architecture, about.architecture in ("x86_64", "amd64"), wrong)
    if about.rootless:
        what = "the engine is rootless, and Kuscia's nodes are privileged containers: containerd runs in them"
        yield Check("privileges", "warn", what, "an engine of root's, or nodes that are not privileged")
    memory, enough = about.memory, about.memory >= 2 * _MEMORY
    yield _judged("memory", f"{memory / 2**30:.1f} GiB", enough, "two nodes take 6 GiB each; kuscia.sh -m has less")


def _container(engine: Engine, domain: str, exec: Exec) -> Check:
    state = engine.container(exec.container)
    name = f"{domain} container"
    if state.out_of_memory:
        remedy = f"docker update --memory 8g --memory-swap 8g {exec.container}, and a restart"
        return Check(name, "warn", f"{exec.container} ran out of memory before", remedy)
    if state.restarts:
        remedy = f"docker logs --tail 50 {exec.container}"
        return Check(name, "warn", f"{exec.container} was restarted {state.restarts} times", remedy)
    return Check(name, "ok", f"{exec.container} runs, image {state.image}")


def _version(domain: str, exec: Exec) -> Generator[Check, None, Version | None]:
    try:
        version = version_of(exec)
        check_protocol(exec)
    except KusciaError as error:
        yield Check(f"{domain} version", "no", error.what, error.hint)
        return None
    name = f"{domain} version"
    if version.newer:
        yield Check(name, "warn", f"Kuscia {version.text}", "newer than what was read of it: tell us what differs")
    else:
        yield Check(name, "ok", f"Kuscia {version.text}, with bfia")
    return version


def _machine(domain: str, exec: Exec) -> Iterator[Check]:
    """The host's limits, as they show in the container."""
    instances = _number(exec, ["cat", "/proc/sys/fs/inotify/max_user_instances"])
    if instances is not None:
        remedy = "sudo sysctl fs.inotify.max_user_instances=8192 on the host"
        yield _judged(f"{domain} inotify", f"{instances} instances for a user", instances >= _INOTIFY, remedy)
    free = _number(exec, ["sh", "-c", "df -Pk /home/kuscia | awk 'NR == 2 { print $4 }'"])
    if free is not None:
        remedy = "docker system df says what takes the room"
        yield _judged(f"{domain} disk", f"{free / 2**20:.1f} GiB free", free >= _DISK, remedy)


# --- what a node says -------------------------------------------------------------------------------------------------


def _routes(evidence: Evidence) -> Iterator[Check]:
    name = f"{evidence.domain} routes"
    if not evidence.routes:
        yield Check(name, "no", "it has no route to anybody", _BRING_UP)
    for route in evidence.routes:
        spec, why = route.get("spec", {}), route_state(route)
        way = f"{spec.get('source')} to {spec.get('destination')}"
        remedy = f"docker exec {evidence.container} kuscia diagnose network"
        yield Check(name, "no", f"{way}: {why}", remedy) if why else Check(name, "ok", f"{way} is ready")


def _operator(node: DockerNode, evidence: Evidence) -> Iterator[Check]:
    """The AppImage of ss-lr, and whether its image can be started without the network."""
    name, prepare = f"{node.domain} ss-lr", f"prepare_ss_lr_image.sh -k {node.container}"
    image = evidence.app_images.get("ss-lr")
    if image is None:
        yield Check(name, "no", "there is no AppImage ss-lr", prepare)
    elif f"{LABEL}component-spec" not in image.annotations:
        yield Check(name, "no", f"the AppImage has no annotation {LABEL}component-spec", prepare)
    else:
        called = f"{image.spec.image.name}:{image.spec.image.tag}"
        there = node.exec.run(["crictl", "inspecti", called]).code == 0
        yield _judged(name, f"AppImage ss-lr; image {called} {'is' if there else 'is not'} there", there, prepare, "no")


def _reach(node: DockerNode) -> Iterator[Check]:
    for name, place, remedy in (
        ("TTP", TTP, "docker start ttp-server; if it is elsewhere, a job's ttp_server_host counts"),
        ("BFIA port", BFIA, "was the node brought up with -P bfia?"),
    ):
        complaint = answers(node, place)
        found = f"{place}: {complaint}" if complaint else f"{place} answers"
        yield _judged(f"{node.domain} {name}", found, not complaint, remedy, "warn" if name == "TTP" else "no")


def _data(node: DockerNode) -> Iterator[Check]:
    folder = node.storage / "data"
    files = [path.name for path in folder.iterdir() if path.is_file()] if folder.exists() else []
    remedy = f"cluster.put({node.domain!r}, NAME, table)"
    yield _judged(f"{node.domain} data", f"{len(files)} files", bool(files), remedy)


def _clock(node: DockerNode) -> Check:
    before = time.time()
    found = _number(node.exec, ["date", "+%s"])
    ahead = 0.0 if found is None else found - (before + time.time()) / 2
    told = f"{abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}" if abs(ahead) > _CLOCK else "as here"
    return _judged(f"{node.domain} clock", told, abs(ahead) <= _CLOCK, "set the clock of the engine's machine")


def _leftovers(nodes: Sequence[DockerNode]) -> Iterator[Check]:
    """Jobs that one node has and another has not: one of that name would not start."""
    jobs = {node.domain: {job.name for job in node.store.objects(KusciaJob)} for node in nodes}
    for domain, names in jobs.items():
        for other, known in jobs.items():
            if alone := sorted(names - known):
                remedy = f"docker exec ... kubectl delete kj {alone[0]} on {domain}, or another name for a new job"
                yield Check(f"{domain} leftovers", "warn", f"{', '.join(alone)}: not on {other} any more", remedy)


def _number(exec: Exec, argv: list[str]) -> int | None:
    ran = exec.run(argv)
    return int(ran.text) if not ran.code and ran.text.strip().isdecimal() else None


def _judged(name: str, value: str, well: bool, remedy: str, otherwise: Verdict = "warn") -> Check:
    return Check(name, "ok", value) if well else Check(name, otherwise, value, remedy)
