"""A scripted Kuscia node: a container whose `kubectl`, `kuscia` and `curl` play recorded answers.

What its kubectl lists and watches are files in the container, which the test writes: `say` puts an object there and
tells those who watch of it. What it was asked to change is written down, and nothing is done about it: the test says
what follows, as a recorded node would. No registry is needed: the image is Debian's busybox and these scripts.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import time
from collections.abc import Callable
from typing import Any

from kuscia_nb.backends.docker.exec import Exec

IMAGE = "kuscia-nb-scripted"
_BUSYBOX = "/bin/busybox"
_STATE = "/state"

_KUBECTL = r"""#!/bin/sh
# Answers from files: $S/kj/NAME.json, $S/kj.events (a watch event a line), $S/answers/WORD.
S=/state
echo "kubectl $*" >> $S/calls
kinds() { case "$1" in kj|kt|domains|appimages|pods|cdr|nodes) return 0;; esac; return 1; }
listed() { printf '{"apiVersion":"v1","kind":"List","items":['; sep=; for f in $S/$1/*.json; do
  [ -e "$f" ] || continue; printf '%s' "$sep"; cat "$f"; sep=,; done; echo ']}'; }
if [ -e $S/down ]; then echo "The connection to the server 127.0.0.1:6443 was refused" >&2; exit 1; fi
case "$1 $*" in
  "get "*" crd "*) cat $S/scope; exit;;
  "get "*--watch*)
    seen=$(wc -l < $S/$2.events)
    for f in $S/$2/*.json; do [ -e "$f" ] || continue; printf '{"type":"ADDED","object":'; cat "$f"; echo '}'; done
    echo "$2" >> $S/watched
    while :; do
      now=$(wc -l < $S/$2.events)
      [ "$now" -gt "$seen" ] && tail -n +$((seen + 1)) $S/$2.events | head -n $((now - seen)); seen=$now
      usleep 50000
    done;;
  "get "*" -o json") if kinds "$2"; then listed "$2"; exit; fi;;
  "get "*) if [ -e $S/answers/"$2" ]; then cat $S/answers/"$2"; exit; fi
    echo "error: the server doesn't have a resource type \"$2\"" >&2; exit 1;;
  "apply "*) cat > $S/applied; if [ -e $S/refusal ]; then cat $S/refusal >&2; exit 1; fi
    echo "kusciajob.kuscia.secretflow/job-ss-lr created"; exit;;
  "delete "*)
    if [ -e $S/$2/"$3".json ]; then
      printf '{"type":"DELETED","object":%s}\n' "$(cat $S/$2/"$3".json)" >> $S/$2.events; rm $S/$2/"$3".json
      rm -f $S/kt/*.json; echo "kusciajob.kuscia.secretflow \"$3\" deleted"
    fi; exit;;
  "label "*|"patch "*) echo "kusciajob.kuscia.secretflow/$3 labeled"; exit;;
esac
echo "error: unknown command \"$1\" for \"kubectl\"" >&2; exit 1
"""
_KUSCIA = """#!/bin/sh
[ "$1" = --version ] && cat /state/version
"""
_CURL = """#!/bin/sh
cat > /state/posted; [ -e /state/unheard ] && { echo "curl: (7) Failed to connect to 127.0.0.1 port 8084" >&2; exit 7; }
cat /state/answers/post
"""
_UNAME = """#!/bin/sh
cat /state/kernel 2>/dev/null || echo 6.1.0
"""
_CRICTL = """#!/bin/sh
grep -qx "$2" /state/images 2>/dev/null
"""
_MAIN = """#!/bin/sh
trap 'exit 0' TERM; while :; do sleep 1; done
"""
_VERSIONS = {
    "A": ("kuscia version v0.5.0b0", "Cluster"),
    "B": ("kuscia version v0.14.0b0", "Namespaced"),
    "C": ("kuscia version v1.1.0b0", "Namespaced"),
}


def image() -> bytes:
    """The image as an archive for `docker import`."""
    programs = {
        "kubectl": _KUBECTL,
        "kuscia": _KUSCIA,
        "curl": _CURL,
        "uname": _UNAME,
        "crictl": _CRICTL,
        "main": _MAIN,
    }
    return pack(
        {f"bin/{name}": text for name, text in programs.items()}, ("tmp", "state", "home/kuscia/var/storage/data")
    )


def pack(files: dict[str, str], folders: tuple[str, ...]) -> bytes:
    """An archive with Debian's busybox, these folders, and these files, which can be run."""
    applets = subprocess.run([_BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for folder in ("bin", *folders):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        archive.add(_BUSYBOX, "bin/busybox")
        for applet in applets:
            if applet != "busybox" and f"bin/{applet}" not in files:
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o755
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


class ScriptedNode:
    """One such container, and what its test says in its place."""

    def __init__(self, domain: str, container: Any, exec: Exec, era: str) -> None:
        self.domain, self.container, self._exec = domain, container, exec
        self._versions = 60_000
        version, scope = _VERSIONS[era]
        self.sh(
            "cd $S; mkdir -p kj kt domains appimages pods cdr nodes answers; touch kj.events kt.events calls watched"
        )
        self.write("version", version)
        self.write("scope", scope)
        if era == "C":
            self.sh("mkdir -p /home/kuscia/tests/suite/bfia")
        self.furnish()

    def furnish(self) -> None:
        """Let it have both domains and the operator's AppImage, as at its start."""
        for other in ("alice", "bob"):
            partner = {"role": "partner", "interConnProtocols": ["bfia"]} if other != self.domain else {"cert": "-"}
            self.keep("domains", {"kind": "Domain", "metadata": {"name": other}, "spec": partner})
        component = {
            "component.1.name": "ss_lr",
            "component.1.input.1.name": "train_data",
            "component.1.output.1.name": "train_data",
        }
        annotations = {"kuscia.secretflow/component-spec": json.dumps(component)}
        spec = {
            "deployTemplates": [
                {"name": "ss-lr", "spec": {"containers": [{"name": "ss-lr", "workingDir": "/work", "command": ["x"]}]}}
            ],
            "image": {"name": "ss-lr", "tag": "latest"},
        }
        self.keep(
            "appimages", {"kind": "AppImage", "metadata": {"name": "ss-lr", "annotations": annotations}, "spec": spec}
        )

    @property
    def name(self) -> str:
        return self.container.name

    def sh(self, line: str, stdin: bytes = b"") -> str:
        """Do something in the container; what it prints."""
        ran = self._exec.run(["sh", "-c", f"S={_STATE}; {line}"], stdin)
        assert ran.code == 0, (line, ran.complaint)
        return ran.text

    def write(self, name: str, text: str) -> None:
        """A file among what the node's programs answer from."""
        self.sh(f"cat > $S/{name}", text.encode())

    def read(self, name: str) -> str:
        """What one of its programs was told."""
        return self.sh(f"cat $S/{name}")

    @property
    def calls(self) -> list[str]:
        """The lines that its kubectl was given."""
        return self.read("calls").splitlines()

    def keep(self, kind: str, object: dict[str, Any]) -> str:
        """Let its kubectl list an object, which is new or changed; its text."""
        self._versions += 1
        metadata = {**object["metadata"], "resourceVersion": str(self._versions)}
        metadata.setdefault("uid", f"uid-{self.domain}-{kind}-{metadata['name']}")
        text = json.dumps({"apiVersion": "kuscia.secretflow/v1alpha1", **object, "metadata": metadata})
        self.write(f"{kind}/{metadata['name']}.json", text)
        return text

    def say(self, object: dict[str, Any]) -> None:
        """Let its kubectl list an object, and tell those who watch."""
        kind = "kj" if object["kind"] == "KusciaJob" else "kt"
        event = '{"type": "MODIFIED", "object": ' + self.keep(kind, object) + "}\n"
        self.sh(f"cat >> $S/{kind}.events", event.encode())


Start = Callable[..., ScriptedNode]
"""Starts a node of a domain and an era."""


def until(holds: Callable[[], object], what: str, limit: float = 60.0) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, f"not within {limit:g} s: {what}"
        time.sleep(0.05)
