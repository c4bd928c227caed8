"""Is something known against a package that kuscia_nb runs with?

    make audit ADVISORIES=FOLDER        (python tests/audit.py FOLDER)

FOLDER has advisories in the OSV form, YAML or JSON: a checkout of github.com/pypa/advisory-database, or osv.dev's dump
of PyPI, unpacked. Nothing is asked of the net, and it knows no more than the folder. Looked at are the packages that
kuscia_nb and its extras need, and what these need, as they are installed here, and what binder/requirements.txt pins.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from ruamel.yaml import YAML

PROJECT = Path(__file__).parent.parent
EXTRAS = ("all", "lab")


class Found(NamedTuple):
    """What is known against a package."""

    name: str
    version: str
    advisory: str
    says: str


def installed(name: str, extras: Iterable[str] = (), seen: set[str] | None = None) -> Iterator[tuple[str, str]]:
    """A package's needs, and theirs, with the versions that are installed; what is not installed is left out."""
    seen = set() if seen is None else seen
    for text in distribution(name).requires or []:
        need = Requirement(text)
        if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            continue
        key = " ".join([canonicalize_name(need.name), *sorted(need.extras)])
        if key in seen:
            continue
        seen.add(key)
        try:
            yield canonicalize_name(need.name), distribution(need.name).version
            yield from installed(need.name, need.extras, seen)
        except PackageNotFoundError:
            pass


def pinned(file: Path) -> Iterator[tuple[str, str]]:
    """The versions that a file of requirements pins."""
    for line in file.read_text("utf-8").splitlines():
        name, is_pin, version = line.split("#")[0].split(" --hash")[0].partition("==")
        if is_pin:
            yield canonicalize_name(name.strip()), version.strip()


def advisories(folder: Path, names: set[str]) -> Iterator[Mapping[str, Any]]:
    """What a database says of these packages; ValueError, if it has nothing at all."""
    files = [path for kind in ("yaml", "json") for path in folder.rglob(f"*.{kind}") if ".git" not in path.parts]
    some = False
    for path in sorted(files):
        text = path.read_text("utf-8")
        words = canonicalize_name(text)
        if not any(name in words for name in names):  # most are about others, and reading costs
            some = True
            continue
        entry = json.loads(text) if path.suffix == ".json" else YAML(typ="safe").load(text)
        if isinstance(entry, Mapping) and "affected" in entry:
            some = True
            yield entry
    if not some:
        raise ValueError(f"{folder} has no advisories")


def known(packages: Iterable[tuple[str, str]], entries: Iterable[Mapping[str, Any]]) -> list[Found]:
    """What these advisories say against these versions."""
    found, versions = [], sorted(set(packages))
    for entry in entries:
        for affected in entry["affected"] if not entry.get("withdrawn") else ():
            package = affected.get("package", {})
            name = canonicalize_name(package.get("name", ""))
            for version in (at for one, at in versions if one == name and package.get("ecosystem") == "PyPI"):
                if is_affected(version, affected):
                    says = " ".join(str(entry.get("summary") or entry.get("details") or "").split())
                    found.append(Found(name, version, str(entry["id"]), says[:160]))
    return found


def is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    """Whether a version is among the affected ones: named itself, or in one of the ranges."""
    if version in map(str, affected.get("versions", ())):
        return True
    ranges = [one for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM"]
    return any(_is_in(Version(version), one["events"]) for one in ranges)


def _is_in(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    """Whether the last event at or before a version says that it is affected."""
    state = False
    moments = [(_version(text), kind) for event in events for kind, text in event.items()]
    for at, kind in sorted(moments, key=lambda moment: moment[0]):
        if kind == "introduced" and version >= at:
            state = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            state = False
    return state


def _version(text: str) -> Version:
    try:
        return Version(str(text))
    except InvalidVersion:
        return Version("0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    packages = {*installed("kuscia_nb", EXTRAS), *pinned(PROJECT / "binder" / "requirements.txt")}
    entries = list(advisories(folder, {name for name, _ in packages}))
    found = known(packages, entries)
    for one in found:
        print(f"{one.name} {one.version}: {one.advisory}: {one.says}")
    newest = max((str(entry.get("published", "")) for entry in entries), default="")[:10]
    print(f"{len(packages)} packages, {len(found)} found. The newest advisory that names one of them is of {newest}.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
