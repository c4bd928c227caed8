"""One's own node alone: jobs with a peer in another process, and a TTP in a third."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from gateway import Gateway
from nodes_apart import PATIENCE, Apart, apart, tutorial, until

import kuscia_nb as kn
from kuscia_nb.backends.endpoint import dial_of
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.backends.settings import Settings
from kuscia_nb.bfia.http import http_transport
from kuscia_nb.bfia.wire import Request, Response
from kuscia_nb.cluster import Cluster
from kuscia_nb.data.sample import write_sample
from kuscia_nb.errors import DataError, JobError, JobFailed, JobStopped, KusciaError
from kuscia_nb.observer.progress import State
from kuscia_nb.texts import speaker
from kuscia_nb.trace.steps import BOTH
from kuscia_nb.views.job import Report
from kuscia_nb.views.live import Widgets
from kuscia_nb.views.status import status
from kuscia_nb.wire.identity import Identity, client_tls, make
from kuscia_nb.wire.own.dial import Unreached
from kuscia_nb.wire.own.transport import Limits

ULP = 2.0**-18
SOON = Limits(connect=20.0, message=6.0, end=2.0)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    with apart(tmp_path_factory.mktemp("apart")) as places:
        yield places


@pytest.fixture(scope="module")
def alice(places: Apart) -> Iterator[Cluster]:
    """Her node in this process, with bob's in another one."""
    with places.there("bob"), places.here("alice") as cluster:
        yield cluster


@pytest.fixture
def both(tmp_path: Path, places: Apart) -> Apart:
    """Fresh places for two nodes, with the same TTP."""
    fresh = Apart(tmp_path, places.ttp)
    fresh.key = places.key
    return fresh


def test_weights_that_are_revealed_to_both_are_those_of_two_nodes_in_one_process(
    alice: Cluster, tmp_path: Path
) -> None:
    manifest = tutorial("same", reveal="both", learning_rate=0.05)
    job = alice.apply(manifest).wait(PATIENCE)
    apart = job.weights()
    with Cluster(LocalBackend(tmp_path)) as here:
        together = here.apply(manifest).wait(PATIENCE).weights()
    assert apart[["feature", "owner"]].equals(together[["feature", "owner"]])
    assert np.abs(together["weight"]).max() > 0.1
    assert np.abs(apart["weight"] - together["weight"]).max() < 200 * ULP
    assert np.abs(apart["alice"] - together["alice"]).min() > 1, "masks are fresh in every run"
    assert any("alice, bob will learn the result" in note for note in job.notes)
    assert "got bob's result from bob, for the job says reveal: both" in job.logs("alice")
    assert "sent this party's result to bob" in job.logs("alice")


def test_nobody_learns_what_was_not_agreed(alice: Cluster, places: Apart) -> None:
    job = alice.apply(tutorial("hidden")).wait(PATIENCE)
    shares = job.shares("alice")
    assert len(shares) == 21
    assert shares["feature"].tolist()[:2] == ["bob.0", "bob.1"], "bob has not told the names of his columns"
    for asked in (job.weights, job.model, lambda: job.shares("bob")):
        with pytest.raises(JobError, match="only bob has its own: the job says reveal: none"):
            asked()
    with pytest.raises(JobError, match="reveals nothing: its reveal is none"):
        job.reveal()
    assert not (places.folder / "alice" / "revealed" / "bob" / job.tasks["task"].iloc[0]).exists()
    (told,) = job.told()
    assert [column[1] for column in told.sheets[0].rows][:10] == ["bob"] * 10
    with pytest.raises(JobError, match="bob's node is elsewhere"):
        job.logs("bob")
    with pytest.raises(KusciaError, match="bob's node is elsewhere"):
        alice.data("bob")
    with pytest.raises(KusciaError, match="there is no node carol"):
        alice.data("carol")


def test_a_cell_that_runs_again_replaces_its_job_on_both_nodes(alice: Cluster, places: Apart) -> None:
    first = alice.apply(tutorial("again")).wait(PATIENCE)
    second = alice.apply(tutorial("again"), replace=True).wait(PATIENCE)
    tasks = [job.tasks["task"].iloc[0] for job in (first, second)]
    assert tasks[0] != tasks[1]
    kept = {path.name for path in (places.folder / "bob" / "again-guest-0").glob("*-result")}
    assert kept == {f"{task}-result" for task in tasks}, "bob has both of his shares"


def test_a_nodes_own_options_are_not_its_peers(alice: Cluster) -> None:
    job = alice.apply(tutorial("own-memory"), memory_limit=1, truncation="local").wait(PATIENCE)
    assert len(job.shares("alice")) == 21


def test_one_party_learns_the_weights_and_the_other_does_not(alice: Cluster) -> None:
    assert len(alice.apply(tutorial("for-alice", reveal="alice")).wait(PATIENCE).weights()) == 21
    job = alice.apply(tutorial("for-bob", reveal="bob")).wait(PATIENCE)
    assert job.reveal() is None
    assert "sent this party's result to bob, for the job says reveal: bob" in job.logs("alice")
    with pytest.raises(JobError, match="only bob has its own: the job says reveal: bob"):
        job.weights()


def test_the_half_of_a_job_that_is_here(alice: Cluster) -> None:
    job = alice.apply(tutorial("half"), strategy="interconnection").wait(PATIENCE)
    rows = job.trace.totals[["sender", "receiver", "messages"]].to_numpy().tolist()
    totals = {(sender, receiver): int(messages) for sender, receiver, messages in rows}
    assert totals["alice", "bob"] > 1000
    assert totals["alice", "bob"] == totals["bob", "alice"] + 1, "she sends an encrypted seed, too"
    assert ("bob", "ttp") not in totals, "nothing is known here of what he asks"
    assert {*job.conditions["node"]} == {"alice"}
    calls = job.exchanges[["sender", "call"]].drop_duplicates().to_numpy().tolist()
    assert ["alice", "job/create"] in calls
    assert ["bob", "job/status_all"] in calls
    assert str(alice.kubectl("get kj half -n cross-domain")).split()[-1] != "Failed"


def test_the_own_half_of_a_trace_with_numbers(alice: Cluster) -> None:
    job = alice.apply(tutorial("traced", batch_size=1000, learning_rate=0.1), trace="full").wait(PATIENCE)
    steps = job.trace.view("alice").steps
    assert len(steps) > 20
    who = {number.whose for step in job.trace.record.steps for number in step.numbers}
    assert who <= {1, BOTH}, "alice is rank 1, and what both know is both's"
    assert 1 in who


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 7}, "a seed would make nothing of this job secret"),
        ({"shadow": True}, "no teacher's shadow here"),
        ({"inject": "drop:7"}, "faults are not injected"),
        ({"verify": True}, "digests are not compared"),
    ],
)
def test_what_needs_both_nodes_is_refused(alice: Cluster, options: dict[str, Any], said: str) -> None:
    with pytest.raises(KusciaError, match=said):
        alice.apply(tutorial("needs-both"), **options)


def test_a_job_is_started_on_its_initiators_node(alice: Cluster) -> None:
    with pytest.raises(JobError, match="initiator is bob, whose node is elsewhere"):
        alice.apply(tutorial("his", initiator="bob"))


def test_peers_say_who_they_are(alice: Cluster, places: Apart) -> None:
    (peer,) = alice.peers().to_dict("records")
    assert (peer["peer"], peer["url"], peer["error"]) == ("bob", places.url("bob"), "")
    assert peer["version"] == kn.__version__
    assert abs(peer["clock"]) < 60 < PATIENCE
    assert 0 < peer["round_trip"] < PATIENCE


def test_a_job_that_is_stopped_stops_at_both(alice: Cluster) -> None:
    job = alice.apply(tutorial("endless", num_epoch=10_000))
    until(lambda: job.tasks["progress"].max() > 0)
    job.stop()
    with pytest.raises(JobStopped, match="stopped"):
        job.wait(PATIENCE)
    alice.delete("endless")
    assert alice.apply(tutorial("after")).wait(PATIENCE).phase == "Succeeded", "bob's node has gone on"


def test_a_peer_that_is_killed_ends_the_job(both: Apart) -> None:
    with both.there("bob") as bob, both.here("alice", SOON) as alice:
        job = alice.apply(tutorial("bereft", num_epoch=10_000))
        until(lambda: job.tasks["progress"].max() > 0)
        bob.send_signal(signal.SIGKILL)
        with pytest.raises(JobFailed) as failed:
            job.wait(PATIENCE)
        assert "bob" in failed.value.what
        left = [one.name for one in (both.folder / "alice").glob("bereft*/*")]
        assert left == [], "what a failed party has written would look like a result"


def test_an_initiator_that_is_killed_ends_the_job_of_its_partner(both: Apart) -> None:
    endless = tutorial("orphan", "bob", num_epoch=10_000)
    with both.here("alice", SOON) as alice, both.there_applying("bob", endless) as bob:
        until(lambda: not alice.jobs().empty)
        job = alice.job("orphan")
        until(lambda: not job.tasks.empty and job.tasks["progress"].max() > 0)
        bob.kill()
        with pytest.raises(JobFailed) as failed:
            job.wait(PATIENCE)
        assert "bob" in failed.value.what


def answer(bob: subprocess.Popen[str], line: str) -> None:
    """Type a line at bob's terminal."""
    assert bob.stdin is not None
    bob.stdin.write(f"{line}\n")
    bob.stdin.flush()


def hear(bob: subprocess.Popen[str], words: str) -> None:
    """Read bob's terminal until it says this, which is a pattern."""
    assert bob.stdout is not None
    timer = threading.Timer(PATIENCE, bob.kill)
    timer.start()
    said = [""]
    while not re.search(words, said[-1]):
        said.append(bob.stdout.readline())
        assert said[-1], said
    timer.cancel()


def waits(job: Any) -> None:
    """Until a job waits for its peer."""
    until(lambda: job.awaits)


def test_a_peers_job_waits_to_be_approved(both: Apart) -> None:
    both.certify()
    with both.there("bob", "--accept", "ask") as bob, both.here("alice") as alice:
        job = alice.apply(tutorial("wanted"))
        hear(bob, "approve wanted, or %kuscia refuse wanted")
        waits(job)
        assert job.awaits == ["bob has to approve this job at its own node before anything runs"]
        assert job.awaits[0] in repr(Report.of(job).text())
        with pytest.raises(JobError, match="is still Running after 0 s: bob has to approve this job"):
            job.wait(0)
        answer(bob, "approve other")
        answer(bob, "approve wanted")
        assert job.wait(PATIENCE).phase == "Succeeded"
        assert job.awaits == []
        assert {*job.conditions.query("type == 'PeersApproved'")["status"]} == {"False", "True"}
        bob.send_signal(signal.SIGTERM)
        assert bob.wait(PATIENCE) == 0


def test_a_cell_that_runs_again_does_not_lose_what_its_peer_keeps(both: Apart) -> None:
    with both.there("bob", "--accept", "ask") as bob, both.here("alice") as alice:
        job = alice.apply(tutorial("unwanted"))
        waits(job)
        answer(bob, "refuse unwanted")
        with pytest.raises(JobFailed, match="bob has refused the job"):
            job.wait(PATIENCE)
        hear(bob, "unwanted of alice is Failed")
        job = alice.apply(tutorial("unwanted"), replace=True)  # of what was refused nothing is lost
        waits(job)
        answer(bob, "approve unwanted")
        assert job.wait(PATIENCE).phase == "Succeeded"
        with pytest.raises(JobError, match="bob keeps the job unwanted that has run before, so it stays here, too"):
            alice.apply(tutorial("unwanted"), replace=True)
        assert len(alice.job("unwanted").shares("alice")) == 21
    with both.here("alice") as alice:
        with pytest.raises(KusciaError, match="bob is unreachable"):
            alice.apply(tutorial("unwanted"), replace=True)
        assert len(alice.job("unwanted").shares("alice")) == 21


def test_the_reason_of_the_other_side_is_said_here_and_its_cells_are_not(both: Apart) -> None:
    with both.there("bob") as bob, both.here("alice") as alice:
        (both.folder / "bob" / "data" / "perfect_logit_b.csv").write_text("x1\ncell-4711\n")
        job = alice.apply(tutorial("bad-data"))
        with pytest.raises(JobFailed, match="bob's data file cannot be used") as failed:
            job.wait(PATIENCE)
        everything = [str(failed.value), job.conditions.to_string(), job.exchanges.to_string(), job.logs("alice")]
        assert not any("4711" in text for text in everything)
        hear(bob, "failed here: the cell is not a number")


def test_a_partner_hears_why_the_initiators_program_has_failed(both: Apart) -> None:
    with both.there("bob") as bob, both.here("alice") as alice:
        (both.folder / "alice" / "data" / "perfect_logit_a.csv").write_text("x1,y\ncell-4711,1\n")
        with pytest.raises(DataError):
            alice.apply(tutorial("bad-data")).wait(PATIENCE)
        hear(bob, "bad-data of alice is Failed: .*alice's data file cannot be used")
        (both.folder / "alice" / "data" / "perfect_logit_a.csv").unlink()
        write_sample(both.folder / "alice" / "data" / "perfect_logit_a.csv", None)
        job = alice.apply(tutorial("long", num_epoch=10_000))
        until(lambda: job.tasks["progress"].max() > 0)
        job.stop()
        hear(bob, "long of alice is Failed: .*(alice has stopped the job|was stopped at alice)")


def test_buttons_and_words_where_a_job_waits(both: Apart) -> None:
    with both.here("bob", accept="ask") as bob, both.there_applying("alice", tutorial("asked")):
        until(lambda: len(bob.jobs()) and bob.job("asked").awaits_approval)
        job = bob.job("asked")
        assert "%kuscia approve asked, or %kuscia refuse asked" in Report.of(job).text()
        assert "%kuscia approve asked" in repr(status(bob))
        view = Widgets(job, speaker())
        state = State(job.name, job.events)
        state.catch_up()
        view.update(state)
        assert [button.description for button in view.row.children] == ["Approve", "Refuse", "Stop", "Delete"]
        view.row.children[0].click()
        until(lambda: job.ended())
        state.catch_up()
        view.update(state)
        assert [button.description for button in view.row.children] == ["Stop", "Delete"]
        assert job.phase == "Succeeded"


@pytest.mark.parametrize(
    ("words", "manifest", "said"),
    [
        (["--accept", "never"], tutorial("no"), "bob takes no jobs of its peers"),
        (["--reveal", "never"], tutorial("no", reveal="both"), "bob reveals nothing"),
    ],
)
def test_a_node_that_refuses_says_so_before_anything_runs(
    both: Apart, words: list[str], manifest: str, said: str
) -> None:
    with both.there("bob", *words), both.here("alice") as alice:
        job = alice.apply(manifest)
        with pytest.raises(JobFailed, match=said):
            job.wait(PATIENCE)
        assert job.tasks.empty


def test_a_peers_job_reads_nothing_but_data(both: Apart) -> None:
    document = yaml.safe_load(tutorial("elsewhere"))
    (task,) = document["spec"]["tasks"]
    told = json.loads(task["taskInputConfig"])
    told["task_params"]["guest"]["0"]["namespace"] = "revealed"
    task["taskInputConfig"] = json.dumps(told)
    said = "names bob: revealed/; a peer's job may name files in data/ only"
    with both.there("bob"), both.here("alice") as alice, pytest.raises(JobFailed, match=said):
        alice.apply(document).wait(PATIENCE)


def test_two_nodes_know_each_other_by_their_certificates(both: Apart) -> None:
    both.certify()
    mallory = make("mallory", both.folder)
    with both.there("bob"), both.here("alice") as alice:
        assert alice.apply(tutorial("secured", reveal="both")).wait(PATIENCE).weights().shape[0] == 21
        (peer,) = alice.peers().to_dict("records")
        assert peer["fingerprint"] == both.identities["bob"].fingerprint
        bobs = both.identities["bob"].certificate

        def asked(identity: Identity, sender: str) -> Response:
            call = http_transport(both.url("bob"), tls=client_tls(identity, bobs))
            return call(
                Request("POST", "/v1/kuscia-nb/about", {"X-Node-Id": sender, "Content-Type": "application/json"})
            )

        assert json.loads(asked(both.identities["alice"], "alice").body)["data"]["domain"] == "bob"
        assert json.loads(asked(both.identities["alice"], "").body)["data"]["domain"] == "bob"
        refused = asked(both.identities["alice"], "carol")
        assert (refused.status, b"X-Node-Id is carol, but the certificate is alice's" in refused.body) == (403, True)
        with pytest.raises(OSError, match=r"(?i)alert|unknown|reset|eof|closed"):
            asked(mallory, "alice")
        with pytest.raises(ConnectionError):
            http_transport(both.url("bob").replace("https", "http"))(Request("GET", "/", {}))


def test_a_peer_behind_a_gateway_with_a_path_and_a_token(both: Apart) -> None:
    with Gateway(both.ports["bob"], "/user/bob/proxy/8085", "token 4711") as gateway, both.there("bob"):
        peers = {"bob": f"http://127.0.0.1:{gateway.port}/user/bob/proxy/8085"}
        with both.here("alice", peers=peers) as alice:
            (peer,) = alice.peers().to_dict("records")
            assert "403" in peer["error"]
        headers = {"bob": {"Authorization": "token 4711"}}
        with both.here("alice", peers=peers, peer_headers=headers) as alice:
            (peer,) = alice.peers().to_dict("records")
            assert peer["error"] == ""
            assert alice.apply(tutorial("through")).wait(PATIENCE).phase == "Succeeded"
        opened = Settings.read(**{**both.told("alice"), "peers": peers, "peer_headers": headers})
        assert "4711" not in repr(opened)
        dial = dial_of(opened, opened.peers["bob"])
        assert dial is not None
        with pytest.raises(Unreached, match="the node is there, and does not expect 'nothing' yet"):
            dial.open("nothing", PATIENCE)  # a link goes through it, too


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"listen": "0.0.0.0:8084"}, "0.0.0.0:8084 can be reached from other machines, and no identity is given"),
        ({"peers": {"bob": "http://bob.example:8084"}}, "bob is on another machine"),
        ({"ttp": "http://ttp.example:9449"}, "the TTP is on another machine"),
        ({"ttp": "https://ttp.example:9449"}, "https goes with its certificate and this node's identity"),
        ({"ttp": "https://ttp.example:9449", "ttp_certificate": "ttp.crt"}, "https goes with its certificate"),
        ({"peers": {"bob": "bob:8084"}}, "is not the URL of bob"),
        ({"peers": {"bob": "https://127.0.0.1:1"}}, "nothing says which certificate is bob's"),
        ({"peers": {"alice": "http://127.0.0.1:1"}}, "alice is its own peer"),
        ({"peers": {}}, "alice has no peer"),
        ({"name": "Alice"}, "is not the name of a node"),
        ({"accept": "maybe"}, "accept 'maybe' is unknown"),
        ({"ttp_key": "nowhere.pem"}, "there is no key of the TTP: nowhere.pem"),
        ({"trust": {"bob": "bob.crt"}, "identity": None}, "bob.crt"),
        ({"peer_headers": {"carol": {"Authorization": "token 4711"}}}, "headers for carol, which is no peer"),
        ({"peer_headers": {"bob": {"Authorization": "token\r\nX-Node-Id: carol"}}}, "the header 'Authorization' for"),
        ({"peer_headers": {"bob": {"Authorization token 4711": ""}}}, "the header for bob"),
        ({"trust": {"carol": "carol.crt"}}, "carol is trusted, but is no peer"),
    ],
)
def test_settings_that_cannot_be(places: Apart, more: dict[str, Any], said: str) -> None:
    with pytest.raises(KusciaError) as caught:
        Settings.read(**{**places.told("alice"), **more})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("more", "whose"),
    [
        ({"listen": "0.0.0.0:8084"}, "this machine"),
        ({"peers": {"bob": "http://bob.example:8084"}}, "this machine"),
        ({"peers": {"bob": "http://bob.example:8084"}, "ttp": "bob.example:9449"}, "bob's machine"),
        ({"listen": "0.0.0.0:8084", "ttp": "2130706433:9449"}, "this machine"),  # 127.0.0.1, as one number
        ({"peers": {"bob": "http://192.0.2.1:8084"}, "ttp": "3221225985:9449"}, "bob's machine"),  # 192.0.2.1
    ],
)
def test_a_ttp_that_a_party_runs_is_refused(places: Apart, more: dict[str, Any], whose: str) -> None:
    told = {**places.told("alice"), "insecure": True, **more}
    with pytest.raises(KusciaError, match=f"is on {whose}: who runs the TTP together with one party reads"):
        Settings.read(**told)
    settings = Settings.read(**told, i_run_the_ttp=True)
    assert settings.insecure
    assert settings.consent.accept == "ask"
    assert settings.warnings[0].startswith("insecure: ")


@pytest.mark.parametrize(("whose", "said"), [("alice", "this machine"), ("bob", "bob's machine")])
def test_a_ttp_with_a_partys_certificate_is_refused(both: Apart, whose: str, said: str) -> None:
    both.certify()
    shown = both.identities[whose].certificate_file
    told = {
        **both.told("alice"),
        "peers": {"bob": "https://192.0.2.1:8084"},
        "ttp": "https://192.0.2.9:9449",
        "ttp_certificate": shown,
    }
    with pytest.raises(KusciaError, match=f"is on {said}, as its certificate says"):
        Settings.read(**told)
    neutral = make("ttp", both.folder).certificate_file
    assert Settings.read(**{**told, "ttp_certificate": neutral}).ttp == "192.0.2.9:9449"


def test_a_result_that_nobody_of_the_task_may_learn_is_refused_before_it_starts(alice: Cluster) -> None:
    with pytest.raises(JobError, match="reveals its result to carol, which is no party of it"):
        alice.apply(tutorial("for-carol", reveal="carol"))
    assert "for-carol" not in set(alice.jobs()["name"])


def test_a_connection_is_the_same_if_a_cell_runs_twice(both: Apart) -> None:
    first = kn.connect("node", **both.told("alice"))
    try:
        assert kn.connect("node", **both.told("alice")) is first
        assert kn.connect() is first
        with pytest.raises(KusciaError, match="is up already, with other settings"):
            kn.connect("node", **{**both.told("alice"), "accept": "never"})
        (peer,) = first.peers().to_dict("records")
        assert "bob is unreachable" in peer["error"]
    finally:
        first.close()
    local = kn.connect()
    assert list(local.nodes) == ["alice", "bob"]
    with pytest.raises(KusciaError, match="alone in its kernel has this: there are no peers elsewhere"):
        local.peers()
    with pytest.raises(KusciaError, match="a node needs its name"):
        kn.connect("node")
    with pytest.raises(KusciaError, match="peers: for a node alone"):
        kn.connect(peers={"bob": "http://127.0.0.1:8085"})
    local.close()
