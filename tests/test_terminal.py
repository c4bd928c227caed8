"""How far a job is, in a real terminal and in the log of a kernel without a person."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from kuscia_nb.views.terminal import fitting

LONG = """\
import kuscia_nb as kn
from kuscia_nb.views import terminal
terminal.QUIET, terminal.LOGGED = 0.05, 0.2
text = kn.tutorial_manifest().replace('"num_epoch":1', '"num_epoch":200')
job = kn.connect().apply(text).wait()
print("phase", job.phase)
"""
HOW_FAR = r"job-ss-lr: ss_lr_1 \d+ % · epoch \d+/200, batch \d+/476"


def in_a_terminal(program: str) -> str:
    """All that a terminal gets of a program."""
    main, other = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", program], stdin=other, stdout=other, stderr=other) as process:
        os.close(other)
        said, end = b"", time.monotonic() + 120
        while time.monotonic() < end and select.select([main], [], [], 120)[0]:
            try:
                said += os.read(main, 65_536)
            except OSError:  # the other end is closed
                break
        process.wait(10)
    os.close(main)
    return said.decode()


def test_a_terminal_has_one_line_that_goes_at_the_end() -> None:
    said = in_a_terminal(LONG)
    assert re.search(HOW_FAR, said), said[-2000:]
    last = said.rstrip().splitlines()[-1]
    assert last.endswith("\x1b[2Kphase Succeeded"), "the line is gone when the program goes on"


def test_a_line_is_no_wider_than_the_terminal() -> None:
    assert fitting("作业 ab", 5) == "作业 "
    assert fitting("job", 80) == "job"


def test_a_file_gets_nothing_of_it() -> None:
    done = subprocess.run([sys.executable, "-c", LONG], capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("phase Succeeded\n", "")


def test_a_kernel_without_a_person_writes_lines_that_a_log_keeps() -> None:
    notebook = new_notebook(cells=[new_code_cell(LONG)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    said = "".join(output.text for output in notebook.cells[0].outputs if output.get("name") == "stderr")
    assert re.search(HOW_FAR, said), nbformat.writes(notebook)[-2000:]
    assert "\x1b" not in said
