"""The interconnection handshake: golden bytes (spec: ss_lr §7), what fits, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from kuscia_nb import mpc
from kuscia_nb.errors import KusciaError
from kuscia_nb.wire.handshake import Agreed, Own, request, response, shake_hands

TUTORIAL = Own(10000, 10, False, 21, 1, 1e-4, 0.5, 18, 0, "127.0.0.1:9449")

REQUEST = (
    "080210011a010222550a46747970652e676f6f676c65617069732e636f6d2f6f72672e696e746572636f6e6e656374696f6e2e76322e616c"
    "676f732e4c724879706572706172616d7350726f706f73616c120b0a01011201011a010130012a0101324d0a43747970652e676f6f676c65"
    "617069732e636f6d2f6f72672e696e746572636f6e6e656374696f6e2e76322e6f702e5369676d6f6964506172616d7350726f706f73616c"
    "12060a01011201013a0102426c0a46747970652e676f6f676c65617069732e636f6d2f6f72672e696e746572636f6e6e656374696f6e2e76"
    "322e70726f746f636f6c2e535350726f746f636f6c50726f706f73616c12220a01011201011a010222050a010110012a050a010110013201"
    "019203050a010110024a4a0a41747970652e676f6f676c65617069732e636f6d2f6f72672e696e746572636f6e6e656374696f6e2e76322e"
    "616c676f732e4c7244617461496f50726f706f73616c120510904e180a"
)
RESPONSE = (
    "0a0010021aa7010a44747970652e676f6f676c65617069732e636f6d2f6f72672e696e746572636f6e6e656374696f6e2e76322e616c676f"
    "732e4c724879706572706172616d73526573756c74125f080110011a4a0a3d747970652e676f6f676c65617069732e636f6d2f6f72672e69"
    "6e746572636f6e6e656374696f6e2e76322e616c676f732e5367644f7074696d697a65721209092d431cebe2361a3f200128153001490000"
    "00000000e03f2201012a470a41747970652e676f6f676c65617069732e636f6d2f6f72672e696e746572636f6e6e656374696f6e2e76322e"
    "6f702e5369676d6f6964506172616d73526573756c74120210013201023a6b0a44747970652e676f6f676c65617069732e636f6d2f6f7267"
    "2e696e746572636f6e6e656374696f6e2e76322e70726f746f636f6c2e535350726f746f636f6c526573756c741223100118022204080110"
    "01301238019203120802120e3132372e302e302e313a39343439424c0a3f747970652e676f6f676c65617069732e636f6d2f6f72672e696e"
    "746572636f6e6e656374696f6e2e76322e616c676f732e4c7244617461496f526573756c741209080110904e1a020a0a"
)


def test_the_golden_bytes() -> None:
    """Label at rank 0."""
    assert request(TUTORIAL).hex() == REQUEST
    assert response(TUTORIAL._replace(has_label=True), Agreed((10, 10), 0)).hex() == RESPONSE


def meet(*owns: Own) -> list[Any]:
    links = mpc.connect(("bob", "alice"))
    outcomes = mpc.run_lockstep((shake_hands(links[0], owns[0]), shake_hands(links[1], owns[1])), links)
    return [outcome.error or outcome.result for outcome in outcomes]


@pytest.mark.parametrize("label", [0, 1])
def test_two_parties_agree(label: int) -> None:
    owns = [TUTORIAL._replace(features=3 + rank, has_label=rank == label) for rank in (0, 1)]
    assert meet(*owns) == [Agreed((3, 4), label)] * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": 9999}, "sample size inconsistent: rank 0 has 10000 rows, rank 1 has 9999"),
        ({"features": 0}, "rank 1 has 0 features"),
        ({"has_label": True}, "both parties have the label"),
        ({"l2": 0.0}, "l2_norm differs: 0.5 at rank 0, 0 at rank 1"),
        ({"l2": 0.25}, "l2_norm differs: 0.5 at rank 0, 0.25 at rank 1"),
        ({"batch_size": 20}, "batch_size differs: 21 at rank 0, 20 at rank 1"),
        ({"epochs": 2}, "num_epoch differs: 1 at rank 0, 2 at rank 1"),
        ({"learning_rate": 0.1}, "learning_rate differs: 0.0001 at rank 0, 0.1 at rank 1"),
        ({"fxp_bits": 20}, "fxp_bits differs"),
        ({"adjust_rank": 1}, "ttp_adjust_rank differs"),
    ],
    ids=str,
)
def test_terms_that_differ(change: dict[str, Any], said: str) -> None:
    errors = meet(TUTORIAL._replace(has_label=True), TUTORIAL._replace(**change))
    assert isinstance(errors[1], KusciaError)
    assert said in str(errors[1])


def answers(rank: int, own: Own, message: bytes) -> tuple[Any, bytes]:
    """What a party makes of a message, and what it has sent."""
    links = mpc.connect(("bob", "alice"))

    async def other(link: mpc.Link) -> bytes:
        await link.send(message, "handshake")
        return await link.receive("handshake")

    first, second = (shake_hands(link, own) if link.rank == rank else other(link) for link in links)
    outcomes = mpc.run_lockstep((first, second), links)
    return outcomes[rank].error or outcomes[rank].result, outcomes[1 - rank].result


def test_the_reference_operator_is_refused() -> None:
    """It would open all labels and scores, and wait for those of its peer."""
    error, sent = answers(0, TUTORIAL._replace(has_label=True), bytes.fromhex(REQUEST))
    assert "opens all labels and scores" in str(error)
    assert b"opens all labels and scores" in sent
    error, _ = answers(1, TUTORIAL, bytes.fromhex(RESPONSE))
    assert "opens all labels and scores" in str(error)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"", "version 0 at rank 1 and 2"),
        (bytes.fromhex("0803"), "version 3"),
        (bytes.fromhex("0802"), "has no algos.LrHyperparamsProposal"),
        (b"\xff" * 20, "cannot be read"),
        (bytes.fromhex(REQUEST[:-4]), "cannot be read"),
        (bytes(100_000), "cannot be read: it has 100,000 bytes"),
        (bytes.fromhex(REQUEST.replace("1a0102220", "1a0103220")), "does not support field 64"),
        (bytes.fromhex(REQUEST.replace("12060a0101120101", "12060a0101120102")), "does not support sigmoid_mode"),
        (bytes.fromhex(REQUEST).replace(b"SigmoidParams", b"SigmoidParamz"), "op.SigmoidParamsProposal was expected"),
    ],
    ids=range(9),
)
def test_requests_that_are_none(message: bytes, said: str) -> None:
    error, sent = answers(0, TUTORIAL._replace(has_label=True), message)
    assert isinstance(error, KusciaError)
    assert said in str(error)
    assert said.encode() in sent


@pytest.mark.parametrize("cut", range(0, len(RESPONSE) // 2, 7))
def test_an_answer_that_is_cut_off(cut: int) -> None:
    error, _ = answers(1, TUTORIAL, bytes.fromhex(RESPONSE)[:cut])
    assert isinstance(error, KusciaError)
