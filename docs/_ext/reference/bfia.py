"""The BFIA API of a node, from the document that the node itself serves."""

from __future__ import annotations

from typing import Any

from kuscia_nb.bfia.openapi import document

from .markdown import code, definitions, page, prose, sentence

Schema = dict[str, Any]


def routes() -> str:
    """Every path with what it does, what it takes and what it answers."""
    spec = document()
    entries = [
        (code(f"{method.upper()} {path}"), _about(operation))
        for path, operations in spec["paths"].items()
        for method, operation in operations.items()
    ]
    return page([prose(spec["info"]["description"]), "## Paths", definitions(entries)])


def _about(operation: Schema) -> str:
    facts = [f"Takes: {_asks(operation)}.", f"Answers: {_answers(operation)}."]
    if operation["tags"] != ["Kuscia"]:
        facts.append("Only the standard has it, Kuscia does not.")
    return f"{sentence(operation['summary'])} {' '.join(facts)}"


def messages() -> str:
    """Every message and reply, field by field."""
    schemas: dict[str, Schema] = document()["components"]["schemas"]
    parts = []
    for name, schema in schemas.items():
        required = schema.get("required", ())
        parts += [f"### {code(name)}", prose(schema.get("description", "")).partition("\n\n")[0]]
        fields = [
            (
                f"{code(field)} ({_type(about)}{', required' if field in required else ''})",
                sentence(about["description"]) if about.get("description") else _constant(about),
            )
            for field, about in schema.get("properties", {}).items()
        ]
        parts.append(definitions(fields) if fields else "No fields." if "properties" in schema else "")
    return page(parts)


def _asks(operation: Schema) -> str:
    if "requestBody" in operation:
        return _link(operation["requestBody"]["content"]["application/json"]["schema"])
    return ", ".join(code(f"?{one['name']}") for one in operation.get("parameters", ())) or "nothing"


def _answers(operation: Schema) -> str:
    """What the data of a success is."""
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    found = schema["anyOf"][0]["properties"]["data"] if "anyOf" in schema else schema
    return "nothing" if found == {"type": "null"} else _link(found)


def _link(schema: Schema) -> str:
    name = schema["$ref"].rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _type(schema: Schema) -> str:
    """A short name of what a field holds."""
    if "$ref" in schema:
        return _link(schema)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "const" in schema:
        return type(schema["const"]).__name__
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(of := schema.get("additionalProperties"), dict):
        return f"object of {_type(of)}"
    return schema.get("type", "integer" if "enum" in schema else "anything")


def _constant(schema: Schema) -> str:
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return " or ".join(code(str(value)) for value in values) + ("." if values else "")
