"""What people paste and type: texts that lost something on the way, characters that only look right, wrong braces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from test_notebook import Notebook

import kuscia_nb as kn
from kuscia_nb.bfia.reader import read_request
from kuscia_nb.cells.above import lifted
from kuscia_nb.control.kubectl.files import read as read_objects
from kuscia_nb.control.manifest import read_manifest
from kuscia_nb.data.table import read_table
from kuscia_nb.errors import DataError, KusciaError, ManifestError, ParameterError
from kuscia_nb.lookalike import named
from kuscia_nb.operators.ss_lr.parameters import Parameters
from kuscia_nb.placeholder import unfilled, written

DATA = Path(__file__).parent / "data"
TUTORIAL = (DATA / "job-ss-lr.yaml").read_text()
REQUEST = (DATA / "job-ss-lr.json").read_text()
CONFIG = re.search(r"taskInputConfig: '(.*)'", TUTORIAL)[1]  # type: ignore[index]


def refused(text: str, read: object = read_manifest) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read(text)  # type: ignore[operator]
    return caught.value


def edited(old: str, new: str, text: str = TUTORIAL) -> str:
    assert old in text
    return text.replace(old, new, 1)


def place(text: str, character: str) -> str:
    """Where the first of these stands, as an editor counts."""
    at = text.index(character)
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


# --- texts that lost something, or are something else ----------------------------------------------------------------


@pytest.mark.parametrize("read", [read_manifest, read_objects])
@pytest.mark.parametrize("joint", ["", " ", "  "])
def test_line_breaks_that_were_lost(read: object, joint: str) -> None:
    error = refused(joint.join(line.strip() for line in TUTORIAL.splitlines()), read)
    assert error.what == "the line breaks were lost in copying"
    assert "kn.tutorial_manifest()" in error.hint
    assert error.where.startswith("line 1, column 1\n")
    assert max(map(len, error.where.splitlines())) < 120


def test_line_breaks_that_kubectls_answer_lost() -> None:
    with kn.connect() as cluster:
        cluster.apply(TUTORIAL).wait()
        for objects in ("kj job-ss-lr", "kj"):
            text = cluster.kubectl(f"get {objects} -n cross-domain -o yaml").text
            joined = "".join(line.strip() for line in text.splitlines())
            assert refused(joined, read_objects).what == "the line breaks were lost in copying"
        text = cluster.kubectl("get kj job-ss-lr -n cross-domain -o json").text
        assert read_objects("".join(line.strip() for line in text.splitlines()))  # JSON needs none


def test_indentation_that_was_lost() -> None:
    error = refused("\n".join(line.strip() for line in TUTORIAL.splitlines()))
    assert error.what == "the indentation was lost in copying"
    assert error.where.startswith(place(TUTORIAL, "metadata"))
    assert "kn.tutorial_manifest()" in error.hint


@pytest.mark.parametrize("fence", ["```", "```yaml", "~~~", "  ```yml"])
def test_a_fence(fence: str) -> None:
    for text in (f"{fence}\n{TUTORIAL}```\n", f"{TUTORIAL}{fence.strip()}\n"):
        error = refused(text)
        assert error.what == "this is the fence around a block of code"
        assert error.where.startswith(place(text, fence.strip()))
        assert error.hint == "only the lines between the fences"
    assert "fence" in refused(f"{fence}\n{REQUEST}\n```", read_request).what


def test_a_command_line() -> None:
    curl = f"curl -X POST http://127.0.0.1:8084/v1/interconn/schedule/job/create -d '{REQUEST}'"
    error = refused(curl, read_request)
    assert error.what == "this is a command line for a shell, not a request"
    assert error.hint == "only the text in the quotes behind -d"
    for line in ("kubectl apply -f job-ss-lr.yaml", "$ cat job-ss-lr.yaml", "docker exec -it alice bash"):
        assert refused(f"{line}\n{TUTORIAL}").what == "this is a command line for a shell, not a manifest"


@pytest.mark.parametrize("read", [read_manifest, read_request, read_objects])
def test_a_task_input_config_alone(read: object) -> None:
    for text in (CONFIG, json.dumps(json.loads(CONFIG), indent=2)):
        error = refused(text, read)
        assert error.what == "this is a taskInputConfig alone, not a job"
        assert "kn.tutorial_manifest()" in error.hint
    assert "alone" in refused(f"taskInputConfig: '{CONFIG}'").what


def test_a_request_in_yaml() -> None:
    text = "job_id: job-ss-lr\ndag:\n  components: []\nconfig: {}\n"
    assert refused(text, read_request).what == "this is a request in YAML, and BFIA takes JSON"
    assert refused(text).what == "this is a BFIA create-job request, not a manifest"


def test_what_is_recognised_leaves_a_sound_job_alone() -> None:
    for comment in ("# ```", "# apiVersion: a kind: b metadata: c", "# kubectl apply -f x"):
        assert read_manifest(f"{comment}\n{TUTORIAL}")
    inside = edited("metadata:\n", "metadata:\n  annotations:\n    note: |\n      ```\n      kubectl get\n      ```\n")
    assert read_manifest(inside).metadata.annotations["note"].startswith("```")


# --- characters that only look right ---------------------------------------------------------------------------------

YAML_STRAYS = [
    ("  initiator: alice", "\u00a0\u00a0initiator: alice", "U+00A0 (no-break space) is not a blank", "a blank"),
    ("  initiator: alice", "\u3000initiator: alice", "U+3000 (ideographic space) is not a blank", "a blank"),
    ("initiator: alice", "initiator:\u00a0alice", "U+00A0 (no-break space) is not a blank", "a blank"),
    ("initiator: alice", "initiator\uff1a alice", "U+FF1A (fullwidth colon) is not :", ": typed"),
    ("initiator: alice", "initiator\uff1aalice", "U+FF1A (fullwidth colon) is not :", ": typed"),
    ("kind: ", "kind\u200b: ", "U+200B (zero width space) cannot be seen", "delete it"),
    ("kind: KusciaJob", "kind: Kuscia\u200bJob", "U+200B (zero width space) cannot be seen", "delete it"),
    ("name: job-ss-lr", "name: \u201cjob-ss-lr\u201d", 'U+201C (left double quotation mark) is not "', '" typed'),
    ("name: job-ss-lr", "name: job\u2013ss-lr", "U+2013 (en dash) is not -", "- typed"),
    ("- domainID: alice", "\uff0d domainID: alice", "U+FF0D (fullwidth hyphen-minus) is not -", "- typed"),
    ("kind: ", "\ufeffkind: ", "U+FEFF (zero width no-break space) cannot be seen", "delete it"),
    ("spec:", "sp\u0435c:", "U+0435 (cyrillic small letter ie) is not e", "e typed"),
    (
        "- domainID: alice\n      role: host",
        "- {domainID: alice\uff0c role: host}",
        "U+FF0C (fullwidth comma)",
        ", typed",
    ),
]


@pytest.mark.parametrize(("old", "new", "what", "hint"), YAML_STRAYS)
def test_a_stray_character_in_a_manifest(old: str, new: str, what: str, hint: str) -> None:
    text = edited(old, new)
    character = next(c for c in text if not c.isascii())
    for read in (read_manifest, read_objects):
        error = refused(text, read)
        said = str(error)
        assert what in said
        assert place(text, character) in said
        assert hint in said


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"job_id":', '"job_id"\uff1a', "U+FF1A (fullwidth colon) is not :"),
        ('"job_id":', "\u201cjob_id\u201d:", "U+201C (left double quotation mark)"),
        ('"job_id": "job-ss-lr",', '"job_id": "job-ss-lr"\uff0c', "U+FF0C (fullwidth comma) is not ,"),
        ('"job_id": "job-ss-lr",', '"job_id": "job-ss-lr\u201d,', "U+201D (right double quotation mark)"),
        ('"job_id": "job-ss-lr",', '"job_id": \u201cjob-ss-lr",', "U+201C (left double quotation mark)"),
        ('"job_id":', '\u00a0"job_id":', "U+00A0 (no-break space) is not a blank"),
        ('"job_id":', '\u200b"job_id":', "U+200B (zero width space) cannot be seen"),
        ('"job_id": "job-ss-lr"', '"job_id": "job\u200b-ss-lr"', "U+200B (zero width space) cannot be seen"),
        ('"node_id": "alice"', '"node_id": "alice\u00a0"', "U+00A0 (no-break space) is not a blank"),
    ],
)
def test_a_stray_character_in_a_request(old: str, new: str, what: str) -> None:
    text = edited(old, new, json.dumps(json.loads(REQUEST), indent=2))
    character = re.search(r"U\+(\w+)", what)[1]  # type: ignore[index]
    error = refused(text, read_request)
    assert what in str(error)
    assert place(text, chr(int(character, 16))) in str(error)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"skip_rows":', '"skip_rows"\uff1a'),
        ('"skip_rows":', "\u201cskip_rows\u201d:"),
        ('"skip_rows":', '\u00a0"skip_rows":'),
    ],
)
def test_a_stray_character_inside_a_task_input_config(old: str, new: str) -> None:
    text = edited(old, new)
    character = next(c for c in text if not c.isascii())
    error = refused(text)
    assert f"U+{ord(character):04X}" in error.what
    assert error.what.startswith("spec.tasks[0].taskInputConfig: ")
    assert error.where.startswith(place(text, character))


def test_prose_is_no_stray_character() -> None:
    for old, new in (
        ("metadata:\n", "metadata:\n  annotations:\n    note: \u8bad\u7ec3\uff0c\u6d4b\u8bd5\uff1a\u4e00\n"),
        ("metadata:\n", 'metadata:\n  annotations:\n    note: "\u201c\u8bad\u7ec3\u201d\uff1a a\u00a0b\uff0cc"\n'),
        ("metadata:\n", "metadata: # \uff1a\uff0c\u201c\u201d\u00a0\n"),
        ("appImage: ss-lr\n", "appImage: ss-lr # \u3000\n"),
    ):
        assert read_manifest(edited(old, new))
        # and is not blamed for something else
        broken = edited("initiator: alice", "initiator: carol", edited(old, new))
        assert "U+" not in str(refused(broken))


def test_a_stray_character_in_a_parameter() -> None:
    for value, what in (
        ("0.1\u00a0", "U+00A0"),
        ("\uff10.1", "U+FF10"),
        ("0\u30021", "U+3002"),
        ("\u22120.1", "U+2212"),
    ):
        with pytest.raises(ParameterError, match=re.escape(what)):
            Parameters.from_environment({"runtime.component.parameter.learning_rate": value})


def test_a_stray_character_in_a_name_that_only_the_node_can_judge() -> None:
    for old, new in (("appImage: ss-lr", "appImage: \uff53s-lr"), ("initiator: alice", 'initiator: "alice\u200b"')):
        text = edited(old, new)
        character = next(c for c in text if not c.isascii())
        with pytest.raises(ManifestError) as caught:
            kn.connect().apply(text)
        assert f"U+{ord(character):04X}" in caught.value.what
        assert caught.value.where.startswith(place(text, character))


def test_names_with_letters_of_another_script_are_not_explained() -> None:
    assert named("\u4efb\u52a1\uff0c\u4e00") is None
    assert named("\u043f\u0440\u0438\u0432\u0435\u0442") is None  # Russian
    assert str(named("a\uff0cb")) == "U+FF0C (fullwidth comma) is not ,"


@pytest.mark.parametrize(
    ("cell", "what", "hint"),
    [
        ("\uff11.5", "U+FF11 (fullwidth digit one) is not 1", "1 typed in its place"),
        ("\u22121.5", "U+2212 (minus sign) is not -", "- typed in its place"),
        ("1\u30025", "U+3002 (ideographic full stop) is not .", ". typed in its place"),
        ("1.\u200b5", "U+200B (zero width space) cannot be seen", "delete it"),
        ("1.5\u00a0", "U+00A0 (no-break space) is not a blank", "a blank typed in its place"),
        ("\u30001.5", "U+3000 (ideographic space) is not a blank", "a blank typed in its place"),
    ],
)
def test_a_stray_character_in_a_file(tmp_path: Path, cell: str, what: str, hint: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"x1,x2\n1,2\n3,{cell}\n5,6\n", "utf-8")
    with pytest.raises(DataError) as caught:
        read_table(path, 1, "alice: data/a.csv")
    assert what in caught.value.what
    assert caught.value.where == "alice: data/a.csv, line 3, column 2 (x2)"
    assert caught.value.hint == hint


# --- braces ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (np.bool_(True), "true"),
        (np.int64(7), "7"),
        (np.float32(0.1), "0.1"),
        (np.float64(1e-05), "1e-05"),
        (0.1, "0.1"),
        (21, "21"),
        ("job-a", "job-a"),
        ({"a": True, "b": None}, '{"a": true, "b": null}'),
        ([np.int32(1), "x"], '[1, "x"]'),
        ((1, 2), "[1, 2]"),
        (np.array([1, 2]), "[1, 2]"),
        (np.array(3), "3"),
        (Path("data/x.csv"), str(Path("data/x.csv"))),
        ("\u8bad\u7ec3", "\u8bad\u7ec3"),
        (["\u8bad\u7ec3"], '["\u8bad\u7ec3"]'),
    ],
)
def test_a_value_is_written_as_json_has_it(value: object, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize("value", [float("nan"), np.float32("inf"), [float("nan")], {(1, 2): 3}])
def test_a_value_that_json_does_not_have(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        written(value)


def test_what_only_looks_like_a_variable() -> None:
    for text, name in (("{lr}", "lr"), ("$lr", "lr"), ("${lr}", "lr"), ('"{lr}"', "lr"), ("{ lr }", "lr")):
        assert unfilled(text).startswith(f"{{{{{name}}}}}: ")
    for text in ("lr", "{}", '{"a": 1}', "{1}", "", "$", "$1"):
        assert unfilled(text) == ""


@pytest.mark.parametrize("wrong", ["{lr}", "$lr", "${lr}"])
def test_other_braces_in_a_job(wrong: str) -> None:
    in_json = edited('"learning_rate":0.0001', f'"learning_rate":{wrong}')
    assert "{{lr}}" in refused(in_json).hint
    assert "{{lr}}" in refused(edited("name: job-ss-lr", f"name: {wrong}")).hint
    request = edited(
        '"learning_rate":0.0001', f'"learning_rate":{wrong}', json.dumps(json.loads(REQUEST), separators=(",", ":"))
    )
    assert "{{lr}}" in refused(request, read_request).hint
    with pytest.raises(ParameterError, match=re.escape("{{lr}}")):
        Parameters.from_environment({"runtime.component.parameter.learning_rate": wrong})


# --- long lines ------------------------------------------------------------------------------------------------------


def test_an_excerpt_of_a_long_line_is_short() -> None:
    long = "x" * 1000
    for text, read in (
        (edited("name: job-ss-lr", f'name: "{long}'), read_manifest),
        (edited("name: job-ss-lr", f"name: {long}: y"), read_manifest),
        (edited("name: job-ss-lr", f"name: {long}_"), read_manifest),
        (f'"{long}"', read_manifest),
        (f'{{"a": "{long}", "b": }}', read_request),
        (f'{{"job_id": "{long}_"}}', read_request),
        (edited('"algo":"ss_lr"', f'"algo":"ss_lr","{long}":[1]'), read_manifest),
    ):
        error = refused(text, read)
        assert all(len(line) <= 450 for line in str(error).splitlines()), error
        assert all(len(line) <= 120 for line in error.where.splitlines() if "  " not in line)
    with pytest.raises(KusciaError) as caught:
        kn.connect().kubectl(f"patch kj a -n cross-domain --type merge -p '{{\"{long}'")
    assert max(map(len, str(caught.value).splitlines())) <= 450


# --- hints where they stand ------------------------------------------------------------------------------------------


def test_a_number_where_a_text_belongs() -> None:
    assert refused(edited("initiator: alice", "initiator: 9999")).hint == "initiator: '9999'"
    inside = edited('"name":"ss_lr_1"', '"name":9999')
    assert refused(inside).hint == '"name": "9999"'


# --- in a cell -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    folder = tmp_path_factory.mktemp("cwd")
    (folder / "job-ss-lr.yaml").write_text(TUTORIAL)
    (folder / "job-ss-lr.json").write_text(REQUEST)
    (folder / "job.json").write_text(json.dumps(YAML(typ="safe").load(TUTORIAL)))
    kernel = Notebook(folder)
    assert kernel.run("%load_ext kuscia_nb") == []
    yield kernel
    kernel.close()


@pytest.mark.parametrize("line", ["%kusciajob job-ss-lr.yaml", "%kusciajob --view plain job.json"])
def test_a_manifest_from_a_file(notebook: Notebook, line: str) -> None:
    notebook.run(f"{line} --view none -o job")
    assert notebook.value("job.phase") == "Succeeded"


@pytest.mark.parametrize(
    ("code", "what", "hint"),
    [
        ("%kusciajob job-ss-lx.yaml", "there is no file job-ss-lx.yaml", '"job-ss-lr.yaml"'),
        ("%kusciajob", "there is no manifest", "%kusciajob FILE, or %%kusciajob (two %)"),
        (f"%%kusciajob job-ss-lr.yaml\n{TUTORIAL}", "one manifest in a file and one in the cell", "%kusciajob FILE"),
        ("%kusciajob .", "cannot read .: ", "job-ss-lr.yaml"),
        ("%kusciajob job-ss-lr.json", "this is a BFIA create-job request, not a manifest", "%bfia_submit"),
        ("%%kusciajob\na: {{1 + 1}}", "{{1 + 1}}: only the name of a variable is filled in", "value = 1 + 1"),
    ],
)
def test_what_is_no_manifest(notebook: Notebook, code: str, what: str, hint: str) -> None:
    text = notebook.block(code)
    assert what in text
    assert hint in text


@pytest.mark.parametrize("above", ["# the tutorial's job\n", "\n# one\n\n  # two\n"])
def test_comments_above_a_cell_magic(notebook: Notebook, above: str) -> None:
    notebook.run(f"{above}%%kusciajob --view none -o job\n{TUTORIAL}")
    assert notebook.value("job.phase") == "Succeeded"
    notebook.run(f"{above}%%bfia_submit --view none -o job\n{REQUEST}")
    assert notebook.value("job.phase") == "Succeeded"
    cell = f"{above}%%kusciajob\n" + edited("initiator: alice", "initiator: carol")
    assert f"\n  {place(cell, 'carol')}\n" in notebook.block(cell)  # lines count as the cell's do


def test_other_cells_keep_their_first_line() -> None:
    for cell in ("# a\n%%time\nx", "# a\nx = 1\n%%kusciajob\n", "", "# only\n", "%%kusciajobs\n"):
        lines = [str(line) for line in cell.splitlines(keepends=True)]
        assert lifted(lines) == lines


def test_unloading_leaves_no_transformer(notebook: Notebook) -> None:
    count = "len(get_ipython().input_transformers_cleanup)"
    notebook.run("%reload_ext kuscia_nb")
    loaded = notebook.value(count)
    notebook.run("%unload_ext kuscia_nb")
    assert notebook.value(count) == loaded - 1
    notebook.run("%load_ext kuscia_nb")
    assert notebook.value(count) == loaded


def test_values_of_variables_in_a_job(notebook: Notebook) -> None:
    notebook.run(
        "import numpy as np\nflag, none, steps, lr = True, None, np.int64(1), np.float32(0.001)\nname = 'filled'"
    )
    cell = edited("name: job-ss-lr", "name: {{name}}").replace('"num_epoch":1', '"num_epoch":{{steps}}')
    cell = cell.replace('"learning_rate":0.0001', '"learning_rate":{{lr}}').replace(
        '"use_ttp":true', '"use_ttp":{{flag}}'
    )
    notebook.run(f"%%kusciajob --view none -o job\n{cell}    dependencies: {{{{none}}}}\n")
    assert notebook.value("job.phase") == "Succeeded"
    given = notebook.value("{k[28:]: v for k, v in job.env('alice').items() if 'parameter' in k}")
    assert (given["use_ttp"], given["num_epoch"], given["learning_rate"]) == ("true", "1", "0.001")


def test_a_value_that_no_json_has_is_told_where_it_stands(notebook: Notebook) -> None:
    notebook.run("lr = float('nan')")
    text = notebook.block("%%kusciajob\nspec:\n  rate: {{lr}}")
    assert "{{lr}}: JSON has no number nan" in text
    assert "\n  line 3, column 9\n" in text


def test_data_by_the_tutorials_path(notebook: Notebook) -> None:
    for path in (
        "/home/kuscia/var/storage/data/perfect_logit_a.csv",
        "data/perfect_logit_a.csv",
        "perfect_logit_a.csv",
    ):
        notebook.run(f"frame = %kuscia data alice {path}")
        assert notebook.value("list(frame.columns[:2])") == ["x1", "x2"]


# --- tables of other libraries ---------------------------------------------------------------------------------------


class Polars:
    """As much of a polars.DataFrame as there is to be seen."""

    def to_pandas(self) -> None: ...

    def write_csv(self) -> None: ...


def test_a_frame_of_another_library() -> None:
    with pytest.raises(KusciaError, match="Polars is no table") as caught:
        kn.connect().put("alice", "mine.csv", Polars())  # type: ignore[arg-type]
    assert caught.value.hint == "data.to_pandas()"
