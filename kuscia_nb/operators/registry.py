"""The operators that tasks can run, by module_name: ss_lr and ecdh_psi, and those that people write.

    @kn.operator(inputs=("data",), outputs=("result",))
    async def mean_difference(party: kn.Party) -> None:
        \"\"\"The mean of one party's column minus that of the other's.\"\"\"
        column = party.read_csv("data")[party.parameters["column"]]
        async with party.mpc() as mpc:
            x, y = await mpc.share(column)
            total = await mpc.open(mpc.sum(x) - mpc.sum(y))
        party.write_csv("result", pd.DataFrame({"mean_difference": total / len(column)}))

The program runs once for each party, with that party's own data. A job runs it as `module_name` "mean_difference" of
appImage "mean-difference". The name still is the function, which a test can call with two `Party` objects.
"""

from __future__ import annotations

import inspect
import keyword
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar, overload

from ..errors import KusciaError
from ..problems import Problem
from .component import Component
from .ecdh_psi.program import ECDH_PSI
from .parameter import FILE, Parameter
from .party import Operator, Program
from .results import Ran
from .ss_lr.evaluate import SS_LR_EVALUATE
from .ss_lr.predict import SS_LR_PREDICT
from .ss_lr.program import SS_LR
from .template import Template

P = TypeVar("P", bound=Program)
Listener = Callable[[Operator], None]


class Registry(Mapping[str, Operator]):
    """Operators by module_name. Any thread may read it while another one adds to it."""

    def __init__(self, *built_in: Operator) -> None:
        self._built_in = built_in
        self._operators = {operator.component.name: operator for operator in built_in}  # replaced, never changed
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Operator:
        return self._operators[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._operators)

    def __len__(self) -> int:
        return len(self._operators)

    def of_image(self, image: str) -> list[Operator]:
        """The operators that an AppImage carries, in the order in which they were registered."""
        return [operator for operator in self._operators.values() if operator.image == image]

    @property
    def templates(self) -> dict[str, Template]:
        """Those that operators bring, by name."""
        return {template.name: template for operator in self._operators.values() for template in operator.templates}

    def register(self, operator: Operator, *, replace: bool = False) -> None:
        """Add an operator, or put it into the place of the one with its name; a built-in one only with `replace`."""
        name = operator.component.name
        with self._lock:
            if not replace and self._operators.get(name) in self._built_in:
                hint = "another name, or replace=True if that is what you want"
                raise KusciaError(f"there is a built-in operator {name}", hint=hint)
            self._operators = self._operators | {name: operator}
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(operator)

    def on_register(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every operator that is registered from now on; returns what ends that."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock, suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe


OPERATORS = Registry(SS_LR, ECDH_PSI, SS_LR_PREDICT, SS_LR_EVALUATE)
on_register = OPERATORS.on_register


@overload
def operator(program: P, /) -> P: ...


@overload
def operator(
    *,
    inputs: Iterable[str] = ...,
    outputs: Iterable[str] = ...,
    name: str | None = None,
    image: str | None = None,
    replace: bool = False,
    parameters: Sequence[Parameter] = (),
    check: Callable[[Mapping[str, str]], Iterable[Problem]] | None = None,
    result: Callable[[Ran], Any] | None = None,
) -> Callable[[P], P]: ...


def operator(
    program: P | None = None,
    /,
    *,
    inputs: Iterable[str] = ("data",),
    outputs: Iterable[str] = ("result",),
    name: str | None = None,
    image: str | None = None,
    replace: bool = False,
    parameters: Sequence[Parameter] = (),
    check: Callable[[Mapping[str, str]], Iterable[Problem]] | None = None,
    result: Callable[[Ran], Any] | None = None,
) -> P | Callable[[P], P]:
    """Register an async function as an operator, and leave it as it is. A cell that does this can be run again.

    `inputs` and `outputs` are what the program calls its data sets, in the order in which a job lists them. `name`, the
    module_name in a task, is the function's; `image`, the appImage, is the name with hyphens, and may carry several
    operators. `replace` allows to take the place of a built-in operator.

    What else it may bring: its `parameters`, which the form, the completion and `%kuscia explain` then show; a `check`
    of a party's environment, which is asked while a cell is typed and says what the program would refuse; and what
    reads the `result` for `job.result()` and the job's report, called with a `Ran`.
    """

    def register(function: P) -> P:
        chosen = _program_name(function) if name is None else name
        carrier = chosen.replace("_", "-").lower() if image is None else image
        component = Component(
            chosen, _first_line(function) or chosen, _names(inputs, "inputs"), _names(outputs, "outputs")
        )
        _check(component, carrier)
        table = (*FILE, *parameters) if parameters else ()
        described = Operator(component, function, carrier, table, check, result=result)
        OPERATORS.register(described, replace=replace)
        return function

    return register if program is None else register(program)


def _program_name(function: Program) -> str:
    """The name of an async function of one argument; a KusciaError says that it is something else."""
    name = getattr(function, "__name__", "")
    example = f"async def {name if name.isidentifier() else 'my_operator'}(party):"
    if not inspect.iscoroutinefunction(function):
        kind = "an async generator: it has a yield" if inspect.isasyncgenfunction(function) else "not an async function"
        raise KusciaError(f"{name or repr(function)} is {kind}", hint=example)
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise KusciaError(f"{name} has to take one argument, its party", hint=example) from None
    return name


def _first_line(function: Program) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _names(names: Iterable[str], which: str) -> tuple[str, ...]:
    """Names of inputs or outputs; each becomes a part of the name of an environment variable."""
    if isinstance(names, str):
        raise KusciaError(f"{which} is a text, not several", hint=f'{which}=("{names}",)')
    result = tuple(names)
    for position, one in enumerate(result):
        if not re.fullmatch(r"[\w-]+", one):
            raise KusciaError(f"{which}: {one!r} is not a name", hint="letters, digits, _ and -; no dots, no blanks")
        if one in result[:position]:
            raise KusciaError(f"{which}: {one!r} is there twice", hint="a name of its own for each")
    return result


def _check(component: Component, image: str) -> None:
    """The names that a job uses."""
    if not component.name.isidentifier() or keyword.iskeyword(component.name):
        hint = "letters, digits and _, as in mean_difference"
        raise KusciaError(f"{component.name!r} is not a name for an operator", hint=hint)
    if not component.inputs:
        raise KusciaError(
            f"operator {component.name} has no inputs", hint='every task has at least one: inputs=("data",)'
        )
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", image) or len(image) > 253:
        better = re.sub(r"[^a-z0-9]+", "-", image.lower()).strip("-")
        what = f"{image!r} is not a name for an AppImage: lower case letters, digits, '-' and '.' (RFC 1123)"
        raise KusciaError(what, hint=f'image="{better or "my-operator"}"')
