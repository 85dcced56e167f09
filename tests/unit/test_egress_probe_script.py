"""The script that runs on other people's machines, run here by every shell there is; real TLS, or a curl of ours."""

import json
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from control_plane.domain.probe.answer import OUTPUT_LIMIT, read_answer
from control_plane.domain.probe.ledger import CONNECTIONS, Question
from tests.loopback_tls import Page, certificate, serving
from tests.probe_world import framed

SCRIPT = Path(__file__).parents[2] / "probe/egress_probe.sh"
TEXT = SCRIPT.read_text()
SHELLS = [
    pytest.param(command.split(), id=command)
    for command in ("sh", "dash", "bash", "bash --posix", "busybox sh", "ksh")
    if shutil.which(command.split()[0])
]
NONCE = "0123456789abcdef" * 2
LONGEST_URL = f"https://{'a' * 253}:65535/{'b' * 200}"

PAGES = {
    "echo": Page(b"203.0.113.10\n"),
    "bare": Page(b"203.0.113.10"),
    "dos": Page(b"203.0.113.10\r\n"),
    "six": Page(b"2001:db8::1\n"),
    "page": Page(b"<html>Who are you?</html>"),
    "quotes": Page(b'"},{"url":0,"address":"198.51.100.1'),
    "backslash": Page(b"203.0.113.10\\"),
    "blank": Page(b"203.0.113.10 198.51.100.1"),
    "nothing": Page(b""),
    "shell": Page(b"$(touch marker)`touch marker`;touch marker"),
    "unicode": Page("２０３.0.113.10".encode()),
    "long": Page(b"1" * 33),
    "very-long": Page(b"1" * 10_000),
    "nul": Page(b"203.0.113.10\x00'$(reboot)"),
    "control": Page(b"203.0.113.10\x07\x1b[2J"),
    "refusing": Page(b"203.0.113.10", status=403),
    "broken": Page(status=503),
    "endless": Page(b"1" * 1_000, endless=True),
}


def url(name: str) -> str:
    return f"https://{name}.in.test/"


def run(command: list[str], folder: Path, first_on_path: Path) -> dict[str, Any]:
    """Run it as an agent would: nothing in the environment but a PATH, and a proxy that it must not use."""
    env = {"PATH": f"{first_on_path}:/usr/bin:/bin", "https_proxy": "http://127.0.0.1:1"}
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, check=True)
    assert done.stderr == b""
    line, frame = done.stdout.decode().splitlines()
    nonce, length, digest = frame.split(" ")
    answer = json.loads(line)
    assert nonce == answer["nonce"]
    assert (int(length), digest) == (len(line.encode()), sha256(line.encode()).hexdigest())
    return dict(answer)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def port(pem: Path) -> Iterator[int]:
    with serving(lambda place: PAGES[place.partition(".")[0]], pem) as port:
        yield port


@pytest.fixture
def on_path(tmp_path: Path) -> Callable[[str], Path]:
    """Put a curl of our own on the PATH, of which this is the script."""

    def put(body: str) -> Path:
        curl = tmp_path / "bin/curl"
        curl.parent.mkdir()
        curl.write_text(f"#!/bin/sh\n{body}\n")
        curl.chmod(0o755)
        return curl.parent

    return put


@pytest.fixture
def real_curl(on_path: Callable[[str], Path], pem: Path, port: int) -> Path:
    """The machine's own curl, which finds every name on loopback and waits a second at most."""
    return on_path(f'exec {shutil.which("curl")} "$@" --connect-to ::127.0.0.1:{port} --cacert {pem} --max-time 1')


def command(
    *, echo: str = "-", must: str = "-", must_not: str = "-", times: int = 1, by: tuple[str, ...] = ("sh",)
) -> list[str]:
    return [*by, str(SCRIPT), NONCE, echo, must, must_not, str(times)]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_prints_the_line_and_its_frame(shell: list[str], real_curl: Path, tmp_path: Path) -> None:
    echo = f"{url('echo')},{url('bare')}"
    asked = command(echo=echo, must=url("broken"), must_not=url("echo"), times=2, by=tuple(shell))
    answer = run(asked, tmp_path, real_curl)

    seen = [{"url": place, "address": "203.0.113.10", "source": "127.0.0.1"} for place in (0, 0, 1, 1)]
    assert sorted(answer["addresses"], key=str) == seen
    assert answer["must_reach"] == [{"url": 0, "status": 503}]
    assert answer["must_not_reach"] == [{"url": 0, "status": 200}]
    assert answer["nonce"] == NONCE
    assert answer["started"] <= answer["ended"]


@pytest.mark.parametrize("shell", SHELLS)
def test_it_says_the_same_from_inside_single_quotes(shell: list[str], real_curl: Path, tmp_path: Path) -> None:
    """As an SSM document carries it, and as the agent splits a session's command into words."""
    line = f"{shlex.join(shell)} -c '\n{TEXT}' egress_probe {NONCE} {url('echo')} - {url('broken')} 1"
    answer = run(shlex.split(line), tmp_path, real_curl)

    assert answer["addresses"] == [{"url": 0, "address": "203.0.113.10", "source": "127.0.0.1"}]
    assert answer["must_not_reach"] == [{"url": 0, "status": 503}]


@pytest.mark.parametrize("ending", ["'", "{{"])
def test_it_holds_nothing_that_would_end_the_quotes_or_be_taken_for_a_parameter(ending: str) -> None:
    assert ending not in TEXT


@pytest.mark.parametrize("name", ["echo", "bare", "dos"])
def test_a_line_end_is_no_part_of_an_address(name: str, real_curl: Path, tmp_path: Path) -> None:
    [seen] = run(command(echo=url(name)), tmp_path, real_curl)["addresses"]
    assert seen["address"] == "203.0.113.10"


def test_an_address_of_the_other_kind_is_passed_on_as_it_came(real_curl: Path, tmp_path: Path) -> None:
    [seen] = run(command(echo=url("six")), tmp_path, real_curl)["addresses"]
    assert seen["address"] == "2001:db8::1"


@pytest.mark.parametrize(
    "name",
    ["page", "quotes", "backslash", "blank", "nothing", "shell", "unicode", "long", "very-long", "nul", "control"],
)
def test_a_text_that_could_be_anything_is_called_rubbish(name: str, real_curl: Path, tmp_path: Path) -> None:
    [seen] = run(command(echo=url(name)), tmp_path, real_curl)["addresses"]
    assert seen["address"] == "rubbish"
    assert not (tmp_path / "marker").exists()


def test_a_stranger_who_sends_without_end_is_cut_off(real_curl: Path, tmp_path: Path) -> None:
    answer = run(command(echo=url("endless"), must=url("endless")), tmp_path, real_curl)
    assert answer["addresses"] == [{"url": 0, "error": 28, "source": "127.0.0.1"}]
    assert answer["must_reach"] == [{"url": 0, "status": 200}]


def test_what_an_echo_service_says_beside_an_error_is_no_address(real_curl: Path, tmp_path: Path) -> None:
    assert run(command(echo=url("refusing")), tmp_path, real_curl)["addresses"] == [
        {"url": 0, "error": 22, "source": "127.0.0.1"}
    ]


def test_a_server_that_cannot_show_who_it_is_is_not_believed(
    on_path: Callable[[str], Path], port: int, tmp_path: Path
) -> None:
    trusting_nobody_new = on_path(f'exec {shutil.which("curl")} "$@" --connect-to ::127.0.0.1:{port}')
    answer = run(command(echo=url("echo"), must=url("echo")), tmp_path, trusting_nobody_new)
    assert answer["addresses"] == answer["must_reach"] == [{"url": 0, "error": 60}]


def test_every_connection_is_made_alike(on_path: Callable[[str], Path], tmp_path: Path) -> None:
    calls = on_path(f'printf "%s|" "$@" >>{tmp_path}/calls\necho >>{tmp_path}/calls\nexit 7')
    run(command(echo="https://a.b", must="https://c.d", must_not="https://e.f", times=3), tmp_path, calls)

    made = [line.rstrip("|\n").split("|") for line in (tmp_path / "calls").read_text().splitlines()]
    assert sorted(call[-1] for call in made) == [
        *["https://a.b"] * 4,  # one for each connection, and one over IPv6
        *["https://c.d"] * 2,  # and a second try
        *["https://e.f"] * 2,
    ]
    for call in made:
        assert call[:6] == ["-q", "--noproxy", "*", "-s", "--proto", "=https"]
        assert "--max-time" in call
    assert Counter(option for call in made for option in ("-4", "-6") if option in call) == {"-4": 7, "-6": 1}


def test_what_opens_at_the_second_try_is_open(on_path: Callable[[str], Path], tmp_path: Path) -> None:
    second = on_path(f"[ -e {tmp_path}/first ] && {{ printf 200; exit 0; }}\n: >{tmp_path}/first\nprintf 000\nexit 28")
    assert run(command(must="https://a.b"), tmp_path, second)["must_reach"] == [{"url": 0, "status": 200}]


def test_a_machine_without_curl_says_so(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "date", "tr", "sha256sum"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    asked = command(echo="https://a.b", must="https://c.d", by=("/usr/bin/env", f"PATH={tools}", "sh"))
    answer = run(asked, tmp_path, tools)
    assert answer["addresses"] == answer["must_reach"] == [{"url": 0, "error": 127}]


def test_a_nonce_that_passed_no_pattern_breaks_nothing(real_curl: Path, tmp_path: Path) -> None:
    hostile = ["sh", str(SCRIPT), '","x":"$(touch marker)', url("echo"), "-", "-", "1"]
    assert run(hostile, tmp_path, real_curl)["nonce"] == "rubbish"
    assert not (tmp_path / "marker").exists()


LONGEST_TEXT = "9" * 32


@pytest.mark.parametrize(
    "curl",
    [
        pytest.param(
            f'case "$*" in *local_ip*) printf "{LONGEST_TEXT} 255.255.255.255" ;; *) printf 599 ;; esac', id="all open"
        ),
        pytest.param("printf 000\nexit 127", id="none open"),
    ],
)
def test_the_longest_answer_there_can_be_is_shown_whole_by_run_command(
    curl: str, on_path: Callable[[str], Path], tmp_path: Path
) -> None:
    most = Question(
        nonce=NONCE, echo_urls=(LONGEST_URL,) * 5, must_reach=(LONGEST_URL,) * 20, must_not_reach=(LONGEST_URL,) * 20
    )
    answer = run(["sh", str(SCRIPT), *most.parameters().values()], tmp_path, on_path(curl))

    output = json.dumps(answer | {"interface": "i" * 15}, separators=(",", ":"))  # 15: the longest name Linux gives one
    assert len(answer["addresses"]) == 5 * CONNECTIONS
    whole = framed(output, NONCE)
    assert len(whole) < OUTPUT_LIMIT
    assert read_answer(whole, most).nonce == NONCE
