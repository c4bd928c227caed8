"""A job while it runs: what `%%kusciajob` shows until the end, and `job.watch()`.

The view is a fold over the job's events and holds nothing else. It is made of ipywidgets' own controls, and when the
job ends it turns, where it stands, into the report that needs no widget: a saved notebook has no trace of it. A job
that takes less than QUIET seconds never gets one.

Only a front end in which a person sits gets it: a kernel that may ask for input. Everything is told through the
display's id and the widgets' traits, which lead into the right cell from any thread; nothing is ever printed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from ..observer.progress import State
from ..texts import Say, speaker
from .chart import Drawing
from .job import bundle
from .live_html import conditions, head, programs, standing
from .table import html_note

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from ipywidgets import HTML, Button, VBox

    from ..job import Job

QUIET = 0.3
"""Seconds in which a job may end without having been shown live."""
PERIOD = 0.2
"""Seconds from one update to the next, at least."""
RING, BELLS = 0.5, 20
"""A front end is asked so many times, and after so many seconds again, whether the kernel can hear it."""

_following: set[threading.Thread] = set()
_over: set[Widgets] = set()
"""Views of jobs that have ended, which a front end may still show."""


def watchable(shell: InteractiveShell | None) -> bool:
    """Whether this cell has a front end in which a person may watch."""
    kernel: Any = getattr(shell, "kernel", None)
    if not hasattr(kernel, "get_parent") or find_spec("ipywidgets") is None:
        return False
    return bool(kernel.get_parent().get("content", {}).get("allow_stdin"))


def watch(job: Job) -> None:
    """Show the job in this cell and follow it in the background; where nobody watches, show how far it is."""
    from IPython.display import display

    if watchable(get_ipython()):
        view = LiveView(job)
        view.show_report()
        view.follow()
    else:
        display(job)


def join() -> None:
    """Wait for the views of jobs that have ended, and remove what is left of them."""
    for thread in list(_following):
        thread.join()
    for widgets in list(_over):
        widgets.remove()


def shown(job: Job, shell: InteractiveShell | None) -> Job:
    """The job for a cell that shows it already, so that as the cell's result it is not shown again."""
    cell = getattr(shell, "execution_count", None)
    return job.hidden(lambda: getattr(shell, "execution_count", None) == cell)


class LiveView:
    """One job in the output of one cell."""

    def __init__(self, job: Job) -> None:
        self._job, self._say = job, speaker()
        self._state = State(job.name, job.events)
        self._ended = job.ended
        self._display: Any = None
        self._widgets: Widgets | None = None

    @property
    def kept(self) -> bool:
        """Whether the front end has shown the view, so that the report stands in its place."""
        return self._widgets is not None and self._widgets.seen.is_set()

    def wait(self, timeout: float | None = None) -> Job:
        """`Job.wait`, with the view in the meantime."""
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        period = QUIET
        while not self._ended(min(period, max(0.0, end - time.monotonic()))) and time.monotonic() < end:
            self.update()
            period = PERIOD
        return self._job.wait(None if timeout is None else max(0.0, end - time.monotonic()))

    def follow(self) -> None:
        """Wait for the end on a thread of its own, in this cell's context: ipykernel 7.0 sends nothing without it."""

        def run() -> None:
            try:
                period = QUIET
                while not self._ended(period):
                    self.update()
                    period = PERIOD
                self.show_report()
            finally:
                _following.discard(thread)

        name = f"kuscia_nb view of {self._job.name}"
        thread = threading.Thread(target=copy_context().run, args=(run,), name=name, daemon=True)
        _following.add(thread)
        thread.start()

    def update(self) -> None:
        """Show how far the job is now."""
        self._state.catch_up()
        if self._widgets is None:
            self._widgets = Widgets(self._job, self._say)
            self._widgets.update(self._state)
            self._show(self._widgets.bundle())
        else:
            self._widgets.update(self._state)

    def freeze(self) -> None:
        """Leave what can be kept: the report where the view was seen; else nothing, as the cell's result shows it."""
        if self._widgets is None:
            return
        if self.kept:
            self.show_report()
        else:
            from IPython.display import clear_output

            self._widgets.close(bundle(self._job)["text/html"])
            clear_output(wait=True)

    def show_report(self) -> None:
        """Show the job without any widget, in place of the view if there is one."""
        report = bundle(self._job)
        if self._widgets is not None:
            self._widgets.close(report["text/html"])  # first: the page may say at once that the view is gone
        self._show(report)

    def _show(self, data: dict[str, Any]) -> None:
        from IPython.display import display

        if self._display is None:
            self._display = display(data, raw=True, display_id=True)
        else:
            self._display.update(data, raw=True)


class Widgets:
    """The controls of a view. Made when the job has taken long enough to be looked at: importing them takes a while."""

    def __init__(self, job: Job, say: Say) -> None:
        from ipywidgets import HTML, HBox, VBox

        self._job, self._say = job, say
        self.seen = threading.Event()
        """The front end has shown the view, and was heard: clicks will be, too."""
        self._head, self._programs, self._conditions = HTML(), HTML(), HTML()
        self._charts = HTML() if job.options.shadow else None
        self._tooltips = (
            say("Stop the job on both nodes; the cell then ends with an error"),
            say("Stop the job and forget it on both nodes; its files stay"),
        )
        self._buttons = [
            self._button(say("Stop"), say("stopping …"), job.stop),
            self._button(say("Delete"), say("deleting …"), job.delete),
        ]
        self.row = HBox(self._buttons)
        self._asking: list[Button] = []
        self._bells: list[HTML] = []
        self._news = -1
        self._ring_again = time.monotonic() + PERIOD / 2
        above, below = (self._head, self.row, self._programs), (self._conditions,)
        self._rows = (*above, *([self._charts] if self._charts else []), *below)
        self._box: VBox = VBox(self._rows, _view_count=0)
        _listen(self._box)
        self._box.observe(self._heard, "_view_count")

    def _ask(self, waits: bool) -> None:
        """Show what approves and refuses a job, for as long as it waits for that."""
        if bool(self._asking) is waits:
            return
        say, job = self._say, self._job
        for button in self._asking:
            button.close()
        self._asking = []
        if waits:
            self._asking = [
                self._button(say("Approve"), say("approving …"), job.approve),
                self._button(say("Refuse"), say("refusing …"), job.refuse),
            ]
            for button in self._asking if self.seen.is_set() else ():
                button.tooltip, button.disabled = "", False
        self.row.children = (*self._asking, *self._buttons)

    def _button(self, name: str, busy: str, action: Callable[[], None]) -> Button:
        """A button that can be pressed as soon as it is known that the kernel will hear of it."""
        from ipywidgets import Button

        deaf = self._say("While this cell runs, the kernel hears no buttons: interrupt it (■) to stop the job")
        button = Button(description=name, disabled=True, tooltip=deaf)
        _listen(button)

        def clicked(_: object) -> None:
            for one in self._asking if button in self._asking else [*self._asking, *self._buttons]:
                one.disabled = True
            button.description = busy
            action()

        button.on_click(clicked)
        return button

    def _ring(self) -> None:
        """Ask the front end, now and then until it is heard, to say something.

        A bell is a part of the view that is empty, and that the front end has to tell the kernel of when it shows it.
        Front ends make a subshell to speak to a busy kernel, but what they say before that goes to the shell that waits
        for the job, and they say nothing more of a widget that has not been answered. So every time it is another one.
        """
        from ipywidgets import HTML

        if self.seen.is_set() or len(self._bells) == BELLS or time.monotonic() < self._ring_again:
            return
        bell = HTML(_view_count=0, layout=self._head.layout, style=self._head.style)
        _listen(bell)
        bell.observe(self._heard, "_view_count")
        self._bells.append(bell)
        self._box.children = (*self._rows, bell)
        self._ring_again = time.monotonic() + RING

    def _heard(self, change: Mapping[str, Any]) -> None:
        """A message from the front end has come through, so clicks will; or no page shows the view any more."""
        if self in _over and change["owner"] is self._box and not change["new"]:
            self.remove()
        if self.seen.is_set():
            return
        self.seen.set()
        for button, tooltip in zip(self._buttons, self._tooltips, strict=True):
            button.tooltip, button.disabled = tooltip, False
        for button in self._asking:
            button.tooltip, button.disabled = "", False

    def bundle(self) -> dict[str, Any]:
        """The view for front ends that have widgets, and for the others, and for good, how it stands now.

        That is all that a notebook has which is saved now, and JupyterLab never changes it after the page was loaded
        anew.
        """
        note = standing(self._say, self._job.name, time.strftime("%Y-%m-%d %H:%M:%S"))
        line = {"text/plain": f"{self._job!r}\n{note}", "text/html": f"{self._head.value}{html_note(note)}"}
        return {**(self._box._repr_mimebundle_() or {}), **line}

    def update(self, state: State) -> None:
        """Show how far the job is; what has not changed is not sent."""
        say, job = self._say, self._job
        if self._news != state.news:
            self._news = state.news
            _set(self._head, head(say, job.name, job.nodes[0], job.phase, job.awaits))
            self._ask(job.awaits_approval)
            _set(self._conditions, conditions(say, state, job.nodes))
        _set(self._programs, programs(say, state, state.seconds, state.not_begun(job.resource)))
        if self._charts is not None:
            charts = (Drawing(chart, say) for told in job.watched() for chart in told.charts)
            _set(self._charts, "".join(chart.html() for chart in charts))
        self._ring()

    def close(self, report: str) -> None:
        """Show the report in the view, too, and remove the view as soon as no page shows it any more.

        A page that was loaded anew in the meantime knows the view and not its display: it keeps the report so. And one
        that is still making the view would fail half-way if that were gone.
        """
        _over.add(self)
        self._head.value = report
        self._box.children = (self._head,)

    def remove(self) -> None:
        """Remove the controls from the kernel and the front end."""
        _over.discard(self)
        for part in (self._box, *self._rows, *self._asking, *self._buttons, *self._bells):
            for widget in (part.layout, getattr(part, "style", None), part):
                if widget is not None:
                    widget.close()


def _set(part: HTML, value: str) -> None:
    if part.value != value:
        part.value = value


def _listen(widget: Any) -> None:
    """Let the kernel hear of this widget on the subshell that the front end names.

    ipykernel 7.4 would take the shell that last spoke to the widget, which is the one that waits for the job.
    """
    widget.comm._reply_subshell_for = lambda message, subshell: subshell
