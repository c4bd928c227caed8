"""`kuscia-nb doctor` and `cluster.doctor()`: what is well, what is not, and what to do."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from certificates import certificate
from gateway import Gateway
from nodes_apart import PATIENCE, Apart, apart, process
from ports import free_ports

from kuscia_nb.__main__ import main
from kuscia_nb.backends.doctor import Check, exit_code
from kuscia_nb.backends.node_checks import compared
from kuscia_nb.views.status import doctor
from kuscia_nb.wire.identity import Identity, make
from kuscia_nb.wire.own.dial import Dial, Unreached
from kuscia_nb.wire.ttp_keys import keys_in


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """A TTP, bob's node in a process, and a place for alice's."""
    with apart(tmp_path_factory.mktemp("doctor")) as made:
        made.certify()
        with made.there("bob"):
            yield made


def flags(nodes: Apart, **other: Any) -> list[str]:
    """Alice's, with others in their place; None for one that is left out."""
    own, peer = nodes.identities["alice"], nodes.identities["bob"]
    given = {
        "name": "alice",
        "listen": f"127.0.0.1:{nodes.ports['alice']}",
        "peer": f"bob={nodes.url('bob')}",
        "identity": own.key_file,
        "trust": f"bob={peer.certificate_file}",
        "ttp": f"http://{nodes.ttp}",
        "ttp_key": nodes.key,
        "storage": nodes.folder / "alice",
    } | other
    pairs = [(f"--{name.replace('_', '-')}", str(value)) for name, value in given.items() if value is not None]
    return [word for pair in pairs for word in pair]


def found(capsys: pytest.CaptureFixture[str], words: list[str]) -> tuple[int, dict[str, Check]]:
    """The exit code, and each check by its name."""
    code = main(["doctor", *words, "--json"])
    checks = [Check(**json.loads(line)) for line in capsys.readouterr().out.splitlines()]
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.remedy for check in checks if check.verdict != "ok"), checks
    return code, {check.name: check for check in checks}


WELL = [
    *("own address", "data folder", "identity"),
    *("bob: connection", "bob: certificate", "bob: version", "bob: route of links"),
    *("TTP", "TTP: run by", "clocks"),
]


def test_all_is_well(nodes: Apart, capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = found(capsys, flags(nodes))
    assert (code, list(checks)) == (0, WELL)
    assert {check.verdict for check in checks.values()} == {"ok"}
    assert nodes.identities["bob"].fingerprint in checks["bob: certificate"].value
    assert not (nodes.folder / "alice").exists()  # nothing was changed


def test_a_node_that_is_up_looks_at_itself(nodes: Apart) -> None:
    with nodes.here("alice") as cluster:
        frame = cluster.doctor()
        assert list(frame["name"]) == WELL
        assert set(frame["verdict"]) == {"ok"}
        shown = doctor(cluster)
        assert f"\nok   own address          this node listens at 127.0.0.1:{nodes.ports['alice']}" in repr(shown), (
            "as in a terminal"
        )
        assert str(nodes.identities["alice"].fingerprint) in repr(shown), "nothing is cut"
        assert "WebSockets get through" in shown._repr_mimebundle_()["text/html"]


def test_a_terminal_shows_a_line_for_each_and_what_to_do(nodes: Apart, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", *flags(nodes, peer="bob=http://127.0.0.1:1", trust=None, ttp=None, identity=None)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok   own address          127.0.0.1:")
    assert lines[-2:] == [
        "no   bob: connection      http://127.0.0.1:1: nobody listens there",
        "                          try: see whether it runs, its address and port, and what is in between",
    ]


FAULTS: dict[str, tuple[dict[str, str | None], str, str]] = {
    "another certificate": (
        {"trust": "bob={folder}/alice.crt"},
        *("bob: connection", "who is there has another certificate than alice: 'bob'"),
    ),
    "a name that is another's": (
        {"peer": "carol={url}", "trust": "carol={folder}/bob.crt"},
        *("carol: node", "it says that it is bob"),
    ),
    "nobody there": ({"peer": "bob=https://127.0.0.1:1"}, "bob: connection", "nobody listens there"),
    "a name that leads nowhere": ({"peer": "bob=https://x.invalid:1"}, "bob: connection", "the name is unknown"),
    "http to a node that speaks TLS": ({"peer": "bob={plain}"}, "bob: node", "it gives no answer"),
    "another server": ({"peer": "bob=http://{ttp}"}, "bob: node", "HTTP 404"),
    "no certificate": ({"trust": None}, "bob: address", "bob's certificate"),
    "a file that is not there": ({"identity": "{folder}/x.pem"}, "{folder}/x.pem", "cannot be read"),
    "a TTP's key that is not there": ({"ttp_key": "{folder}/x.pem"}, "{folder}/x.pem", "public key cannot be used"),
    "a TTP's certificate that is not there": ({"ttp_ca": "{folder}/x.crt"}, "{folder}/x.crt", "cannot be read"),
    "a key in the place of the TTP's": ({"ttp_key": "{folder}/bob.crt"}, "{folder}/bob.crt", "cannot be used"),
    "an address of another machine": (
        {"listen": "192.0.2.1:8084"},
        *("own address", "this machine has no address 192.0.2.1"),
    ),
    "a port that is taken": ({"listen": "{bob}"}, "own address", "something listens on"),
    "no TTP": ({"ttp": "http://127.0.0.1:1"}, "TTP", "nobody listens there"),
    "another server in the TTP's place": ({"ttp": "{plain}"}, "TTP", "{plain}"),
    "a folder that is a file": ({"storage": "{folder}/bob.crt"}, "data folder", "cannot be written"),
    "no endpoint": ({"transport": "127.0.0.1:1"}, "transport endpoint", "nobody listens there"),
}
"""What is wrong: flags, the check that says so, and words of it."""


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said(nodes: Apart, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    bob = f"127.0.0.1:{nodes.ports['bob']}"
    places = {"folder": nodes.folder, "ttp": nodes.ttp, "bob": bob, "url": f"https://{bob}", "plain": f"http://{bob}"}
    given, check, words = FAULTS[fault]
    filled = {name: value and value.format(**places) for name, value in given.items()}
    code, checks = found(capsys, flags(nodes, **filled))
    told = checks[check.format(**places)]
    assert (code, told.verdict) == (1, "no"), checks
    assert words.format(**places) in told.value


def test_who_is_not_trusted_there_learns_what_the_other_side_has_to_do(
    nodes: Apart, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = make("alice", tmp_path)
    code, checks = found(capsys, flags(nodes, identity=stranger.key_file))
    assert (code, checks["bob: connection"].verdict) == (1, "ok")
    assert "the other side trusts this node's certificate" in checks["bob: node"].remedy


@contextmanager
def slammed(identity: Identity) -> Iterator[int]:
    """A port that speaks TLS as this identity, and is reset behind the handshake: so an end overtakes its alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate_file, identity.key_file)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                accepted.settimeout(PATIENCE)
                with suppress(OSError):
                    accepted = context.wrap_socket(accepted, server_side=True)
                    accepted.recv(1)
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                accepted.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_refusal_that_nobody_heard_is_told_as_one_that_was(nodes: Apart, capsys: pytest.CaptureFixture[str]) -> None:
    own, bob = nodes.identities["alice"], nodes.identities["bob"]
    with slammed(bob) as port:
        code, checks = found(capsys, flags(nodes, peer=f"bob=https://127.0.0.1:{port}"))
        assert (code, checks["bob: connection"].verdict) == (1, "ok")
        assert "the other side trusts this node's certificate" in checks["bob: node"].remedy
        with pytest.raises(Unreached) as caught:
            Dial(f"https://127.0.0.1:{port}", own, bob.certificate).open("task", PATIENCE)
    assert caught.value.hint == f"see that the other side trusts {own.certificate_file.name}: compare fingerprints"


def test_another_ttps_key(nodes: Apart, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys_in(tmp_path)
    code, checks = found(capsys, flags(nodes, ttp_key=tmp_path / "public.pem"))
    assert (code, checks["TTP"].verdict) == (1, "no")
    assert checks["TTP"].value.startswith(f"it has the key {keys_in(nodes.key.parent).fingerprint}, and ")


def test_a_peer_behind_a_gateway_that_asks_for_a_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with apart(tmp_path) as made, made.there("bob"), Gateway(made.ports["bob"], "/proxy", "token 4711") as gateway:
        words = ["--name", "alice", "--listen", f"127.0.0.1:{made.ports['alice']}"]
        words += ["--peer", f"bob=http://127.0.0.1:{gateway.port}/proxy"]
        assert "--peer-header" in found(capsys, words)[1]["bob: node"].remedy
        code, checks = found(capsys, [*words, "--peer-header", "bob=Authorization: token 4711"])
    assert (code, checks["bob: route of links"].verdict) == (0, "ok"), checks


def test_a_ttp_that_a_party_runs(nodes: Apart, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the party's certificate."""
    own, peer = nodes.identities["alice"], nodes.identities["bob"]
    clients = tmp_path / "clients.crt"
    clients.write_text(own.certificate_file.read_text())
    for files, verdict, who in (
        ((peer.certificate_file, peer.key_file), "no", "bob, a party: it has the party's certificate"),
        (certificate(tmp_path, "carol"), "ok", "carol, "),
    ):
        words = ["ttp", "--listen", "127.0.0.1:0", "--keys", nodes.key.parent, "--tls-cert", files[0]]
        words += ["--tls-key", files[1], "--tls-clients", clients]
        with process(*words, first="listening on ") as ttp:
            where = ttp.line.split()[2]  # type: ignore[attr-defined]
            code, checks = found(capsys, flags(nodes, ttp=f"https://{where}", ttp_ca=files[0]))
        assert (code, checks["TTP: run by"].verdict) == (int(verdict == "no"), verdict), checks
        assert checks["TTP: run by"].value.startswith(who)


def test_a_transport_endpoint(nodes: Apart, capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = free_ports(1)
    words = ("transport", "--name", "alice", "--listen", f"127.0.0.1:{port}", "--peer", "bob=http://127.0.0.1:1")
    with process(*words, first="alice's endpoint listens at"):
        code, checks = found(capsys, flags(nodes, transport=f"127.0.0.1:{port}"))
    assert (code, checks["transport endpoint"].value) == (0, "that of alice: 0 sessions, 0 bytes")


def test_a_port_that_listens_and_says_nothing(
    nodes: Apart, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("kuscia_nb.backends.peer_checks.SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        code, checks = found(capsys, flags(nodes, peer=f"bob={url}"))
    assert (code, checks["bob: node"].verdict) == (1, "no")


@pytest.mark.parametrize(
    ("clocks", "verdict", "words"),
    [
        ({}, "", ""),
        ({"bob": 0.5, "the TTP": -2.0}, "ok", "they differ by 2.0 s at most"),
        ({"bob": 7200.0}, "warn", "that of bob is 2 hours ahead of this machine's; which one is right is not known"),
        ({"bob": 7200.0, "the TTP": 0.1}, "warn", "that of bob is 2 hours ahead of the others'"),
        ({"bob": -180.0, "the TTP": -180.5}, "warn", "that of this machine is 3 minutes ahead of the others'"),
        ({"bob": 100.0, "the TTP": -100.0}, "warn", "which one is right is not known"),
    ],
)
def test_whose_clock_is_off(clocks: dict[str, float], verdict: str, words: str) -> None:
    checks = list(compared(clocks))
    assert [check.verdict for check in checks] == [verdict] * bool(verdict)
    assert all(words in check.value for check in checks), checks


def test_the_exit_code() -> None:
    checks = [Check("a", "ok", ""), Check("b", "warn", "", "x")]
    assert (exit_code(checks), exit_code([*checks, Check("c", "no", "", "y")])) == (0, 1)
