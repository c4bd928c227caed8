"""What the side panel's editor says of a cell while it is typed: what is wrong in it, and what may come next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from test_bfia import TUTORIAL as REQUEST_TEXT

import kuscia_nb as kn
from kuscia_nb.cells.position import position
from kuscia_nb.control.manifest import read_manifest
from kuscia_nb.control.parse import JsonPlaces, Place
from kuscia_nb.errors import KusciaError
from kuscia_nb.operators import OPERATORS
from kuscia_nb.operators.parameter import Parameter
from kuscia_nb.operators.ss_lr.parameters import PARAMETERS
from kuscia_nb.panel.check import Diagnostic, check
from kuscia_nb.panel.complete import Item, Known, complete
from kuscia_nb.problems import Magic

TUTORIAL = kn.tutorial_manifest()
REQUEST = json.loads(REQUEST_TEXT)
INNER = json.loads(TUTORIAL.partition("taskInputConfig: '")[2].partition("'")[0])
COMPACT = json.dumps(REQUEST, separators=(",", ":"))
PRETTY = json.dumps(REQUEST, indent=2)
KNOWN = Known(("alice", "bob"), {"alice": ["perfect_logit_a.csv"], "bob": ["perfect_logit_b.csv"]})


def with_inner(text: str) -> str:
    """The tutorial's manifest with another writing of its taskInputConfig."""
    return re.sub(r"taskInputConfig: .*", lambda _: f"taskInputConfig: {text}", TUTORIAL)


BLOCK = with_inner("|\n" + "".join(f"      {line}\n" for line in json.dumps(INNER, indent=2).split("\n")).rstrip("\n"))
DOUBLE = with_inner(json.dumps(json.dumps(INNER, separators=(",", ":"))))
JSON = json.dumps(YAML(typ="safe").load(TUTORIAL), indent=2)
TEXTS: list[tuple[Magic, str]] = [
    ("kusciajob", TUTORIAL),
    ("kusciajob", BLOCK),
    ("kusciajob", DOUBLE),
    ("bfia_submit", COMPACT),
    ("bfia_submit", PRETTY),
]
NAMES = ["tutorial", "block", "double quotes", "compact request", "pretty request"]


def checked(magic: Magic, body: str, **variables: Any) -> list[Diagnostic]:
    return check(magic, f"%%{magic}\n{body}", variables, None)


def marked(body: str, found: Diagnostic) -> str:
    """What a diagnostic underlines."""
    return f"%%\n{body}".split("\n")[found.line - 1][found.column - 1 : found.end_column - 1]


# --- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("magic", "text"), [*TEXTS, ("kusciajob", JSON)], ids=[*NAMES, "JSON manifest"])
@pytest.mark.parametrize("line", ["", " --no-wait -o job", " --trace full --seed 5"])
def test_the_tutorial_is_right(magic: Magic, text: str, line: str) -> None:
    assert check(magic, f"%%{magic}{line}\n{text}", {}, None) == []


@pytest.mark.parametrize(
    ("magic", "text", "old", "new", "underlined", "part"),
    [
        ("kusciajob", TUTORIAL, "tolerable:", "tolerabel:", "tolerabel", 'unknown field "spec.tasks[0].tolerabel"'),
        ("kusciajob", TUTORIAL, "initiator: alice", "initiator: carol", "carol", "initiator should be one of"),
        ("kusciajob", TUTORIAL, "appImage: ss-lr", "appImage: sslr", "sslr", 'appimage.kuscia.secretflow "sslr" not'),
        ("kusciajob", TUTORIAL, "role: host", "role: boss", "boss", "unsupported role type boss"),
        ("kusciajob", TUTORIAL, "name: job-ss-lr", "name: Job", "Job", 'Invalid value: "Job"'),
        ("kusciajob", TUTORIAL, "- alias: ss_lr_1", "- priority: 1", "priority", "alias: Required value"),
        ("kusciajob", TUTORIAL, "kind: KusciaJob", "kind: Job", "Job", 'no matches for kind "Job"'),
        ("kusciajob", TUTORIAL, "    appImage:", "   appImage:", "appImage", "not YAML"),
        ("kusciajob", TUTORIAL, '"guest":["bob"]', '"guest":["eve"]', "domainID", "not found party bob/guest"),
        (
            "kusciajob",
            TUTORIAL,
            '"module_name":"ss_lr"',
            '"module_name":"lr"',
            '"lr"',
            "not found expected component lr",
        ),
        ("kusciajob", TUTORIAL, '"role":{', '"rule":{', '"rule"', "unknown field"),
        ("kusciajob", TUTORIAL, '"batch_size":21', '"batch_size":', ",", "Expecting value"),
        ("kusciajob", BLOCK, '"batch_size": 21', '"batch_size": null', "null", "unsupported type of value null"),
        ("kusciajob", DOUBLE, '\\"batch_size\\":21', '\\"batch_size\\":0', "0", "batch_size = '0' is out of range"),
        ("kusciajob", JSON, '"appImage": "ss-lr"', '"appImage": "sslr"', '"sslr"', "failed to get appimage"),
        ("bfia_submit", PRETTY, '"code": "ss-lr"', '"code": "sslr"', '"sslr"', "failed to get appimage sslr"),
        ("bfia_submit", COMPACT, '"code":"ss-lr"', '"code":"sslr"', '"sslr"', "failed to get appimage sslr"),
        ("bfia_submit", PRETTY, '"batch_size": 21', '"batch_size": [21]', "[", "unsupported type of value list"),
        ("bfia_submit", PRETTY, '"batch_size": 21', '"batch_size": 0', "0", "batch_size = '0' is out of range"),
        ("bfia_submit", PRETTY, '"job_id": "job-ss-lr",', '"job_id": "job-ss-lr"', '"dag"', "not JSON"),
        ("bfia_submit", PRETTY, '"role": "host"', '"role": 1', "1", "must be a string"),
    ],
)
def test_a_mistake_is_told_where_it_is(magic: Magic, text: str, old: str, new: str, underlined: str, part: str) -> None:
    assert text.count(old) >= 1
    body = text.replace(old, new, 1)
    found = checked(magic, body)
    assert [marked(body, one) for one in found if part in one.message] == [underlined], found
    assert all(one.severity == "error" for one in found)
    read = kn.Cluster.apply if magic == "kusciajob" else kn.Cluster.submit
    with kn.connect() as cluster, pytest.raises(KusciaError) as error:
        read(cluster, f"\n{body}").wait()
    said = str(error.value)
    assert part.partition(": Required")[2] or part in said or part.split(": ")[-1] in said
    if "line " in said:
        assert f"line {found[0].line}, column {found[0].column}" in said


def test_everything_is_told_at_once() -> None:
    body = (
        TUTORIAL.replace("appImage: ss-lr", "appImage: sslr")
        .replace('"batch_size":21', '"batch_size":0')
        .replace('"optimizer":"sgd"', '"optimizer":"adam"')
        .replace('"has_label":true,', "")
        .replace('"l2_norm":0.5,', "")
    )
    assert [marked(body, one) for one in checked("kusciajob", body)] == ["sslr", '"0"', '"common"', "0", '"adam"']
    body = TUTORIAL.replace("tolerable", "tolerabel").replace("role: guest", "role: gast")
    assert [marked(body, one) for one in checked("kusciajob", body)] == ["gast", "tolerabel"]


def wrong(parameter: Parameter) -> str | None:
    """A text that a parameter does not take."""
    for text in ("/", "-1", "?"):
        try:
            parameter.kind.read(text)
        except ValueError:
            return text
    return None


@pytest.mark.parametrize("parameter", [one for one in PARAMETERS if wrong(one)], ids=lambda parameter: parameter.name)
@pytest.mark.parametrize("magic", ["kusciajob", "bfia_submit"])
def test_every_parameter_is_checked_in_its_place(magic: Magic, parameter: Parameter) -> None:
    text = wrong(parameter)
    value = json.loads(json.dumps(INNER if magic == "kusciajob" else REQUEST))
    params = value["task_params"] if magic == "kusciajob" else value["config"]["task_params"]
    holder = params["host"]["0"] if parameter.own else params["common"]
    (holder if magic == "kusciajob" else holder["ss_lr_1"])[parameter.name] = text
    body = with_inner(f"'{json.dumps(value)}'") if magic == "kusciajob" else json.dumps(value, indent=1)
    found = checked(magic, body)
    assert (parameter.name, marked(body, found[0])) == (parameter.name, json.dumps(text))
    said = (
        "could lead out of the storage" if parameter.name in ("name", "namespace") else f"{parameter.name} = {text!r}"
    )
    assert said in found[0].message


@pytest.mark.parametrize("value", ["21", 21, "{{size}}"])
def test_a_variable_stands_for_its_value(value: Any) -> None:
    body = TUTORIAL.replace("21", "{{ size }}").replace("initiator: alice", "initiator: {{who}}", 1)
    assert checked("kusciajob", body, who="alice", size=21) == []
    assert [marked(body, one) for one in checked("kusciajob", body, who="carol", size=0)][:1] == ["{{who}}"]


@pytest.mark.parametrize(
    ("magic", "text", "old", "new"),
    [
        ("kusciajob", TUTORIAL, "job-ss-lr", "{{x}}"),
        ("kusciajob", TUTORIAL, "job-ss-lr", "job-{{ x }}"),
        ("kusciajob", TUTORIAL, "initiator: alice", "initiator: {{x}}"),
        ("kusciajob", TUTORIAL, "domainID: bob", "domainID: {{x}}"),
        ("kusciajob", TUTORIAL, "appImage: ss-lr", "appImage: {{x}}"),
        ("kusciajob", TUTORIAL, "tolerable: false", "tolerable: {{x}}"),
        ("kusciajob", TUTORIAL, '"batch_size":21', '"batch_size":{{x}}'),
        ("kusciajob", TUTORIAL, '"perfect_logit_a.csv"', '"{{x}}"'),
        ("kusciajob", TUTORIAL, '"guest":["bob"]', '"guest":["{{x}}"]'),
        ("kusciajob", TUTORIAL, '"role":{"host":["alice"],"guest":["bob"]}', '"role":{{x}}'),
        ("kusciajob", BLOCK, '"num_epoch": 1', '"num_epoch": {{x}}'),
        ("kusciajob", with_inner("'{{x}}'"), "", ""),
        ("kusciajob", "{{x}}", "", ""),
        ("bfia_submit", PRETTY, '"batch_size": 21', '"batch_size": {{x}}'),
        ("bfia_submit", PRETTY, '"job-ss-lr"', '"{{x}}"'),
        ("bfia_submit", PRETTY, '"alice"', '"{{x}}"'),
        ("bfia_submit", "{{x}}", "", ""),
    ],
)
def test_a_variable_that_is_not_there_yet_is_no_mistake(magic: Magic, text: str, old: str, new: str) -> None:
    body = text.replace(old, new, 1) if old else text
    (found,) = checked(magic, body)
    assert (found.severity, found.message) == ("warning", "there is no variable x yet")
    assert re.fullmatch(r"\{\{ ?x ?\}\}", marked(body, found))


def test_other_mistakes_are_told_in_spite_of_a_variable() -> None:
    body = TUTORIAL.replace('"batch_size":21', '"batch_size":{{x}}').replace("tolerable", "tolerabel")
    assert [(marked(body, one), one.severity) for one in checked("kusciajob", body)] == [
        ("{{x}}", "warning"),
        ("tolerabel", "error"),
    ]


@pytest.mark.parametrize(
    ("line", "part"),
    [("--bogus", "--bogus"), ("--trace some", "some"), ("--seed x", "x"), ("--view", "--view"), ('-o "x', "quot")],
)
@pytest.mark.parametrize(("magic", "text"), TEXTS[::3])
def test_the_magics_own_line_is_checked(magic: Magic, text: str, line: str, part: str) -> None:
    (found,) = check(magic, f"%%{magic} {line}\n{text}", {}, None)
    assert (found.line, found.column) == (1, 1)
    assert part in found.message


@pytest.mark.parametrize("text", ["", "\n", "%%kusciajob", "%%kusciajob\n", "%%kusciajob\n\n  \n"])
def test_an_empty_cell(text: str) -> None:
    (found,) = check("kusciajob", text, {}, None)
    assert found.message == "the manifest is empty"


def test_blank_lines_before_the_magic_are_skipped() -> None:
    """As IPython does."""
    body = TUTORIAL.replace("initiator: alice", "initiator: alicia")
    (plain,) = checked("kusciajob", body)
    blank = "\n  \t\n"
    assert check("kusciajob", f"{blank}%%kusciajob\n{body}", {}, None) == [plain._replace(line=plain.line + 2)]
    offer = complete("kusciajob", "%%kusciajob\nspec:\n  init", 3, 7, KNOWN)
    assert offer[1]
    assert complete("kusciajob", f"{blank}%%kusciajob\nspec:\n  init", 5, 7, KNOWN) == offer
    assert complete("kusciajob", f"{blank}%%kusciajob\nspec:\n  init", 1, 1, KNOWN) == (1, [])


def test_the_other_format_is_recognised() -> None:
    (found,) = checked("kusciajob", PRETTY)
    assert "BFIA create-job request" in found.message
    (found,) = checked("bfia_submit", TUTORIAL)
    assert "KusciaJob manifest" in found.message


def test_own_operators_are_known(own_operator: str) -> None:
    body = TUTORIAL.replace("ss-lr", "own-one").replace('"module_name":"ss_lr"', f'"module_name":"{own_operator}"')
    assert checked("kusciajob", body) == []
    body = body.replace('"output":[', '"output":[{"type":"dataset","key":"second"},')
    assert ["not found expected output name" in one.message for one in checked("kusciajob", body)] == [True]


@pytest.fixture
def own_operator() -> Iterator[str]:
    before = OPERATORS._operators

    @kn.operator
    async def own_one(party: kn.Party) -> None:
        """Nothing."""

    yield "own_one"
    OPERATORS._operators = before


def test_the_nodes_that_are_up_are_asked(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        cluster.kubectl("delete appimage ss-lr", node="alice")
        text = f"%%kusciajob\n{TUTORIAL}"
        assert check("kusciajob", text, {}, None) == []
        (found,) = check("kusciajob", text, {}, {"alice": cluster.at("alice"), "bob": cluster.at("bob")})
        assert "failed to get appimage" in found.message


@pytest.mark.parametrize(("magic", "text"), TEXTS, ids=NAMES)
def test_a_file_that_is_not_there_yet_is_a_warning(tmp_path: Path, magic: Magic, text: str) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        body = text.replace("perfect_logit_b.csv", "mine.csv")
        (found,) = check(magic, f"%%{magic}\n{body}", {}, {node: cluster.at(node) for node in cluster.nodes})
        assert (found.severity, found.message) == ("warning", "bob has no file data/mine.csv")
        assert marked(body, found).strip('\\"') == "mine.csv"
        cluster.put("bob", "mine.csv", cluster.nodes["bob"] / "data" / "perfect_logit_b.csv")
        assert check(magic, f"%%{magic}\n{body}", {}, {node: cluster.at(node) for node in cluster.nodes}) == []


HARD_NAMES = ["a" * 256, "名" * 86, "a\0b", "\ud800", "a\nb", "."]
"""No file has such a name: it is longer than 255 bytes, or no file system takes it."""


@pytest.mark.parametrize("key", ["name", "namespace"])
@pytest.mark.parametrize("name", HARD_NAMES, ids=ascii)
def test_a_name_that_no_file_can_have_is_a_warning(tmp_path: Path, name: str, key: str) -> None:
    inner = json.loads(json.dumps(INNER))
    own = inner["task_params"]["guest"]["0"]
    own[key] = name
    text = with_inner(f"'{json.dumps(inner)}'")
    with kn.connect(storage=tmp_path) as cluster:
        found = check("kusciajob", f"%%kusciajob\n{text}", {}, {node: cluster.at(node) for node in cluster.nodes})
    (told,) = [one for one in found if one.severity == "warning"]
    assert told.message == f"bob has no file {own['namespace']}/{own['name']}"
    assert json.loads(marked(text, told)) == own["name"]


# --- what may come next: everything that is in a text is what may be there -------------------------------------------


def places(magic: Magic, text: str) -> list[tuple[tuple[str | int, ...], Place]]:
    """Where every key and value of a sound text stands, found by the readers."""
    if magic == "kusciajob":
        job = read_manifest(text)
        source = job.source
        for locate in source.inner.values():
            locate()
        return list(source.places.items())
    return list(JsonPlaces(text).places.items())


def at(magic: Magic, text: str, cursor: int) -> tuple[int, list[Item]]:
    """The completion at an index of a cell's body: where it begins there, and what there is."""
    line, column = text.count("\n", 0, cursor) + 2, cursor - (text.rfind("\n", 0, cursor) + 1) + 1
    start, items = complete(magic, f"%%{magic}\n{text}", line, column, KNOWN)
    return cursor - (column - start), items


def completed(magic: Magic, text: str, cursor: int, label: str) -> str:
    """The text after this item was chosen."""
    start, items = at(magic, text, cursor)
    (item,) = [item for item in items if item.label == label]
    return text[:start] + item.insert + text[cursor:]


NAMED = {
    *("apiVersion", "kind", "initiator", "appImage", "domainID", "node_id", "host", "guest", "module_name", "code"),
    *("type", "key", "optimizer", "field", "use_ttp", "has_label", "namespace", "tolerable"),
}
"""Fields that are one of a few things."""


def keys(magic: Magic, text: str) -> list[tuple[str, int, int]]:
    """Every key, and where it and its value begin; not those in JSON that stands in a JSON text."""
    found = [(str(path[-1]), place.key, place.value) for path, place in places(magic, text) if path]
    return [(key, begin, value) for key, begin, value in found if not key.isdecimal() or begin != value]


@pytest.mark.parametrize(("magic", "text"), TEXTS, ids=NAMES)
def test_every_key_is_offered_where_it_stands(magic: Magic, text: str) -> None:
    """A text that ends before one of its keys: that key may come next, and in the way in which it is written there."""
    tried = 0
    for key, begin, value in keys(magic, text):
        if begin == value:  # an item of a list
            continue
        written = re.match(r'\\?"?[\w.-]+\\?"? *: ?', text[begin:])
        assert written, text[begin:][:20]
        result = completed(magic, text[:begin], begin, key)
        assert result.rstrip() == (text[:begin] + written[0]).rstrip()
        tried += 1
    assert tried > 40


@pytest.mark.parametrize(("magic", "text"), TEXTS, ids=NAMES)
def test_a_key_is_written_to_its_end(magic: Magic, text: str) -> None:
    """Take all letters of a key but the first, and complete that: the text is as it was."""
    tried = 0
    for key, begin, value in keys(magic, text):
        if begin == value:
            continue
        first = text.index(key, begin) + 1
        broken = text[:first] + text[first + len(key) - 1 :]
        assert completed(magic, broken, first, key) == text
        tried += 1
    assert tried > 40


@pytest.mark.parametrize(("magic", "text"), TEXTS, ids=NAMES)
def test_values_are_offered_where_they_stand(magic: Magic, text: str) -> None:
    seen = set()
    for path, place in places(magic, text):
        value = text[place.value : place.end].strip('\\"')
        name = next((part for part in reversed(path) if isinstance(part, str)), "")
        if name in NAMED:
            if not re.fullmatch(r"[\w./-]+", value):
                continue
            before = text[: place.value]
            assert completed(magic, before, len(before), value) == text[: place.end], (path, value)
            seen.add(name)
    assert len(seen) > 10


def test_the_files_of_the_right_node_are_offered() -> None:
    for magic, text in TEXTS:
        for file, node in (("perfect_logit_a.csv", "alice"), ("perfect_logit_b.csv", "bob")):
            begin = text.index(file)
            _, items = at(magic, text[:begin] + text[begin + len(file) :], begin)
            assert [(item.label, item.detail) for item in items] == [(file, f"data of {node}")]


def test_quotes_that_are_there_are_not_doubled() -> None:
    text = TUTORIAL.replace('"optimizer":"sgd"', '"optimizer":""')
    cursor = text.index('"optimizer":"') + len('"optimizer":"')
    assert completed("kusciajob", text, cursor, "sgd") == TUTORIAL
    text = TUTORIAL.replace('"optimizer":', '"":')
    cursor = text.index('"":') + 1
    assert completed("kusciajob", text, cursor, "optimizer") == TUTORIAL
    text = TUTORIAL.replace("appImage: ss-lr", "app: ss-lr")
    cursor = text.index("app: ") + 3
    assert completed("kusciajob", text, cursor, "appImage") == TUTORIAL


def test_keys_that_are_there_are_not_offered_again() -> None:
    text = TUTORIAL.replace("    tolerable: false", "    ")
    labels = [item.label for item in at("kusciajob", text, len(text.rstrip()) + 5)[1]]
    assert "tolerable" in labels
    assert not {"alias", "appImage", "parties", "taskInputConfig"} & set(labels)
    cursor = TUTORIAL.index('"optimizer"')
    labels = [item.label for item in at("kusciajob", TUTORIAL[:cursor] + '"' + TUTORIAL[cursor:], cursor + 1)[1]]
    given = {*INNER["task_params"]["common"]}
    assert set(labels) == {one.name for one in PARAMETERS if not one.own} - given


def test_what_is_said_of_an_item() -> None:
    text = "spec:\n  "
    (mode,) = [item for item in at("kusciajob", text, len(text))[1] if item.label == "scheduleMode"]
    assert (mode.insert, mode.kind, mode.detail) == ("scheduleMode: ", "key", "string")
    assert "Strict stops at once" in mode.info
    text += "scheduleMode: "
    assert [item.label for item in at("kusciajob", text, len(text))[1]] == ["Strict", "BestEffort"]
    text = '{"config":{"task_params":{"common":{"ss_lr_1":{"batch'
    (size,) = at("bfia_submit", text, len(text))[1]
    assert (size.insert, size.detail) == ('"batch_size": ', "int, required")
    assert "allowed: 1 or more" in size.info


@pytest.mark.parametrize(
    ("text", "path", "kind", "typed"),
    [
        ("¦", (), "key", ""),
        ("api¦", (), "key", "api"),
        ("spec:\n¦", (), "key", ""),
        ("spec:\n  ¦", ("spec",), "key", ""),
        ("spec:\n  tasks:\n  - ¦", ("spec", "tasks"), "key", ""),
        ("spec:\n  tasks:\n    - al¦", ("spec", "tasks"), "key", "al"),
        ("spec:\n  tasks:\n  - alias: a\n    ¦", ("spec", "tasks"), "key", ""),
        ("spec:\n  tasks:\n  - alias: a\n  ¦", ("spec",), "key", ""),
        ("spec:\n  tasks:\n  - alias: a\n\n    # why\n    app¦\n", ("spec", "tasks"), "key", "app"),
        ("spec:\n  tasks:\n  - parties:\n    - domainID: ¦", ("spec", "tasks", "parties", "domainID"), "value", ""),
        ("spec:\n  tasks:\n  - parties:\n    - domainID: a\n      ro¦", ("spec", "tasks", "parties"), "key", "ro"),
        ("spec:\n  tasks:\n  - alias: a\n  - alias: b\n    ¦", ("spec", "tasks"), "key", ""),
        ("spec:\n  tasks:\n  - parties:\n    - role: a\n  - ¦", ("spec", "tasks"), "key", ""),
        ("spec:\n  tasks:\n  - dependencies:\n    - ¦", ("spec", "tasks", "dependencies"), "key", ""),
        ("metadata:\n  name: x\nspec:\n  ini¦\nkind: y", ("spec",), "key", "ini"),
        ("spec:\n  initiator: al¦", ("spec", "initiator"), "value", "al"),
    ],
)
def test_positions_in_yaml(text: str, path: tuple[str, ...], kind: str, typed: str) -> None:
    found = position(text.replace("¦", ""), text.index("¦"))
    assert found is not None
    assert (found.path, found.at, found.typed) == (path, kind, typed)


@pytest.mark.parametrize(
    "text",
    [
        "spec: # ¦",
        "spec:¦",
        "metadata:\n  name: 'x¦'",
        "spec:\n  tasks: [{alias: ¦",
        "name: two words¦",
        '{"job_id"¦',
        "{}¦",
    ],
)
def test_places_where_nothing_is_completed(text: str) -> None:
    assert position(text.replace("¦", ""), text.index("¦")) is None


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(TEXTS), st.integers(0, 3000), st.integers(0, 400), st.sampled_from(["", "'", '"', "{", "\n", ":"])
)
@example(TEXTS[0], 0, 3000, "")
def test_half_a_text_is_fine(which: tuple[Magic, str], begin: int, length: int, typed: str) -> None:
    """Whatever is missing, there is an answer, and items begin with what is typed."""
    magic, text = which
    begin = min(begin, len(text))
    broken = text[:begin] + typed + text[begin + length :]
    cursor = begin + len(typed)
    start, items = at(magic, broken, cursor)
    assert 0 <= start <= cursor
    word = broken[start:cursor].strip('\\"').lower()
    assert all(item.label.lower().startswith(word) for item in items)
    for found in checked(magic, broken):
        lines = f"%%{magic}\n{broken}".split("\n")
        assert 1 <= found.line <= len(lines)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1
        assert found.column < found.end_column <= len(lines[found.line - 1]) + 2
