"""Two nodes brought up from images, with a real engine: every call of it is in tests/golden/docker, reviewed by hand.

The expected lines there are those of Kuscia's own scripts; a comment above each group names the section of
docs/spec/kuscia.md (or, for v0.5, the script of that tag) that it was held against. `?` looks, `+` changes something.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from pathlib import Path

import bringable
import docker
import pytest

import kuscia_nb as kn
from kuscia_nb import connection
from kuscia_nb.backends.docker import bringup
from kuscia_nb.backends.docker.engine import Engine
from kuscia_nb.backends.docker.plan import Plan
from kuscia_nb.connection import disconnect
from kuscia_nb.errors import EngineError
from kuscia_nb.magics.kuscia import kuscia

pytestmark = pytest.mark.docker

GOLDEN = Path(__file__).parents[1] / "golden" / "docker"
TTP, OPERATOR = "scripted/ttp-server:1", "scripted/ss-lr:1"


@pytest.fixture
def recorder(client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> bringable.Recorder:
    """Between the engine's module and the SDK."""
    from_env = docker.from_env
    found = bringable.Recorder({client.info()["Name"].lower(): "HOST"})
    monkeypatch.setattr(docker, "from_env", lambda **how: found.between(from_env(**how)))
    return found


@pytest.fixture
def left(client: docker.DockerClient) -> Iterator[None]:
    """Nothing that was brought up is there before or after."""

    def there() -> list[str]:
        kept = [*client.containers.list(all=True), *client.networks.list(), *client.volumes.list()]
        return sorted(one.name for one in kept)

    before = there()
    yield
    disconnect()
    engine = Engine()
    for name in ("demo", "other"):
        bringup.down(engine, name)
    engine.close()
    assert there() == before
    gc.collect()


def plan(client: docker.DockerClient, version: str = "1.1.0b0", name: str = "demo", **how: str) -> Plan:
    kuscia = f"scripted/kuscia:{version}"
    for image, text in ((kuscia, version), (TTP, "-"), (OPERATOR, "-")):
        bringable.make(client, image, text)
    return Plan.read(name=name, image=kuscia, ttp_image=TTP, operator_image=OPERATOR, **how)


def bring_up(asked: Plan) -> list[str]:
    """What it has told."""
    told: list[str] = []
    engine = Engine()
    try:
        bringup.up(engine, asked, told.append)
    finally:
        engine.close()
    return told


@pytest.mark.parametrize("version", ["1.1.0b0", "0.15.0b0", "0.5.0b0"])
@pytest.mark.usefixtures("left")
def test_every_call_is_one_of_kuscias_scripts(
    client: docker.DockerClient, recorder: bringable.Recorder, version: str, tmp_path: Path
) -> None:
    asked = plan(client, version)
    told = bring_up(asked)
    golden = GOLDEN / f"{version}.txt"
    (tmp_path / golden.name).write_text("\n".join(recorder.lines) + "\n")
    reviewed = [line for line in golden.read_text().splitlines() if line.strip() and not line.startswith("#")]
    assert recorder.lines == reviewed, tmp_path / golden.name
    assert bringable.KEY not in "\n".join([*told, *recorder.lines])

    recorder.lines.clear()
    assert bring_up(asked)[-1] == "alice and bob are up"
    assert recorder.lines
    assert recorder.changes == [], "what is done is only looked at"
    assert kn.connect("docker", nodes=asked.nodes).nodes.keys() == {"alice", "bob"}


@pytest.mark.usefixtures("left")
def test_it_can_be_interrupted_after_each_change(client: docker.DockerClient, recorder: bringable.Recorder) -> None:
    """One `up` after the other makes one change and is interrupted; the next goes on, and the end is the same."""
    asked = plan(client)
    interrupted: list[str] = []
    throw_away = re.compile(r".*demo-kuscia-(init|version)")

    def interrupt(line: str) -> None:
        text = line.partition("\n")[0].replace(client.info()["Name"].lower(), "HOST")
        if not throw_away.match(line) and text not in interrupted:
            interrupted.append(text)
            raise KeyboardInterrupt

    recorder.after_change = interrupt
    golden = (GOLDEN / "1.1.0b0.txt").read_text().splitlines()
    expected = [line[2:] for line in golden if line.startswith("+") and not throw_away.match(line)]
    for line in expected:
        with pytest.raises(EngineError, match=r"interrupted while .* now\n.*%kuscia down --name demo"):
            bring_up(asked)
        assert interrupted[-1] == line
        names = [str(one.name) for one in client.containers.list(all=True)]
        assert not [name for name in names if throw_away.match(name)], "a throw-away container is gone in any case"
    recorder.lines.clear()
    bring_up(asked)
    assert recorder.changes == []
    assert kn.connect("docker", nodes=asked.nodes).nodes.keys() == {"alice", "bob"}
    for domain, name in asked.nodes.items():
        other = {"alice": "bob", "bob": "alice"}[domain]
        there = [f"/state/domain-{other}", f"/state/cdr-{domain}-{other}", "/state/image.tar", "/state/annotation"]
        assert client.containers.get(name).exec_run(["ls", *there]).exit_code == 0


@pytest.mark.usefixtures("left")
def test_the_magic_brings_up_and_takes_down(
    client: docker.DockerClient, recorder: bringable.Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = plan(client)
    images = f"--image {asked.kuscia} --ttp-image {TTP} --operator-image {OPERATOR}"
    kuscia(f"up --backend docker {images} --name demo --memory 64m")
    said = capsys.readouterr().out
    assert "starting demo-kuscia-autonomy-bob ..." in said
    assert "alice and bob are up" in said
    assert "Memory: 67108864" in "\n".join(recorder.lines)
    kuscia(f"up --backend docker {images} --name other")
    assert {one.name for one in client.containers.list()} > {"other-kuscia-autonomy-alice", "ttp-server"}
    capsys.readouterr()

    disconnect()
    kn.connect("docker", nodes=asked.nodes)
    connection._brought_up.clear()  # as in another notebook
    kuscia("down")
    said = capsys.readouterr().out
    assert "removed: " in said
    assert "demo-kuscia-autonomy-alice-containerd" in said
    assert "other" not in said
    assert "ttp-server" not in said, "the other cluster needs it"
    kuscia("down --name other")
    assert "ttp-server, kuscia-exchange" in capsys.readouterr().out


@pytest.mark.usefixtures("left")
def test_what_others_have_made_is_used_and_not_removed(
    client: docker.DockerClient, recorder: bringable.Recorder
) -> None:
    asked = plan(client)
    network = client.networks.create("kuscia-exchange", check_duplicate=True)
    ttp = client.containers.create(TTP, name="ttp-server")
    try:
        bring_up(asked)
        ttp.reload()
        assert ttp.status == "running"
        assert "kuscia-exchange" in ttp.attrs["NetworkSettings"]["Networks"]
        engine = Engine()
        assert "ttp-server" not in bringup.down(engine, "demo")
        engine.close()
        network.reload()
        assert [one.name for one in network.containers] == ["ttp-server"]
    finally:
        ttp.remove(force=True)
        network.remove()
