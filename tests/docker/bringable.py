"""Images from which two nodes are brought up, with scripts in the place of Kuscia's programs, and who writes down how.

A script answers what Kuscia's own would, from what it was told before: there is a k3s the second time that it is asked,
a certificate once the node has started with its kuscia.yaml, a Domain after add_domain.sh, an image after `ctr import`.
"""

from __future__ import annotations

import io
import re
import shlex
import tarfile
from collections.abc import Callable
from typing import Any

import docker
from scripted import pack

KEY = "LS0tLS1CRUdJTi"
"""What every private key of these nodes begins with: it is to be seen nowhere."""
_KUSCIA = f"""#!/bin/sh
key() {{ echo "domainKeyData: {KEY}$(head -c 30 /dev/urandom | base64)"; }}
case "$1" in
  --version) echo "kuscia version v$(cat /version)";;
  init) [ "$2 $3 $4 $6 $7" = "--mode autonomy --domain -r runc" ] || {{ echo "unknown flag" >&2; exit 1; }}
    echo "mode: autonomy"; echo "domainID: $5"; key;;
  start) grep -q "name: env-import" "$3" && grep -q "^domainKeyData: {KEY}" "$3" || {{ echo "no config" >&2; exit 1; }}
    mkdir -p var/certs var/logs /state; domain=$(sed -n 's/^domainID: //p' "$3")
    made="certificate of $domain $(head -c 9 /dev/urandom | base64)"
    [ -e var/certs/domain.crt ] || echo "$made" > var/certs/domain.crt
    trap 'exit 0' TERM; while :; do sleep 1; done;;
esac
"""
_INIT = f"""#!/bin/sh
[ "$1 $5 $6" = "autonomy false bfia" ] || {{ echo "Unsupported mode" >&2; exit 1; }}
echo "Generate key data"
printf 'mode: autonomy\\ndomainID: %s\\ndomainKeyData: {KEY}%s\\nagent:\\n  plugins:\\n  - name: env-import\\n' "$2" \\
  "$(head -c 30 /dev/urandom | base64)" > /tmp/kuscia.yaml
"""
_CURL = """#!/bin/sh
for word; do case "$word" in https://*) url=$(echo "$word" | tr -c 'a-z0-9\\n' -);; esac; done
[ -e /state/down ] || [ ! -e "/state/$url" ] && { touch "/state/$url"; printf 000; exit 7; }
printf 401
"""
_KUBECTL = r"""#!/bin/sh
S=/state
case "$*" in
  "get gateways -n "*" -o name") [ -e $S/gateway ] && echo gateway.kuscia.secretflow/x; touch $S/gateway; exit;;
  "get crd "*) [ "$(cut -c 1-3 /version)" = 0.5 ] && echo Cluster || echo Namespaced; exit;;
  "get domain "*) cat $S/domain-$3 2>/dev/null; exit;;
  "get domains "*) printf '{"items":['; cat $S/domain-* 2>/dev/null; echo ']}'; exit;;
  "get cdr "*) cat $S/cdr-$3 2>/dev/null; exit;;
  "get appimage ss-lr "*)
    [ -e $S/appimage ] || exit 0
    sed "s|\"name\": \"ss-lr\"}|\"name\": \"ss-lr\", \"annotations\": {\"kuscia.secretflow/component-spec\": \"$(
      sed 's/"/\\\\\\"/g' $S/annotation 2>/dev/null)\"}}|" $S/appimage; exit;;
  "get "*) echo '{"items":[]}'; exit;;
  "apply -f -") cat > $S/appimage; exit;;
  "annotate appimage ss-lr "*) printf %s "${4#*=}" > $S/annotation; exit;;
esac
echo "error: unknown command $*" >&2; exit 1
"""
_ADD = """#!/bin/sh
[ "$2 $3" = "p2p bfia" ] && [ -n "$NAMESPACE$(grep -v '^0.5' /version)" ] || { echo "missing argument" >&2; exit 1; }
cert=$(base64 < "var/certs/$1.domain.crt" | tr -d '\\n') || exit 1
spec="{\\"cert\\":\\"$cert\\",\\"role\\":\\"partner\\",\\"interConnProtocols\\":[\\"bfia\\"]}"
printf '{"kind":"Domain","metadata":{"name":"%s"},"spec":%s}' "$1" "$spec" > "/state/domain-$1"
"""
_JOIN = """#!/bin/sh
[ "$4 $5" = "-p bfia" ] || { echo "illegal option" >&2; exit 1; }
host=${3#https://}
printf '{"spec":{"source":"%s","destination":"%s","interConnProtocol":"bfia","endpoint":{"host":"%s"}},%s}' \\
  "$1" "$2" "${host%:1080}" '"status":{"conditions":[{"type":"Ready","status":"True"}]}' > "/state/cdr-$1-$2"
"""
_CTR = """#!/bin/sh
[ "$*" = "-a=/home/kuscia/containerd/run/containerd.sock -n=k8s.io images import -" ] || exit 1
cat > /state/image.tar && tar -tf /state/image.tar manifest.json >/dev/null
"""
_CRICTL = """#!/bin/sh
[ -e /state/image.tar ] && tar -xOf /state/image.tar manifest.json | grep -qF "\\"$2\\""
"""
_WAIT = "#!/bin/sh\ntrap 'exit 0' TERM; while :; do sleep 1; done\n"


def make(client: docker.DockerClient, image: str, version: str) -> None:
    """An image of this name whose Kuscia says it is of this version, and that can be a TTP or an operator, too."""
    deploy = "home/kuscia/scripts/deploy"
    files = {
        "bin/kubectl": _KUBECTL,
        "bin/curl": _CURL,
        "bin/ctr": _CTR,
        "bin/crictl": _CRICTL,
        "bin/wait-for-ever": _WAIT,
        "bin/kuscia": _KUSCIA,
        "home/kuscia/bin/kuscia": _KUSCIA,
        f"{deploy}/add_domain.sh": _ADD,
        f"{deploy}/join_to_host.sh": _JOIN,
        "home/kuscia/tests/suite/bfia/base.sh": "",
        "version": version + "\n",
    }
    if version.startswith("0.5"):
        files[f"{deploy}/init_kuscia_config.sh"] = _INIT
    content = pack(files, ("tmp", "state", "home/kuscia/etc/conf", "home/kuscia/var/storage/data"))
    repository, _, tag = image.rpartition(":")
    changes = ["WORKDIR /home/kuscia", 'CMD ["wait-for-ever"]']
    client.api.import_image_from_data(content, repository=repository, tag=tag, changes=changes)


# --- what is asked of the engine --------------------------------------------------------------------------------------

_QUIET = ("create_host_config", "close", "version", "inspect_container", "base_url")
_LOOKS = ("containers", "images", "networks", "volumes", "info")
_READING = r"cat |crictl inspecti |curl |kubectl get |kuscia --version|stat |sh -c "


class Recorder:
    """Between engine.py and Docker's SDK: every call is a line, `?` if it looks and `+` if it changes something."""

    def __init__(self, known: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.begun: dict[str, str] = {}
        """What programs change something, by the identity that the engine gave them."""
        self.known = known
        """What differs from machine to machine, and what is written in its place."""
        self.after_change: Callable[[str], None] = lambda line: None
        """Called once a change is made."""

    def between(self, client: docker.DockerClient) -> _Client:
        """The same client, whose calls are written down."""
        return _Client(client, self)

    def write(self, mark: str, text: str) -> None:
        """A line, and what belongs to it below."""
        text = re.sub(r"(domainKeyData: |certificate of \w+ )\S+", r"\1***", text)
        for found, shown in self.known.items():
            text = text.replace(found, shown)
        self.lines += [f"{mark} {text}"] if "\n" not in text else [f"{mark} {text.partition(chr(10))[0]}"]
        self.lines += [f"    {line}" for line in text.split("\n")[1:] if line.strip()]

    @property
    def changes(self) -> list[str]:
        """The lines of what was changed."""
        return [line for line in self.lines if line.startswith("+")]


class _Client:
    def __init__(self, client: docker.DockerClient, recorder: Recorder) -> None:
        self._client, self.api = client, _Api(client.api, recorder)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class _Api:
    def __init__(self, api: Any, recorder: Recorder) -> None:
        self._api, self._recorder = api, recorder

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._api, name)
        if name == "exec_inspect":
            return lambda id: self._ended(id, real(id))
        if name in _QUIET or not callable(real):
            return real

        def call(*words: Any, **named: Any) -> Any:
            if name == "exec_start":
                return _Carrier(real(*words, **named), self._recorder)
            if name == "get_image":
                self._recorder.write("?", f"get_image {words[0]}")
                return real(*words, **named)
            mark, text = self._line(name, words, named)
            self._recorder.write(mark, text)
            if name == "create_container":  # what plays Kuscia needs no rights, and not every engine has them to give
                named["host_config"] |= {"Privileged": False}
            answer: Any = real(*words, **named)
            if name == "exec_create":
                self._recorder.begun[str(answer["Id"])] = text if mark == "+" else ""
            elif mark == "+":
                self._recorder.after_change(text)
            return answer

        return call

    def _ended(self, id: str, found: dict[str, Any]) -> dict[str, Any]:
        if found["ExitCode"] is not None and (text := self._recorder.begun.pop(id, "")):
            self._recorder.after_change(text)
        return found

    def _line(self, name: str, words: tuple[Any, ...], named: dict[str, Any]) -> tuple[str, str]:
        if name == "exec_create":
            line = shlex.join(words[1])
            return "?" if re.match(_READING, line) else "+", f"exec {words[0]}: {line}"
        if name == "put_archive":
            with tarfile.open(fileobj=io.BytesIO(words[2])) as archive:
                (entry,) = archive.getmembers()
                content = archive.extractfile(entry)
                assert content is not None
                text = content.read().decode()
            return "+", f"put {words[0]}:{words[1]}/{entry.name} {entry.mode:o}\n{text}"
        said = [
            *map(str, words),
            *(f"{key}={_shown(value)}" for key, value in named.items() if value not in (None, {})),
        ]
        return "?" if name in _LOOKS else "+", f"{name} {' '.join(said)}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(one)}" for key, one in sorted(value.items()) if one is not None) + "}"
    return "[" + ", ".join(map(_shown, value)) + "]" if isinstance(value, list) else str(value)


class _Carrier:
    """The socket of a program in a container: what it is given to read is written down, or how much it was."""

    def __init__(self, carrier: Any, recorder: Recorder) -> None:
        self._carrier, self._recorder = carrier, recorder
        self._sent = bytearray()
        self._real = getattr(carrier, "_sock", None) or carrier
        self._sock = self

    def sendall(self, content: bytes) -> None:
        self._sent += content
        self._real.sendall(content)

    def shutdown(self, how: int) -> None:
        if self._sent:
            text = bytes(self._sent)
            shown = text.decode() if text.startswith(b"{") else "an image"
            self._recorder.lines.append(f"    < {shown}")
            self._sent.clear()
        self._real.shutdown(how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._carrier if name == "_response" else self._real, name)
