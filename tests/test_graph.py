"""The drawing of a job's tasks: where each stands, what it says, and that it is well formed."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from kuscia_nb.views.graph import Node, columns, svg, words

DAG = [
    Node("psi_1", "ecdh_psi", "Succeeded"),
    Node("train", "ss_lr", "Running", ("psi_1",)),
    Node("predict", "ss_lr_predict", "Pending", ("train", "psi_1")),
    Node("evaluate", "ss_lr_evaluate", "Pending", ("train",)),
]


def test_a_task_stands_behind_all_that_it_waits_for() -> None:
    assert columns(DAG) == {"psi_1": 0, "train": 1, "predict": 2, "evaluate": 2}
    assert words(DAG) == "psi_1 -> train -> predict, evaluate"


def test_the_drawing_says_in_words_what_it_shows() -> None:
    root = ElementTree.fromstring(svg(DAG, "Tasks of <a&b>"))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Tasks of <a&b>: psi_1 -> train -> predict, evaluate"
    texts = [element.text for element in root.iter("text")]
    assert texts[:2] == ["psi_1", "ecdh_psi: Succeeded"]
    assert len(list(root.iter("path"))) == 4
    assert not re.search("#[0-9a-f]{3}", svg(DAG, "x"))  # the page's own colours, in light and dark


@given(st.integers(1, 9), st.data())
def test_no_two_boxes_overlap(count: int, data: st.DataObject) -> None:
    after = [tuple(f"t{j}" for j in range(i) if data.draw(st.booleans())) for i in range(count)]
    nodes = [Node(f"t{i}", "toy", "Pending", before) for i, before in enumerate(after)]
    root = ElementTree.fromstring(svg(nodes, "x"))
    boxes = [tuple(int(box.get(name, "")) for name in ("x", "y", "width", "height")) for box in root.iter("rect")]
    assert len(boxes) == count
    for (x, y, width, height), (left, top, _, _) in itertools.combinations(boxes, 2):
        assert abs(x - left) >= width or abs(y - top) >= height
    wide, high = int(root.get("width", "")), int(root.get("height", ""))
    assert all(x >= 0 and y >= 0 and x + width <= wide and y + height <= high for x, y, width, height in boxes)


def test_a_circle_does_not_hang() -> None:
    assert columns([Node("a", "toy", "", ("b",)), Node("b", "toy", "", ("a",))]) == {"a": 0, "b": 0}
