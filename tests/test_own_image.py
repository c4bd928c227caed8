"""What the image of our own node is made from, as far as that can be known without an engine."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from kuscia_nb.backends.contained import read_config
from kuscia_nb.errors import KusciaError

ROOT = Path(__file__).parents[1]
NODE = ROOT / "containers" / "node"
CONFIG = """
mode: autonomy
domainID: alice
logLevel: INFO
kusciaNb:
  listen: alice:8084
  peers: {bob: "https://bob:8084"}
  ttpKey: key.pem
  insecure: true
"""


def test_it_needs_what_the_package_needs() -> None:
    asked = {line for line in (NODE / "requirements.txt").read_text().splitlines() if not line.startswith("#")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert asked <= {*project["project"]["dependencies"], *project["dependency-groups"]["test"]}


def test_its_containers_have_no_rights() -> None:
    services = YAML(typ="safe").load((NODE / "compose.yaml").read_text())["services"]
    assert set(services) == {"setup", "ttp", "alice", "bob"}
    for name, service in services.items():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges"]
        assert not {"privileged", "ports", "user", "cap_add", "devices", "pid"} & service.keys()
        own = {volume.partition("-")[0] for volume in service["volumes"]}
        assert name == "setup" or own == {name}, "nobody has another one's files"


def test_a_configuration_is_read(tmp_path: Path) -> None:
    file = tmp_path / "kuscia.yaml"
    file.write_text(CONFIG)
    assert read_config(file) == {
        "name": "alice",
        "listen": "alice:8084",
        "peers": {"bob": "https://bob:8084"},
        "ttp": "",
        "ttp_key": "key.pem",
        "insecure": True,
        "storage": Path("var/storage"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("domainID: alice", "kusciaNb: {...} are needed"),
        ("kusciaNb: {}", "domainID: NAME"),
        ("[1, 2", "(?i)expected"),
        (CONFIG.replace("ttpKey", "tppKey"), r"kusciaNb\.tppKey is unknown\n.*\n.*try: .ttpKey"),
        (CONFIG.replace("key.pem", "[1]"), "neither a text"),
        (CONFIG.replace("key.pem", "7"), "neither a text"),
    ],
)
def test_what_is_wrong_with_one_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "kuscia.yaml"
    file.write_text(text)
    with pytest.raises(KusciaError, match=said) as caught:
        read_config(file)
    assert caught.value.where or "line" in str(caught.value)
    with pytest.raises(KusciaError, match="cannot be read"):
        read_config(tmp_path / "none.yaml")
