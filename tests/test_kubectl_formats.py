"""The formats by themselves: ages, columns, YAML, JSON, paths, flags; against Kubernetes' tables and against Python."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from kuscia_nb.control.kubectl import KubectlError
from kuscia_nb.control.kubectl.ages import age, human
from kuscia_nb.control.kubectl.describe import label
from kuscia_nb.control.kubectl.encode import to_json, to_text
from kuscia_nb.control.kubectl.flags import Flag, parse, seconds
from kuscia_nb.control.kubectl.jsonpath import first, relaxed, text_of
from kuscia_nb.control.kubectl.jsonpath import parse as template
from kuscia_nb.control.kubectl.steps import JsonPathError
from kuscia_nb.control.kubectl.tabs import Tabs
from kuscia_nb.control.kubectl.yaml import to_yaml
from kuscia_nb.control.parse import Reader

# --- ages ------------------------------------------------------------------------------------------------------------

SECOND, MINUTE, HOUR, DAY, YEAR = 1, 60, 3600, 86400, 365 * 86400
EDGES = [
    (-2 * SECOND, "<invalid>"),
    (-2 * SECOND + 1e-3, "0s"),
    (0.999, "0s"),
    (2 * MINUTE - 1e-3, "119s"),
    (2 * MINUTE, "2m"),
    (2 * MINUTE + 1, "2m1s"),
    (10 * MINUTE - 1e-3, "9m59s"),
    (10 * MINUTE + 1, "10m"),
    (3 * HOUR - 1e-3, "179m"),
    (3 * HOUR, "3h"),
    (3 * HOUR + MINUTE, "3h1m"),
    (8 * HOUR - 1e-3, "7h59m"),
    (8 * HOUR + 59 * MINUTE, "8h"),
    (2 * DAY - 1e-3, "47h"),
    (2 * DAY, "2d"),
    (2 * DAY + HOUR, "2d1h"),
    (8 * DAY - 1e-3, "7d23h"),
    (8 * DAY + 23 * HOUR, "8d"),
    (2 * YEAR - 1e-3, "729d"),
    (2 * YEAR, "2y"),
    (2 * YEAR + DAY, "2y1d"),
    (8 * YEAR - 1e-3, "7y364d"),
    (9 * YEAR, "9y"),
]


@pytest.mark.parametrize(("duration", "text"), EDGES)
def test_ages_at_the_edges(duration: float, text: str) -> None:
    assert human(timedelta(seconds=duration)) == text


UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "y": YEAR}


@given(st.integers(0, 20 * YEAR))
def test_an_age_is_right_to_its_last_figure(duration: int) -> None:
    text = human(timedelta(seconds=duration))
    total, number, smallest = 0, "", YEAR
    for character in text:
        if character.isdigit():
            number += character
        else:
            total, number, smallest = total + int(number) * UNITS[character], "", UNITS[character]
    assert total <= duration < total + (smallest if len(text) > 3 or smallest == SECOND else YEAR)
    assert len(text) <= 6


def test_the_age_of_a_time() -> None:
    now = datetime(2023, 7, 1, 2, 21, 17, tzinfo=UTC)
    assert age(None, now) == ""
    assert age(now - timedelta(seconds=3), now) == "3s"
    assert age(now - timedelta(seconds=2.4), now) == "3s"  # the object has it to the second


# --- columns ---------------------------------------------------------------------------------------------------------


def test_columns_are_as_wide_as_neighbouring_lines_need() -> None:
    assert Tabs().text("A\tB\nlonger\tx\n") == "A        B\nlonger   x\n"
    assert Tabs().text("A\t\n\t\n") == "A     \n      \n"
    blocks = "ab\tc\nno column\nlonger\tx\n"
    assert Tabs(minimum=0, padding=2, remember=False).text(blocks) == "ab  c\nno column\nlonger  x\n"
    remembering = Tabs()
    assert remembering.text("NAME\tX\nlonger\ty\n") == "NAME     X\nlonger   y\n"
    assert remembering.text("a\tz\n") == "a        z\n"


@given(st.lists(st.lists(st.text("abc", max_size=12), min_size=3, max_size=3), min_size=1))
def test_columns_stand_below_each_other(rows: list[list[str]]) -> None:
    lines = Tabs().text("".join("\t".join(row) + "\n" for row in rows)).splitlines()
    widths = [max(6, max(len(row[column]) for row in rows) + 3) for column in range(2)]
    assert lines == [row[0].ljust(widths[0]) + row[1].ljust(widths[1]) + row[2] for row in rows]


# --- YAML, JSON ------------------------------------------------------------------------------------------------------

PLAIN = ["alice", "job-ss-lr", "ttp-server:9449", "a:b", "a#b", "it's", "-a", "1.2.3", "2023-13-45", "08x", "a, b", "="]
SINGLE = [
    "a: b",
    "a #b",
    "- a",
    "#",
    "a:",
    " a",
    "a ",
    '{"a":1}',
    "[]",
    "*a",
    "&a",
    "@",
    "`",
    "%",
    "---",
    "...",
    "?",
    "'",
]
DOUBLE = [
    "",
    "true",
    "No",
    "y",
    "null",
    "~",
    "21",
    "0.0001",
    "1e3",
    "0x1F",
    "017",
    "1_000",
    ".5",
    "+1",
    "12:30",
    ".inf",
]
TIMES = ["2023-07-01", "2023-07-01T02:21:04Z", "2023-7-1 1:02:03"]


def test_which_strings_are_quoted() -> None:
    for text in PLAIN:
        assert to_yaml({"a": text}) == f"a: {text}\n"
    for text in SINGLE:
        assert to_yaml({"a": text}) == "a: '{}'\n".format(text.replace("'", "''"))
    for text in DOUBLE + TIMES:
        assert to_yaml({"a": text}) == f'a: "{text}"\n'
    assert to_yaml({"a": "\t\x07é😀\\"}) == 'a: "\\t\\aé\\U0001F600\\\\"\n'
    assert to_yaml({"a": [True, False, 1, None, {}, []]}) == "a:\n- true\n- false\n- 1\n- null\n- {}\n- []\n"


def test_strings_of_several_lines() -> None:
    assert to_yaml({"a": "x\ny"}) == "a: |-\n  x\n  y\n"
    assert to_yaml({"a": {"b": "x\n\ny\n"}}) == "a:\n  b: |\n    x\n\n    y\n"
    assert to_yaml({"a": ["x\n\n"]}) == "a:\n- |+\n  x\n\n"
    assert to_yaml({"a": " x\ny"}) == "a: |2-\n   x\n  y\n"
    assert to_yaml({"a": "x \ny"}) == 'a: "x \\ny"\n'


def test_long_strings_are_folded_at_blanks() -> None:
    words = ("word " * 20).strip()
    assert to_yaml({"a": words}) == f"a: {'word ' * 15}word\n  word word word word\n"
    assert to_yaml({"a": {"b": [f"{words}: x"]}}) == f"a:\n  b:\n  - '{'word ' * 15}word\n    word word word word: x'\n"
    assert to_yaml({"a": "x" * 200}) == f"a: {'x' * 200}\n"


def test_keys_are_ordered_as_people_count() -> None:
    keys = ["b", "a", "a2", "a10", "a-1", "A", "job-3a", "job-26", "1", "10", "9"]
    ordered = ["1", "9", "10", "A", "a", "a-1", "a2", "a10", "b", "job-3a", "job-26"]
    assert [line.split(":")[0].strip('"') for line in to_yaml(dict.fromkeys(keys, "x")).splitlines()] == ordered


TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(PLAIN + SINGLE + DOUBLE + TIMES)
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60) | st.sampled_from(DOUBLE)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def read_back(text: str) -> Any:
    """What the reader of manifests makes of it."""
    yaml = YAML(typ="safe", pure=True)
    return Reader(yaml, yaml.compose(text)).data


@given(st.dictionaries(KEYS, DATA, max_size=4))
def test_yaml_is_read_back(data: dict[str, Any]) -> None:
    assert read_back(to_yaml(data)) == data


@given(st.text(" ab:'\"\\\n", max_size=300))
def test_folded_yaml_is_read_back(text: str) -> None:
    assert read_back(to_yaml({"a": [text]})) == {"a": [text]}


@given(DATA)
def test_json_is_read_back(data: Any) -> None:
    assert json.loads(to_json(data)) == data
    one_line = to_json(data, indent=None)
    assert json.loads(one_line) == data
    assert not set("<>&\n\u2028") & set(one_line)


def test_values_as_go_prints_them() -> None:
    assert to_text({"b": [1, True], "a": {"c": None}}) == "map[a:map[c:<nil>] b:[1 true]]"
    assert to_text(1.0) == "1"
    assert to_text(0.5) == "0.5"


def test_the_words_of_a_field() -> None:
    names = {"taskInputConfig": "Task Input Config", "domainID": "Domain ID", "apiVersion": "API Version", "uid": "UID"}
    for name, words in names.items():
        assert label(name) == words
    assert label("job-ss-lr-26e3489ac66e") == "job-ss-lr-26e3489ac66e"
    assert label("alice/pod") == "alice/pod"


# --- paths -----------------------------------------------------------------------------------------------------------

JOB = {
    "kind": "KusciaJob",
    "metadata": {"name": "job-ss-lr", "labels": {"a.b/c-d": "x", "n": "1"}, "generation": 3},
    "spec": {
        "tasks": [
            {"alias": "a", "tolerable": False, "parties": [{"id": "alice", "role": "host"}, {"id": "bob"}]},
            {"alias": "b", "tolerable": True, "parties": [{"id": "carol", "role": "guest"}]},
            {"alias": "c", "priority": 5, "parties": []},
        ]
    },
}
PATHS = {
    "{.kind}": "KusciaJob",
    "kind {.kind}!": "kind KusciaJob!",
    "{ .metadata.name }": "job-ss-lr",
    "{$.metadata.name}": "job-ss-lr",
    "{@.metadata.name}": "job-ss-lr",
    "{.metadata['name']}": "job-ss-lr",
    "{.metadata['name','generation']}": "job-ss-lr 3",
    r"{.metadata.labels.a\.b/c-d}": "x",
    r"{.metadata.labels['a\.b/c-d']}": "x",
    "{.metadata.labels}": '{"a.b/c-d":"x","n":"1"}',
    "{.metadata.nothing}": "",
    "{.nothing.at.all}-{.kind}": "-KusciaJob",
    "{.spec.tasks[0].alias}{.spec.tasks[-1].alias}": "ac",
    "{.spec.tasks[*].alias}": "a b c",
    "{.spec.tasks[1:].alias}": "b c",
    "{.spec.tasks[:-1].alias}": "a b",
    "{.spec.tasks[::2].alias}": "a c",
    "{.spec.tasks[0:2:2].alias}": "a",
    "{.spec.tasks[2,0].alias}": "c a",
    "{.spec.tasks[*].parties[*].id}": "alice bob carol",
    "{.spec.tasks[0].parties}": '[{"id":"alice","role":"host"},{"id":"bob"}]',
    "{.spec.tasks[*].tolerable}": "false true",
    '{.spec.tasks[?(@.alias=="b")].parties[0].id}': "carol",
    "{.spec.tasks[?(@.alias!='b')].alias}": "a c",
    "{.spec.tasks[?(@.tolerable==true)].alias}": "b",
    "{.spec.tasks[?(@.priority>=5)].alias}": "c",
    "{.spec.tasks[?(@.priority<5)].alias}": "",
    "{.spec.tasks[?(@.priority)].alias}": "c",
    '{.spec.tasks[*].parties[?(@.role=="guest")].id}': "carol",
    "{..role}": "host guest",
    "{.metadata.labels.*}": "x 1",
    '{range .spec.tasks[*]}{.alias}{"\\n"}{end}': "a\nb\nc\n",
    "{range .spec.tasks[*]}{.alias}:{range .parties[*]}{.id},{end};{end}{.kind}": "a:alice,bob,;b:carol,;c:;KusciaJob",
    "{range .nothing[*]}{.alias}{end}{.kind}": "KusciaJob",
    "{range .spec.tasks[*]}{.alias}": "abc",
    "{\"a\\t'b'\"}{'\"'}": "a\t'b'\"",
    "text without paths": "text without paths",
    "}": "}",
}


@pytest.mark.parametrize("path", PATHS)
def test_paths(path: str) -> None:
    assert text_of(template(path), JOB) == PATHS[path]


FAULTS = {
    "{": "unclosed action",
    "{.a": "unclosed action",
    "{.a\n}": "unclosed action",
    "{.a[0}": "unterminated array",
    "{.a[x]}": "invalid array index x",
    "{.a[?(@.b==1]}": "unterminated filter",
    "{.a[?(@.b==1)}": "unclosed array expect ]",
    '{"a}': "unterminated quoted string",
    "{~}": "unrecognized character in action: U+007E '~'",
    "{1.2.3}": "cannot parse number 1.2.3",
    "{.spec.tasks[0:1:0]}": "step must be > 0",
    "{kind}": "unrecognized identifier kind",
    "{end}": "not in range, nothing to end",
    "{.spec.tasks[9]}": "array index out of bounds: index 9, length 3",
    "{.spec.tasks[-9]}": "array index out of bounds: index -6, length 3",
    "{.spec.tasks[0:9]}": "array index out of bounds: index 8, length 3",
    "{.spec.tasks[2:1]}": "starting index 2 is greater than ending index 1",
    "{.metadata[0]}": "map[string]interface {} is not array or slice",
    "{.kind[0]}": "string is not array or slice",
    "{.metadata[?(@.a)]}": "is not array or slice and cannot be filtered",
    "{.spec.tasks[?(@.alias==1)]}": "incompatible types for comparison",
    '{.spec.tasks[?(@.parties[*].id=="x")]}': "can only compare one element at a time",
    '{.spec.tasks[?(@.alias<>"x")]}': "unrecognized filter operator <>",
}


@pytest.mark.parametrize("path", FAULTS)
def test_faulty_paths(path: str) -> None:
    with pytest.raises(JsonPathError) as caught:
        text_of(template(path), JOB)
    assert FAULTS[path] in str(caught.value)


def test_a_path_may_do_without_braces() -> None:
    for path in ("metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"):
        assert first(relaxed(path), JOB) == ["job-ss-lr"]
    with pytest.raises(JsonPathError, match="unexpected path string"):
        relaxed("{.a}{.b}")


NAMES = st.text("ab._-/'", min_size=1, max_size=6)


@given(st.recursive(st.integers(0, 9), lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3)))
def test_every_value_is_found_under_its_names(data: Any) -> None:
    found: list[tuple[str, Any]] = [("", data)]
    while found:
        path, value = found.pop()
        if path:
            assert first(template(f"{{{path}}}"), data) == [value]
        if isinstance(value, dict):
            found += [(f"{path}.{name.replace('.', chr(92) + '.')}", inner) for name, inner in value.items()]


@given(st.lists(st.integers(0, 9), min_size=1), st.integers(-5, 5), st.integers(-5, 5), st.integers(1, 3))
def test_slices_are_pythons_within_the_list(items: list[int], start: int, stop: int, step: int) -> None:
    begin, end = (index + len(items) if index < 0 else index for index in (start, stop))
    if 0 <= begin < end <= len(items):
        assert first(template(f"{{[{start}:{stop}:{step}]}}"), items) == items[begin:end:step]
    elif begin != end:
        with pytest.raises(JsonPathError):
            first(template(f"{{[{start}:{stop}:{step}]}}"), items)


# --- flags -----------------------------------------------------------------------------------------------------------

FLAGS = (
    Flag("output", "", "o"),
    Flag("all", "", "A", "bool"),
    Flag("watch", "", "w", "bool"),
    Flag("file", "", "f", "list"),
    Flag("tail", "", kind="int", default=-1),
    Flag("timeout", "", kind="duration", default=30.0),
)


@pytest.mark.parametrize(
    ("line", "args", "values"),
    [
        ("kj x", ["kj", "x"], {}),
        ("-o yaml kj", ["kj"], {"output": "yaml"}),
        ("kj -oyaml", ["kj"], {"output": "yaml"}),
        ("kj -o=yaml", ["kj"], {"output": "yaml"}),
        ("kj --output yaml x", ["kj", "x"], {"output": "yaml"}),
        ("kj --output=a=b", ["kj"], {"output": "a=b"}),
        ("-o yaml -o json", [], {"output": "json"}),
        ("-Aw kj", ["kj"], {"all": True, "watch": True}),
        ("-Awo yaml", [], {"all": True, "watch": True, "output": "yaml"}),
        ("--all=false kj", ["kj"], {}),
        ("-f a -f b,c -", ["-"], {"file": ("a", "b", "c")}),
        ("-f -", [], {"file": ("-",)}),
        ("kj -- -x --y", ["kj", "-x", "--y"], {}),
        ("--tail=3", [], {"tail": 3}),
        ("--tail -1", [], {}),
        ("--timeout 1m30s", [], {"timeout": 90.0}),
    ],
)
def test_flags_stand_anywhere(line: str, args: list[str], values: dict[str, Any]) -> None:
    initial = {"output": "", "all": False, "watch": False, "file": (), "tail": -1, "timeout": 30.0}
    assert parse(line.split(), FLAGS, "get") == (args, initial | values)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("--tail x", 'invalid argument "x" for "--tail" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        ("--timeout 60", 'invalid argument "60" for "--timeout" flag: time: missing unit in duration "60"'),
        ("--timeout x", 'invalid argument "x" for "--timeout" flag: time: invalid duration "x"'),
        ("-x", "unknown shorthand flag: 'x' in -x"),
        ("--fil", "unknown flag: --fil"),
    ],
)
def test_faulty_flags(line: str, text: str) -> None:
    with pytest.raises(KubectlError) as caught:
        parse(line.split(), FLAGS, "get")
    assert caught.value.what == f"error: {text}\nSee 'kubectl get --help' for usage."
    assert caught.value.hint


def test_durations() -> None:
    assert [seconds(text) for text in ("0", "0s", "90s", "1.5h", "100ms", "-1s", "1h2m3s")] == [
        0.0,
        0.0,
        90.0,
        5400.0,
        0.1,
        -1.0,
        3723.0,
    ]
