"""What is run in containers of a real engine: outputs, codes, streams, files, and what is said when it cannot be."""

from __future__ import annotations

import gc
import io
import threading

import pytest
from scripted import Start, until

from kuscia_nb.backends.docker.engine import Engine
from kuscia_nb.backends.docker.exec import Exec
from kuscia_nb.backends.docker.files import STORAGE, RemoteFolder, put
from kuscia_nb.errors import EngineError, TimeLimit

pytestmark = pytest.mark.docker


@pytest.fixture
def exec(start: Start, engine: Engine) -> Exec:
    return Exec(engine, start().name)


def processes(exec: Exec) -> str:
    return exec.run(["ps"]).text


def test_output_errors_and_code_are_apart(exec: Exec) -> None:
    ran = exec.run(["sh", "-c", 'echo "$1"; echo bad >&2; exit 7', "sh", "a b; $(rm -rf /)"])
    assert (ran.code, ran.text, ran.complaint) == (7, "a b; $(rm -rf /)\n", "bad")
    assert exec.run(["no-such-program"]).code in (126, 127)


def test_input_and_output_are_whole(exec: Exec) -> None:
    sent = bytes(range(256)) * 20_000
    assert exec.run(["cat"], b"").out == b""
    assert exec.run(["wc", "-c"], sent).text.strip() == str(len(sent))
    exec.run(["sh", "-c", "cat > /tmp/big"], io.BytesIO(sent))
    assert exec.run(["cat", "/tmp/big"]).out == sent


def test_what_comes_at_once_is_not_lost(exec: Exec) -> None:
    """The answer's header and the first output may come in one piece."""
    results: list[bytes] = []

    def ask() -> None:
        results.extend(exec.run(["echo", "at once"]).out for _ in range(15))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [b"at once\n"] * 60


def test_a_silent_program_is_not_waited_for(exec: Exec) -> None:
    with pytest.raises(TimeLimit, match=r"sleep was silent for 0\.2 s"):
        exec.run(["sleep", "1000"], limit=0.2)


def test_a_followed_program_ends_with_its_stream(exec: Exec) -> None:
    stream = exec.follow(["sh", "-c", "echo 1; echo oh >&2; exec sleep 1234"])
    chunks = iter(stream)
    assert next(chunks) == b"1\n"
    assert "sleep 1234" in processes(exec)
    ender = threading.Timer(0.2, stream.end)
    ender.start()
    assert list(chunks) == []
    assert stream.errors == b"oh\n"
    stream.close()
    until(lambda: "sleep 1234" not in processes(exec), "the program ends")


def test_a_followed_program_that_ends_says_how(exec: Exec) -> None:
    stream = exec.follow(["sh", "-c", "echo 1; exit 3"])
    assert b"".join(stream) == b"1\n"
    assert stream.exit_code == 3
    stream.close()


def test_a_stream_ends_with_its_container(start: Start, engine: Engine) -> None:
    node = start()
    exec = Exec(engine, node.name)
    stream = exec.follow(["sh", "-c", "echo 1; exec sleep 1000"])
    chunks = iter(stream)
    next(chunks)
    node.container.kill()
    assert list(chunks) == []
    stream.close()
    with pytest.raises(EngineError, match=r"tester-kuscia-autonomy-alice is not running\n.*docker start") as caught:
        exec.run(["true"])
    assert "docker logs" in caught.value.hint
    assert engine.container(node.name).why == f"{node.name} is exited: it was killed (exit code 137)"


def test_states_are_told_apart(start: Start, engine: Engine) -> None:
    node = start()
    exec = Exec(engine, node.name)
    node.container.pause()
    with pytest.raises(EngineError, match="is paused"):
        exec.run(["true"])
    node.container.unpause()
    with pytest.raises(EngineError, match="there is no container nobody"):
        Exec(engine, "nobody").run(["true"])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK forgets its socket
def test_no_engine_says_what_was_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineError, match=r"no Docker engine answers at unix://.*none\.sock") as caught:
        Engine()
    assert "start Docker" in caught.value.hint
    del caught
    gc.collect()


def test_a_folder_is_read(exec: Exec) -> None:
    storage = RemoteFolder(exec, STORAGE)
    put(exec, "a b.csv", io.BytesIO(b"x,y\n1,2\n"))
    put(exec, "a b.csv", io.BytesIO(b"x,y\n3,4\n"))
    exec.run(["ln", "-s", "a b.csv", str(STORAGE / "data" / "link.csv")])
    data = storage / "data"
    found = {file.name: file.stat().st_size for file in data.iterdir() if file.is_file()}
    assert found == {"a b.csv": 8, "link.csv": 8}
    assert (data / "a b.csv").read_text("utf-8") == "x,y\n3,4\n"
    assert data.exists()
    assert not data.is_file()
    assert not (data / "none").exists()
    with pytest.raises(FileNotFoundError):
        (data / "none").read_bytes()
    with pytest.raises(FileNotFoundError):
        list((storage / "none").iterdir())
