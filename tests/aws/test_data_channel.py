"""A WebSocket over real connections: opened or refused, read to its last word, kept alive, lost."""

import json
import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.frames import Opcode

from control_plane.aws import data_channel
from control_plane.aws.data_channel import ANSWER, OPENING, PING, SILENCE, DataChannel, NotOpened
from control_plane.session.frame import LARGEST
from control_plane.session.stream_url import StreamUrl
from tests.aws.gateway_on_loopback import Gateway, Peer, frame, gateway
from tests.loopback_tls import certificate
from tests.session.agent import NOON

SESSION = "ask-nodes-0a1b2c3d4e5f67890"
TARGET = f"/v1/data-channel/{SESSION}?role=publish_subscribe&cell-number=AAEAAXxZ+k/N0oRkJZBXIK7WQt2WLe/3Fu7y=="
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=made-up", "X-Amz-Date": "20251009T085320Z"}


@pytest.fixture
def ours() -> Iterator[Gateway]:
    with gateway() as server:
        yield server


def opened(server: Gateway, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> DataChannel:
    url = StreamUrl(secure=bool(server.tls), host=host, port=server.port, target=TARGET)
    return DataChannel.open(url, SIGNED, tls or ssl.create_default_context(), lambda: NOON)


@pytest.fixture
def ends(ours: Gateway) -> Iterator[tuple[DataChannel, Peer]]:
    channel = opened(ours)
    yield channel, ours.peer()
    channel.close()


def heard(channel: DataChannel) -> list[bytes]:
    """All that comes until nothing is left, waiting as the switchboard does."""
    messages: list[bytes] = []
    while not channel.lost and select.select([channel], [], [], 0.1)[0]:
        messages += channel.receive(NOON)
    return messages


# ---------------------------------------------------------------- opening


def test_the_upgrade_asks_for_the_url_as_it_came_and_says_nothing_that_is_not_needed(ours: Gateway) -> None:
    opened(ours).close()
    request = ours.peer().request
    assert request.path == TARGET
    assert dict(request.headers.raw_items()).keys() - SIGNED.keys() == {
        *("Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version")
    }
    assert (request.headers["Host"], request.headers["X-Amz-Date"]) == (f"127.0.0.1:{ours.port}", SIGNED["X-Amz-Date"])


A_PAGE = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99999\r\n\r\n" + bytes(ANSWER)


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        pytest.param({"status": 403}, 403, "InvalidStatus", id="forbidden"),
        pytest.param({"status": 503}, 503, "InvalidStatus", id="unavailable"),
        pytest.param({"answer": b"HTTP/1.1 101 OK\r\n\r\n"}, 0, "InvalidUpgrade", id="no WebSocket"),
        pytest.param({"answer": b"garbage\r\n\r\n"}, 0, "InvalidMessage", id="no HTTP"),
        pytest.param({"answer": A_PAGE}, 0, "AnswerTooLong", id="a page and more"),
    ],
)
def test_a_refused_upgrade_says_how_it_was_answered(
    ours: Gateway, answer: dict[str, Any], status: int, reason: str
) -> None:
    vars(ours).update(answer)
    with pytest.raises(NotOpened) as raised:
        opened(ours)
    assert (raised.value.status, raised.value.reason) == (status, reason)


def test_nobody_there_is_told_at_once() -> None:
    with gateway() as gone:
        pass
    with pytest.raises(NotOpened, match="ConnectionRefusedError"):
        opened(gone)


def test_an_answer_that_does_not_come_is_waited_for_so_long_and_no_longer(
    ours: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_channel, "OPENING", 0.05)
    ours.answer = b""
    with pytest.raises(NotOpened, match="TimeoutError"):
        opened(ours)


def test_an_answer_that_comes_by_the_byte_has_no_longer_than_another(ours: Gateway) -> None:
    ours.answer = b"HTTP/1.1 "

    def by_the_byte() -> Iterator[float]:
        yield from [NOON] * 3  # until something has come
        peer = ours.peer()
        for seconds, byte in enumerate(b"403 Forbidden\r\nContent-Length: 0\r\n\r\n"):
            peer.send_raw(bytes([byte]))
            yield NOON + seconds

    clock = by_the_byte()
    url = StreamUrl(secure=False, host="127.0.0.1", port=ours.port, target=TARGET)
    with pytest.raises(NotOpened, match="TimeoutError"):
        DataChannel.open(url, SIGNED, ssl.create_default_context(), lambda: next(clock))
    assert next(clock) == NOON + OPENING + 1


def test_a_refusal_keeps_the_answers_text_to_itself(ours: Gateway) -> None:
    ours.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nsecret"
    with pytest.raises(NotOpened) as raised:
        opened(ours)
    assert "secret" not in f"{raised.value} {vars(raised.value)}"


# ---------------------------------------------------------------- TLS


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Gateway, ssl.SSLContext]]:
    """A gateway with a certificate for *.in.test, a context that trusts it, and a resolver that finds it."""
    pem, real = certificate(tmp_path), socket.getaddrinfo
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, *more: real("127.0.0.1", port, *more))
    with gateway(tls) as server:
        yield server, ssl.create_default_context(cafile=pem)


def test_a_burst_over_tls_arrives_whole_though_select_sees_only_the_socket(
    sealed: tuple[Gateway, ssl.SSLContext],
) -> None:
    server, trust = sealed
    channel = opened(server, "gateway.in.test", trust)
    burst = [b"%d" % number * 700 for number in range(300)]
    server.peer().send_raw(b"".join(frame(Opcode.BINARY, message) for message in burst))
    assert heard(channel) == burst
    assert not channel.lost
    channel.close()


@pytest.mark.parametrize("host", ["gateway.elsewhere.test", "gateway.in.test"], ids=["another name", "nobody we trust"])
def test_a_certificate_that_does_not_fit_opens_nothing(sealed: tuple[Gateway, ssl.SSLContext], host: str) -> None:
    server, trust = sealed
    with pytest.raises(NotOpened, match="SSLCertVerificationError"):
        opened(server, host, None if host == "gateway.in.test" else trust)
    assert server.channels.empty()


# ---------------------------------------------------------------- talking


def test_messages_go_both_ways_and_the_first_may_come_with_the_answer(ours: Gateway) -> None:
    ours.with_it = frame(Opcode.BINARY, b"early")
    channel = opened(ours)
    assert [*channel.receive(NOON)] == [b"early"]
    channel.send(json.dumps({"TokenValue": "made-up"}))
    channel.send(b"\x00\x01")
    told = ours.peer().heard()
    assert [(each.opcode, bytes(each.data)) for each in told] == [
        (Opcode.TEXT, b'{"TokenValue": "made-up"}'),
        (Opcode.BINARY, b"\x00\x01"),
    ]
    channel.close()


def test_a_message_in_pieces_is_one_and_text_is_none(ends: tuple[DataChannel, Peer]) -> None:
    channel, peer = ends
    peer.send_raw(
        frame(Opcode.TEXT, b"he", fin=False)
        + frame(Opcode.CONT, b"llo")
        + frame(Opcode.BINARY, b"one ", fin=False)
        + frame(Opcode.PING)
        + frame(Opcode.CONT, b"message")
    )
    assert heard(channel) == [b"one message"]


def test_a_ping_is_answered(ends: tuple[DataChannel, Peer]) -> None:
    channel, peer = ends
    peer.send_raw(frame(Opcode.PING, b"there?"))
    assert heard(channel) == []
    assert [(each.opcode, bytes(each.data)) for each in peer.heard()] == [(Opcode.PONG, b"there?")]


def test_it_pings_every_half_minute(ends: tuple[DataChannel, Peer]) -> None:
    channel, peer = ends
    for at in (NOON + PING - 1, NOON + PING, NOON + PING + 1, NOON + 2 * PING):
        channel.wait(at)
    assert channel.due == NOON + 3 * PING
    assert [each.opcode for each in peer.heard()] == [Opcode.PING, Opcode.PING]


def test_a_minute_of_silence_after_a_ping_is_the_end(ends: tuple[DataChannel, Peer]) -> None:
    channel, peer = ends
    channel.wait(NOON + PING)
    peer.heard()  # and answers
    select.select([channel], [], [], 1.0)
    assert [*channel.receive(NOON + PING)] == []
    lost = []
    for at in (NOON + SILENCE, NOON + PING + SILENCE - 1, NOON + PING + SILENCE):
        channel.wait(at)
        lost.append(channel.lost)
    assert lost == ["", "", "silence"]


# ---------------------------------------------------------------- its end


def test_it_closes_in_good_order(ours: Gateway) -> None:
    opened(ours).close()
    assert [(each.opcode, bytes(each.data)) for each in ours.peer().heard()] == [(Opcode.CLOSE, b"\x03\xe8")]


@pytest.mark.parametrize(
    ("last", "why"),
    [
        pytest.param(frame(Opcode.CLOSE, b"\x03\xe8"), "closed with 1000", id="closed"),
        pytest.param(frame(Opcode.CLOSE, b"\x03\xf0no"), "closed with 1008", id="closed with a reason"),
        pytest.param(b"", "end of stream", id="hung up"),
        pytest.param(frame(Opcode.BINARY, bytes(LARGEST + 1)), "PayloadTooBig", id="too large a message"),
        pytest.param(b"\xff\xff", "ProtocolError", id="no WebSocket"),
    ],
)
def test_it_is_lost_when_the_last_message_has_been_received(
    ends: tuple[DataChannel, Peer], last: bytes, why: str
) -> None:
    channel, peer = ends
    peer.send_raw(frame(Opcode.BINARY, b"the last") + last)
    peer.hang_up()
    assert heard(channel) == [b"the last"]
    assert channel.lost == why
    channel.send(b"into the void")


def test_the_largest_message_is_taken(ends: tuple[DataChannel, Peer]) -> None:
    channel, peer = ends
    peer.send(bytes(LARGEST))
    assert heard(channel) == [bytes(LARGEST)]


def test_what_was_said_before_the_other_end_closed_is_heard_though_sending_fails(
    ends: tuple[DataChannel, Peer],
) -> None:
    channel, peer = ends
    said = [b"%d" % number * 900 for number in range(20)]
    channel.send(b"never read: it turns the closing into a reset")
    peer.send(*said)
    peer.hang_up()
    while channel.due:
        channel.send(b"an acknowledgement")
    assert not channel.lost
    assert heard(channel) == said
    assert channel.lost


def test_an_end_that_never_reads_is_as_good_as_gone(ends: tuple[DataChannel, Peer]) -> None:
    channel, peer = ends
    peer.send(b"still talking")
    while channel.due:
        channel.send(bytes(LARGEST))
    assert [*channel.receive(NOON)] == [b"still talking"]
    assert [*channel.receive(NOON)] == []
    assert channel.lost == "nothing can be sent"
