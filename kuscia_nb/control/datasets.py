"""`dataset_id`: where a party's data is, in the standard's one word "namespace#name" (spec: bfia §1.5).

Kuscia has a word for each, `namespace` and `name`, and every program here is given those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = "dataset_id"


def split_dataset(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with Kuscia's two words for the standard's one; ValueError, if that is none, or they contradict it."""
    if KEY not in params:
        return dict(params)
    rest = {key: value for key, value in params.items() if key != KEY}
    said = params[KEY]
    if said is None:
        return rest
    namespace, _, name = str(said).partition("#")
    if not isinstance(said, str) or not namespace or not name or "#" in name:
        raise ValueError(f'"{said}" is no dataset_id, which is "namespace#name"')
    for key, value in (("namespace", namespace), ("name", name)):
        if rest.get(key, value) != value:
            raise ValueError(f'dataset_id says "{said}", but {key} is "{rest[key]}"')
    return rest | {"namespace": namespace, "name": name}


def dataset_id(params: Mapping[str, Any]) -> dict[str, str]:
    """The standard's word for the data that Kuscia's two words name; empty, if they do not."""
    if {"namespace", "name"} <= params.keys():
        return {KEY: f"{params['namespace']}#{params['name']}"}
    return {}
