"""The link's bytes: golden ones of a real SPU (spec: ss_lr §6a, §11), and what a peer may not send."""

from __future__ import annotations

from typing import Any

import pytest

from kuscia_nb.wire import baidu_std, push
from kuscia_nb.wire.baidu_std import FrameReader, NotAFrame
from kuscia_nb.wire.msgpack import pack_uint128, unpack_uint128
from kuscia_nb.wire.protobuf import data, fields, number, packed
from kuscia_nb.wire.spu_channel import BOUNDS, Bounds, SpuChannel

SERVICE = "0a300a286f72672e696e746572636f6e6e656374696f6e2e6c696e6b2e5265636569766572536572766963651204507573682"


def read(message: bytes | memoryview) -> push.Push:
    return push.read(memoryview(message))


def frame(call: int, head: bytes, value: bytes = b"") -> str:
    return (baidu_std.push(call, len(head) + len(value)) + head + value).hex()


def bytes_of(channel: SpuChannel) -> list[bytes]:
    """All that leaves, each message whole."""
    return [message.head + bytes(message.value or b"") for message in channel.leaving()]


def channel(rank: int, **options: Any) -> SpuChannel:
    given: dict[str, Any] = {"bounds": BOUNDS} | options
    return SpuChannel(rank, **given)


def carry(sender: SpuChannel, receiver: SpuChannel) -> None:
    for message in bytes_of(sender):
        receiver.receive(read(message))


def test_hello_is_that_of_spu() -> None:
    assert channel(0).hello().head.hex() == "120c636f6e6e6563745f30010230"
    assert channel(1).hello().head.hex() == "0801120c636f6e6e6563745f31010230"
    expected = "5052504300000042000000340a300a286f72672e696e746572636f6e6e656374696f6e2e6c696e6b2e5265636569766572"
    expected += "536572766963651204507573682001120c636f6e6e6563745f30010230"
    assert frame(1, channel(0).hello().head) == expected
    assert baidu_std.answer(1, push.done()).hex() == "505250430000000600000004120020010a00"


def test_a_message_has_a_number_behind_its_key() -> None:
    for rank, expected in enumerate(
        (
            "1213726f6f743a313a414c4c4741544845520102311a0401000000",
            "08011213726f6f743a313a414c4c4741544845520102311a0401000000",
        )
    ):
        one = channel(rank)
        one.post("root:1:ALLGATHER", (1).to_bytes(4, "little"))
        assert [message.hex() for message in bytes_of(one)] == [expected]


def test_the_third_message_of_rank_1_in_a_frame() -> None:
    one = channel(1)
    for _ in range(2):
        one.post("root:P2P-9:1->0", b"x")
    list(one.leaving())
    one.post("root:P2P-1:1->0", bytes.fromhex("920005"))
    (message,) = one.leaving()
    expected = f"505250430000004f00000034{SERVICE}00708011212726f6f743a5032502d313a312d3e300102331a03920005"
    assert frame(7, message.head, bytes(message.value or b"")) == expected


def test_acknowledgement_and_end_in_frames() -> None:
    """Of what the peer has sent as its third message, and after 26 messages of this party's."""
    one = channel(0, window=0)
    for i in range(26):
        one.post(f"root:{i}:ALLGATHER", b"x")
    list(one.leaving())
    one.receive(read(bytes.fromhex("08011212726f6f743a5032502d313a312d3e300102331a03920005")))
    assert one.take("root:P2P-1:1->0") == bytes.fromhex("920005")
    ack, fin = [message.head for message in one.finish()]
    assert frame(8, ack) == f"505250430000003e00000034{SERVICE}008120541434b01021a0133"
    assert frame(9, fin) == f"505250430000003f00000034{SERVICE}009120546494e01021a023236"


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (bytes(range(16)), "92cf0f0e0d0c0b0a0908cf0706050403020100"),
        ((5).to_bytes(16, "little"), "920005"),
        ((200 << 64 | 70000).to_bytes(16, "little"), "92ccc8ce00011170"),
        ((300 << 64 | 127).to_bytes(16, "little"), "92cd012c7f"),
    ],
)
def test_seeds_are_msgpack(seed: bytes, expected: str) -> None:
    assert pack_uint128(seed).hex() == expected
    assert unpack_uint128(bytes.fromhex(expected)) == seed


@pytest.mark.parametrize(
    "message", ["", "92", "9200", "93000000", "92000000", "92c000", "92cf0000", "dc000200", "92d0ff00"]
)
def test_what_is_no_seed_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match="two numbers"):
        unpack_uint128(bytes.fromhex(message))


def test_protobuf_fields_read_as_they_were_written() -> None:
    message = number(1, 2**63) + number(2, -1) + data(3, b"ab") + packed(4, [10, 300]) + number(5, 0)
    found = [(field, value if isinstance(value, int) else bytes(value)) for field, _, value in fields(message)]
    assert found == [(1, 2**63), (2, 2**64 - 1), (3, b"ab"), (4, bytes.fromhex("0aac02"))]


@pytest.mark.parametrize("message", ["08", "0880", "0a05aa", "0b", "0affffffffffffffffff01", "ff" * 11])
def test_protobuf_that_is_cut_off_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=r"longer than|without an end"):
        list(fields(bytes.fromhex(message)))


def test_frames_are_found_wherever_the_stream_is_cut() -> None:
    stream = b"".join(bytes.fromhex(frame(call, push.head(0, f"k{call}", call), bytes(call))) for call in range(1, 40))
    for size in (1, 7, 100, len(stream)):
        reader = FrameReader(1000)
        found = [
            (one.call, read(one.message).key, len(read(one.message).value))
            for at in range(0, len(stream), size)
            for one in reader.feed(memoryview(stream[at : at + size]))
        ]
        assert found == [(call, f"k{call}", call) for call in range(1, 40)]


@pytest.mark.parametrize(
    ("received", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "an HTTP server"),
        (b"\x15\x03\x01\x00\x02\x02", "TLS"),
        (b"PRI * HTTP/2.0\r\n", "gRPC"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00", "gRPC"),
        (b"SSH-2.0-OpenSSH", "SSH"),
        (b"PRPX" + bytes(20), "no frames"),
        (b"X", "no frames"),
        (b"PRPC\x7f\xff\xff\xff\x00\x00\x00\x34", "2,147,483,647 bytes"),
        (b"PRPC\xff\xff\xff\xff\xff\xff\xff\xff", "4,294,967,295 bytes"),
        (b"PRPC\x00\x00\x00\x10\x00\x00\x00\x20", "meta"),
        (b"PRPC\x00\x00\x00\x02\x00\x00\x00\x02\x0a\xff", "meta"),
    ],
)
def test_who_speaks_something_else_is_named(received: bytes, said: str) -> None:
    with pytest.raises(NotAFrame, match=said):
        list(FrameReader(2**20).feed(memoryview(received)))


def test_parts_come_in_any_order_and_twice() -> None:
    sender, receiver = channel(0, part=777), channel(1)
    value = bytes(i % 251 for i in range(5000))
    sender.post("k", value)
    parts = bytes_of(sender)
    assert len(parts) == 7
    for part in [parts[6], *parts[::-1], parts[0]]:
        receiver.receive(read(part))
    assert receiver.take("k") == value
    assert receiver.take("k") is None
    receiver.receive(read(parts[0]))
    assert receiver.unread() == []


def test_a_window_opens_with_what_the_peer_takes() -> None:
    sender, receiver = channel(0, window=2), channel(1)
    for i in range(5):
        sender.post(f"k{i}", bytes([i]))
    carry(sender, receiver)
    assert receiver.unread() == ["k0", "k1"]
    assert sender.held_back
    for expected in (["k2"], ["k2", "k3"]):
        assert receiver.take(f"k{len(expected) - 1}") is not None
        carry(receiver, sender)
        carry(sender, receiver)
        assert receiver.unread()[-len(expected) :] == [*expected][-2:]


def test_the_end_waits_for_both_sides() -> None:
    ends = channel(0), channel(1)
    ends[0].post("unread", b"x")
    carry(ends[0], ends[1])
    last = [[message.head for message in end.finish()] for end in ends]
    for end, words in zip(ends, reversed(last), strict=True):
        for word in words:
            end.receive(read(word))
    assert [end.finished for end in ends] == [True, True]


def test_plain_keys_have_no_numbers_and_no_window() -> None:
    sender, receiver = channel(0, numbered=False, window=1), channel(1, numbered=False)
    for i in range(3):
        sender.post(f"k{i}", b"x")
    messages = bytes_of(sender)
    assert [read(message).key for message in messages] == ["k0", "k1", "k2"]
    for message in messages * 2:
        receiver.receive(read(message))
    assert [receiver.take(f"k{i}") for i in range(3)] == [b"x"] * 3
    receiver.receive(read(messages[0]))
    assert receiver.unread() == []
    assert bytes_of(receiver) == []


def part(total: int, offset: int, length: int, key: str = "k\x01\x021", sender: int = 0) -> bytes:
    return push.head(sender, key, length, total, offset) + bytes(length)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([push.head(2, "k\x01\x021", 0)], "rank 2"),
        ([push.head(1, "k\x01\x021", 0)], "as this party is"),
        ([push.head(0, "k", 0)], "no number"),
        ([push.head(0, "k\x01\x02x", 0)], "no number of a message"),
        ([push.head(0, "k\x01\x020", 0)], "no number of a message"),
        ([push.head(0, "k\x01\x0299999999", 0)], "far ahead"),
        ([push.head(0, "k\x01\x021", 1) + b"x", push.head(0, "k\x01\x022", 1) + b"x"], "second message"),
        ([push.head(0, "K" * 600, 0)], "a key of 600 bytes"),
        ([push.head(0, "k\x01\x021", 0) + number(4, 7)], "trans_type 7"),
        ([part(10, 8, 4)], "a part of 4 bytes at 8 of a message of 10"),
        ([part(2**40, 0, 4)], "1,099,511,627,776 bytes"),
        ([part(100, 0, 4), part(200, 4, 4)], "disagree"),
        ([part(100, 0, 4), part(100, 2, 4)], "overlap"),
        ([push.head(0, "ACK\x01\x02", 1) + b"7"], "0 were sent"),
        ([push.head(0, "ACK\x01\x02", 2) + b"-1"], "without a number"),
        ([push.head(0, "FIN\x01\x02", 30) + b"1" * 30], "without a number"),
        ([b"\x12\x02\xff\xfe"], "utf-8"),
    ],
)
def test_what_no_peer_sends_is_refused(messages: list[bytes], said: str) -> None:
    receiver = channel(1)
    for message in messages[:-1]:
        receiver.receive(read(message))
    with pytest.raises(ValueError, match=said):
        receiver.receive(read(messages[-1]))


def test_what_waits_is_bounded() -> None:
    receiver = channel(1, bounds=Bounds(keys=3, bytes=1000))
    for i in range(1, 4):
        receiver.receive(read(push.head(0, f"k{i}\x01\x02{i}", 0)))
    with pytest.raises(ValueError, match="more than 3 messages"):
        receiver.receive(read(push.head(0, "k4\x01\x024", 0)))
    receiver.take("k1")
    receiver.receive(read(part(900, 0, 4, "k4\x01\x024")))
    receiver.take("k2")
    with pytest.raises(ValueError, match="with 900 waiting"):
        receiver.receive(read(part(101, 0, 4, "k5\x01\x025")))
