"""What both ways of carrying yacl's channel have in common: messages by their keys, within a window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from .protobuf import Buffer
from .spu_channel import Outgoing, SpuChannel


class End(Protocol):
    """What carries the pieces of a channel's messages."""

    strange: str
    """What came that was refused, in words."""

    @property
    def blocked(self) -> bool:
        """Whether it takes no more for now."""
        ...

    def write(self, messages: Iterable[Outgoing]) -> None:
        """Let these leave, in order."""
        ...


E = TypeVar("E", bound=End)


class ChannelTransport(Generic[E]):
    """One party's end: it sends and receives; how it waits, and for how long, is its heir's."""

    _channel: SpuChannel
    _end: E

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        """Let messages come and go until that holds. A LinkError, if it takes too long."""
        raise NotImplementedError

    def send(self, key: str, value: Buffer) -> None:
        """Send a message, or leave it behind those for which the window has no room yet: they leave as it opens."""
        self._channel.post(key, value)
        self._end.write(self._channel.leaving())
        if self._end.blocked:
            self._wait(lambda: not self._end.blocked, f"room to send {key}")

    def receive(self, key: str) -> bytes:
        """The message with this key. TimeLimit or another LinkError, if it does not come."""
        value = self._channel.take(key)
        if value is None:
            self._end.write(self._channel.leaving())  # acknowledgements, which the peer may wait for
            found: list[bytes] = []

            def there() -> bool:
                one = self._channel.take(key)
                return one is not None and not found.append(one)

            self._wait(there, key)
            value = found[0]
        return value

    def _last_strange(self) -> str:
        return f"; refused: {self._end.strange}" if self._end.strange else ""
