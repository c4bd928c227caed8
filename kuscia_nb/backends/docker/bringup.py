"""Two nodes of Kuscia, a TTP and the ss-lr operator, from images alone: each step is asked first whether it is done.

It does what Kuscia's own `kuscia.sh p2p -P bfia -a none`, `deploy_ttp_server.sh` and `prepare_ss_lr_image.sh` do (spec:
kuscia §5.2, §5.3, §5.4), and nothing on the host: no file, no bind mount, no port. SecretFlow's AppImage and demo data
are left out: no BFIA job needs them. Whoever is interrupted begins again, and only what is missing is done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from ...errors import EngineError, KusciaError
from . import attach, joining, making
from .engine import Engine
from .exec import Exec
from .joining import CERTS, HOME
from .making import Image, Tell
from .plan import DOMAINS, Plan, Step
from .versions import check_text, era_of

NETWORK, TTP = "kuscia-exchange", "ttp-server"
_SECONDS = {"k3s": 60, "gateway": 60, "datamesh": 30, "route": 60}
"""How long each may take (spec: kuscia §5.2); the route's is ours: Kuscia's script does not wait for it."""
_LOGS = {"k3s": "k3s.log", "gateway": "envoy/envoy.log", "datamesh": "kuscia.log", "route": "kuscia.log"}
_PROBE = ["curl", "-k", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]
_AS_NODE = ["--cacert", f"{CERTS}/ca.crt", "--cert", f"{CERTS}/ca.crt", "--key", f"{CERTS}/ca.key"]
_UP = ("200", "401", "404")
_INIT_A = f'{HOME}/scripts/deploy/init_kuscia_config.sh autonomy "$1" "" "" false bfia >&2 && cat /tmp/kuscia.yaml'
"""Up to v0.5 this script of the image makes the whole kuscia.yaml, as a file."""
_PLUGINS = """
agent:
  allowPrivileged: false
  plugins:
    - name: cert-issuance
    - name: config-render
    - name: env-import
      config:
        usePodLabels: false
        envList:
          - envs:
              - name: system.transport
                value: transport.{domain}.svc
              - name: system.storage
                value: file:///home/kuscia/var/storage
            selectors:
              - key: maintainer
                value: secretflow-contact@service.alipay.com
"""
"""What makes a node give ss-lr its storage and its way to the peer (spec: kuscia §4.2)."""


def up(engine: Engine, plan: Plan, tell: Tell) -> None:
    """Do what is missing; `tell` hears of each step, and how far it is in words that begin with a carriage return.

    EngineError with the step, if one fails or is interrupted: what is there by then stays, and the next `up` goes on.
    """
    work = _BringUp(engine, plan, tell)
    step = Step("looking at what is there", lambda: False, lambda: None)
    try:
        work.look()
        for step in work.steps():
            if not step.done():
                tell(f"{step.what} ...")
                step.do()
                work.look()
        tell(f"{' and '.join(DOMAINS)} are up")
    except KeyboardInterrupt:
        what = f"interrupted while {step.what}; {_left(engine, plan)}"
        raise EngineError(what, hint=f"the same line goes on from there; %kuscia down --name {plan.name}") from None
    except KusciaError as error:
        where = "\n".join(filter(None, (f"while {step.what}", error.where)))
        raise EngineError(error.what, where=where, hint=error.hint) from error


def down(engine: Engine, name: str) -> list[str]:
    """Remove what was brought up under a name, and nothing else; the names of what is gone."""
    return making.remove_all(engine, name, NETWORK, TTP)


def wanted(engine: Engine, plan: Plan) -> bool:
    """Whether to bring up nodes for who has not said which: nobody's are there, or a part of these."""
    there = making.listed(engine)
    begun = any(name in there and there[name].cluster == plan.name for name in plan.nodes.values())
    return begun or not any(attach.KUSCIA.fullmatch(name) for name in there)


def theirs(engine: Engine, plan: Plan) -> list[str]:
    """The containers of these names that were not brought up here under this name."""
    there = making.listed(engine)
    return [name for name in plan.nodes.values() if name in there and there[name].cluster != plan.name]


class _BringUp:
    """The steps, and what they know of each other."""

    def __init__(self, engine: Engine, plan: Plan, tell: Tell) -> None:
        self._engine, self._plan, self._tell = engine, plan, tell
        self._there: dict[str, making.Listed] = {}
        self._era = ""

    def look(self) -> None:
        """See which containers there are."""
        self._there = making.listed(self._engine)

    def steps(self) -> Iterator[Step]:
        """In the order of Kuscia's scripts, but that images come first, and both nodes start side by side."""
        plan, engine = self._plan, self._engine
        if names := theirs(engine, plan):
            hint = f"kn.connect('docker', nodes={{'alice': {names[0]!r}}}) works with it; --name for others beside it"
            raise EngineError(f"{' and '.join(names)} is there, and was not brought up under this name", hint=hint)
        self._look_at_machine()
        for image in dict.fromkeys((plan.kuscia, plan.ttp, plan.operator)):
            yield self._image(image)
        yield Step(f"asking {plan.kuscia} for its version", self._all_made, lambda: self._refuse(self._ask_era()))
        yield Step(f"making the network {NETWORK}", self._has_network, self._make_network)
        for domain in DOMAINS:
            yield from self._node(domain)
        for domain in DOMAINS:
            for service, probe in (("k3s", self._k3s), ("gateway", self._gateway), ("datamesh", self._datamesh)):
                yield self._service(domain, service, probe)
        for member, host in (DOMAINS, DOMAINS[::-1]):
            at_member, at_host = self._exec(member), self._exec(host)
            yield from joining.way(engine, member, host, at_member, at_host, lambda: [] if self._is_a else [""])
            yield self._service(member, "route", lambda domain, at=at_member, to=host: joining.route(at, domain, to))
        yield from self._ttp()
        for domain in DOMAINS:
            yield from joining.operator(engine, domain, self._exec(domain), plan.operator)

    # --- engine, images, network --------------------------------------------------------------------------------------

    def _look_at_machine(self) -> None:
        about, wanted = self._engine.about(), (self._plan.memory or 0) * len(DOMAINS)
        if about.memory < wanted:
            have, want = (f"{bytes / 2**30:.1f} GiB" for bytes in (about.memory, wanted))
            self._tell(f"the engine's machine has {have}, and the nodes may take {want}: --memory 2GiB, say")
        if about.architecture not in ("x86_64", "amd64"):
            self._tell(f"the engine's machine is {about.architecture}, and Kuscia's images for BFIA are for x86_64")

    def _image(self, image: Image) -> Step:
        def done() -> bool:
            nodes = [self._exec(domain) for domain in DOMAINS if self._state(domain) == "running"]
            everywhere = image == self._plan.operator and len(nodes) == len(DOMAINS)
            return making.has_image(self._engine, image) or (
                everywhere and all(joining.has_operator(node, image) for node in nodes)
            )

        def do() -> None:
            making.pull(self._engine, image, lambda said: self._tell(f"\rpulling {image}: {said}"))

        return Step(f"pulling {image}", done, do)

    def _ask_era(self) -> str:
        """Which Kuscia the image has, of a node if one runs, or else of a container for just that."""
        ask = ["kuscia", "--version"]
        for domain in DOMAINS:
            if self._state(domain) == "running":
                return self._exec(domain).run(ask).text.strip()
        plan = self._plan
        return (
            making.output_of(self._engine, f"{plan.name}-kuscia-version", plan.kuscia, plan.name, ask).decode().strip()
        )

    def _refuse(self, version: str) -> None:
        check_text(version, str(self._plan.kuscia))
        self._era = era_of(version)

    @property
    def _is_a(self) -> bool:
        if not self._era:
            self._refuse(self._ask_era())
        return self._era == "A"

    def _has_network(self) -> bool:
        found = making.networks(self._engine, NETWORK)
        if len(found) > 1:
            hint = "docker network ls; docker network rm ID of the one without containers"
            raise EngineError(f"there are {len(found)} networks {NETWORK}: their containers do not meet", hint=hint)
        return bool(found)

    def _make_network(self) -> None:
        making.make_network(self._engine, NETWORK, self._plan.name)

    # --- a node -------------------------------------------------------------------------------------------------------

    def _node(self, domain: str) -> Iterator[Step]:
        """Made, configured, started (spec: kuscia §5.2)."""
        engine, name = self._engine, self._plan.container(domain)
        volume = f"{name}-containerd"
        yield Step(
            f"making the volume {volume}",
            lambda: making.has_volume(engine, volume),
            lambda: making.make_volume(engine, volume, self._plan.name),
        )
        yield Step(f"making {name}", lambda: name in self._there, lambda: self._make(domain))
        yield Step(f"configuring {name}", lambda: self._state(domain) != "created", lambda: self._configure(domain))
        yield Step(
            f"starting {name}",
            lambda: self._state(domain) != "created" and self._state(domain) != "exited",
            lambda: making.start(engine, name),
        )

    def _make(self, domain: str) -> None:
        name = self._plan.container(domain)
        making.make_container(
            self._engine,
            name,
            self._plan.kuscia,
            self._plan.name,
            command=["bin/kuscia", "start", "-c", "etc/conf/kuscia.yaml"],
            hostname=_hostname(name, self._engine.about().name),
            environment={"NAMESPACE": domain} if self._is_a else None,
            privileged=True,
            restart_policy={"Name": "always"},
            network_mode=NETWORK,
            mem_limit=self._plan.memory,
            binds={f"{name}-containerd": {"bind": f"{HOME}/containerd", "mode": "rw"}},
        )

    def _configure(self, domain: str) -> None:
        """Write kuscia.yaml with a new key. It goes from one container into the other, and is kept nowhere else."""
        plan, name = self._plan, self._plan.container(domain)
        ask = ["kuscia", "init", "--mode", "autonomy", "--domain", domain, "-r", "runc"]
        ask = ["sh", "-c", _INIT_A, "sh", domain] if self._is_a else ask
        written = making.output_of(self._engine, f"{plan.name}-kuscia-init-{domain}", plan.kuscia, plan.name, ask)
        if not self._is_a:
            written += _PLUGINS.format(domain=domain).encode()
        making.put_file(self._engine, name, f"{HOME}/etc/conf/kuscia.yaml", written)

    # --- what comes up in it ------------------------------------------------------------------------------------------

    def _service(self, domain: str, service: str, probe: Callable[[str], str]) -> Step:
        return Step(
            f"waiting for {service} in {self._plan.container(domain)}",
            lambda: not probe(domain),
            lambda: self._await(domain, service, lambda: probe(domain)),
        )

    def _k3s(self, domain: str) -> str:
        return self._answer(domain, "https://127.0.0.1:6443")

    def _gateway(self, domain: str) -> str:
        ran = self._exec(domain).run(["kubectl", "get", "gateways", "-n", domain, "-o", "name"])
        return "" if ran.code == 0 and ran.text.strip() else ran.complaint or "there is none"

    def _datamesh(self, domain: str) -> str:
        body = ["-d", "{}"] if self._is_a else []
        return self._answer(domain, "https://127.0.0.1:8070/healthZ", *body, *_AS_NODE)

    def _answer(self, domain: str, url: str, *how: str) -> str:
        ran = self._exec(domain).run([*_PROBE, url, *how])
        return "" if ran.text.strip() in _UP else f"{url} answers {ran.text.strip() or ran.complaint}"

    def _await(self, domain: str, service: str, probe: Callable[[], str]) -> None:
        """Until it is there; EngineError with its log's last errors, if its time is over or its container ends."""
        name, seconds = self._plan.container(domain), _SECONDS[service]
        log = f"{HOME}/var/logs/{_LOGS[service]}"
        complaint = ""
        for left in range(seconds, 0, -1):
            if not (complaint := probe()):
                return
            state = self._engine.container(name)
            if state.status != "running":
                raise EngineError(state.why, hint=f"docker logs --tail 50 {name}")
            self._tell(f"\rwaiting for {service} in {name}: {left} s left")
            time.sleep(1)
        told = self._exec(domain).run(["sh", "-c", 'tail -n 200 "$1" | grep -i error | tail -n 3', "sh", log]).text
        what = f"{service} of {domain} was not up after {seconds} s: {complaint}"
        raise EngineError(what, where=told.strip(), hint=f"docker exec {name} tail -n 50 {log}")

    # --- TTP ----------------------------------------------------------------------------------------------------------

    def _ttp(self) -> Iterator[Step]:
        """Whoever has made it, it is used; a stopped one is started (spec: kuscia §5.3)."""
        engine = self._engine

        def make() -> None:
            always = {"Name": "always"}
            making.make_container(
                engine, TTP, self._plan.ttp, self._plan.name, restart_policy=always, network_mode=NETWORK
            )

        yield Step(f"making {TTP}", lambda: TTP in self._there, make)
        yield Step(
            f"letting {TTP} be in {NETWORK}",
            lambda: NETWORK in self._there[TTP].networks,
            lambda: making.join(engine, TTP, NETWORK),
        )
        yield Step(f"starting {TTP}", lambda: self._there[TTP].state == "running", lambda: making.start(engine, TTP))

    # --- the rest -----------------------------------------------------------------------------------------------------

    def _exec(self, domain: str) -> Exec:
        return Exec(self._engine, self._plan.container(domain))

    def _state(self, domain: str) -> str:
        found = self._there.get(self._plan.container(domain))
        return found.state if found else ""

    def _all_made(self) -> bool:
        return all(map(self._state, DOMAINS))


def _left(engine: Engine, plan: Plan) -> str:
    """What is there of a cluster."""
    try:
        found = making.listed(engine)
    except KusciaError as error:
        return f"what is there is not known ({error.what})"
    there = [f"{name} ({one.state})" for name, one in found.items() if one.cluster == plan.name]
    return f"there is {', '.join(sorted(there)) or 'no container of it'} now"


def _hostname(container: str, machine: str) -> str:
    """Of a container and the machine's name, at most 63 characters that a name may have (spec: kuscia §5.2)."""
    return re.sub(r"[^a-z0-9-]", "-", f"{container}-{machine}".lower())[:63].strip("-")
