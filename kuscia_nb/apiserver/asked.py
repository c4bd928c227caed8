"""What a request asks for: which kind, where, which object, and in which form it wants the answer."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from ..control.kinds import KINDS, Kind
from ..control.kubectl import KubectlError
from ..control.kubectl.selectors import selector
from ..control.objects import CROSS_DOMAIN, Object
from .documents import GROUP, VERSION
from .status import Refusal

_PATH = re.compile(
    rf"/apis/{re.escape(GROUP)}/{VERSION}(?:/namespaces/(?P<namespace>[^/]+))?/(?P<kind>[a-z]+)(?:/(?P<name>[^/]+))?"
)
_FIELD = re.compile(r"metadata\.(name|namespace)==?(.*)")


class Asked(NamedTuple):
    """One object, or several of a kind."""

    kind: Kind
    namespace: str
    """Empty: everywhere."""
    name: str
    query: dict[str, str]

    @classmethod
    def read(cls, path: str, query: str) -> Asked:
        """From what stands behind the host. A Refusal, if there is no such thing."""
        kinds = {kind.plural: kind for kind in KINDS}
        found = _PATH.fullmatch(path)
        if found is None or found["kind"] not in kinds:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        said = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        kind = kinds[found["kind"]]
        if bool(found["namespace"]) > kind.namespaced or (found["name"] and not found["namespace"] and kind.namespaced):
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        return cls(kind, unquote(found["namespace"] or ""), unquote(found["name"] or ""), said)

    @property
    def watch(self) -> bool:
        """Whether the changes are asked for."""
        return self.query.get("watch") in ("true", "1")

    def not_found(self) -> Refusal:
        """That there is no object of this name."""
        message = f'{self.kind.plural}.{GROUP} "{self.name}" not found'
        return Refusal(404, "NotFound", message, name=self.name, group=GROUP, kind=self.kind.plural)

    def means(self, found: Object) -> bool:
        """Whether an object is one of those that are asked for. A Refusal, if the request cannot be read."""
        fields = {"name": found.name, "namespace": found.metadata.namespace}
        for text in filter(None, self.query.get("fieldSelector", "").split(",")):
            match = _FIELD.fullmatch(text)
            if match is None:
                raise Refusal(400, "BadRequest", f"field label not supported: {text}")
            if fields[match[1]] != match[2]:
                return False
        try:
            labelled = selector(self.query.get("labelSelector", ""))(found.labels)
        except KubectlError as error:
            raise Refusal(400, "BadRequest", error.what) from None
        return labelled and self.name in ("", found.name) and self.shows

    @property
    def shows(self) -> bool:
        """Whether objects of this kind are where it looks."""
        return not self.kind.namespaced or self.namespace in ("", CROSS_DOMAIN)
