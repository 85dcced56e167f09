"""Only what leads to this session, at this region's Session Manager, is given a signature and a token."""

import pytest

from control_plane.session.stream_url import StreamUrl, WrongStreamUrl, read_stream_url

SESSION = "ask-nodes-0a1b2c3d4e5f67890"
TARGET = f"/v1/data-channel/{SESSION}?role=publish_subscribe&cell-number=AAEAAXxZ+k/N0oRkJZBXIK7WQt2WLe/3Fu7y=="
QUERY = "role=publish_subscribe"


def read(text: str, region: str = "eu-central-1", *, loopback: bool = False) -> StreamUrl:
    return read_stream_url(text, session_id=SESSION, region=region, loopback=loopback)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        pytest.param("ssmmessages.eu-central-1.amazonaws.com", "eu-central-1", id="regional"),
        pytest.param("ssmmessages.us-gov-west-1.amazonaws.com", "us-gov-west-1", id="GovCloud"),
        pytest.param("ssmmessages-fips.us-east-1.amazonaws.com", "us-east-1", id="FIPS"),
        pytest.param("ssmmessages.eu-central-1.api.aws", "eu-central-1", id="dual-stack"),
        pytest.param("ssmmessages-fips.us-east-1.api.aws", "us-east-1", id="FIPS and dual-stack"),
        pytest.param("ssmmessages.cn-north-1.amazonaws.com.cn", "cn-north-1", id="China"),
        pytest.param("ssmmessages.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1", id="China, dual-stack"),
        pytest.param("vpce-0a1b-2c3d.ssmmessages.eu-west-1.vpce.amazonaws.com", "eu-west-1", id="VPC endpoint"),
        pytest.param(
            "vpce-0a1b-2c3d-eu-west-1a.ssmmessages.eu-west-1.vpce.amazonaws.com", "eu-west-1", id="VPC endpoint, zonal"
        ),
        pytest.param("vpce-0a1b-2c3d.ssmmessages.cn-north-1.vpce.amazonaws.com.cn", "cn-north-1", id="in China"),
    ],
)
def test_the_regions_endpoint_will_do_in_each_of_its_forms(host: str, region: str) -> None:
    url = read(f"wss://{host}{TARGET}", region)
    assert (url.secure, url.host, url.port, url.target, url.authority) == (True, host, 443, TARGET, host)
    assert read(f"wss://{host}:443{TARGET}", region) == url


HOST = "ssmmessages.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(f"ws://{HOST}{TARGET}", "scheme is ws, not wss", id="not encrypted"),
        pytest.param(f"https://{HOST}{TARGET}", "scheme is https", id="another scheme"),
        pytest.param(f"WSS://{HOST}{TARGET}", "no URL of the form", id="capital letters"),
        pytest.param(f"wss://me@{HOST}{TARGET}", "names a user", id="a user"),
        pytest.param(f"wss://{HOST}@evil.example{TARGET}", "names a user", id="our host as a user"),
        pytest.param(f"wss://{HOST}:8443{TARGET}", "port is not 443", id="another port"),
        pytest.param(f"wss://{HOST}:{TARGET[1:]}", "no URL of the form|port", id="no port"),
        pytest.param(f"wss://{HOST}:443:443{TARGET}", "port is not 443", id="two ports"),
        pytest.param(f"wss://{HOST}.evil.example{TARGET}", "no ssmmessages endpoint", id="our host as a prefix"),
        pytest.param(f"wss://evil{HOST}{TARGET}", "no ssmmessages endpoint", id="our host as a suffix"),
        pytest.param(f"wss://evil.{HOST}{TARGET}", "no ssmmessages endpoint", id="a label in front"),
        pytest.param(
            f"wss://vpce-1.evil.ssmmessages.eu-central-1.vpce.amazonaws.com{TARGET}", "no ssmmessages", id="two labels"
        ),
        pytest.param(f"wss://vpce-1.{HOST}{TARGET}", "no ssmmessages endpoint", id="half a VPC endpoint"),
        pytest.param(f"wss://ssmmessages.eu-central-1.amazonaws.com.cn{TARGET}", "no ssmmessages", id="China's domain"),
        pytest.param(f"wss://ssmmessages.us-east-1.amazonaws.com{TARGET}", "of eu-central-1", id="another region"),
        pytest.param(f"wss://ssm.eu-central-1.amazonaws.com{TARGET}", "no ssmmessages endpoint", id="another service"),
        pytest.param(f"wss://ssmmessages-eu-central-1-amazonaws.com{TARGET}", "no ssmmessages", id="no labels at all"),
        pytest.param(f"wss://{HOST}.{TARGET}", "no ssmmessages endpoint", id="the root's dot"),
        pytest.param(f"wss://{TARGET}", "'' is no ssmmessages endpoint", id="no host"),
        pytest.param(f"wss://127.0.0.1:8080{TARGET}", "port is not 443", id="this machine"),
        pytest.param(f"wss://{HOST}/v1/data-channel/other?{QUERY}", "path is not", id="another session"),
        pytest.param(f"wss://{HOST}/v1/data-channel/{SESSION}/x?{QUERY}", "path is not", id="a longer path"),
        pytest.param(f"wss://{HOST}/v1/control-channel/{SESSION}?{QUERY}", "path is not", id="another channel"),
        pytest.param(f"wss://{HOST}", "no URL of the form", id="no path"),
        pytest.param(f"wss://{HOST}{TARGET}#x", "no URL of the form", id="a fragment"),
        pytest.param(f"wss://{HOST}{TARGET} HTTP/1.1\r\nX: y", "no URL of the form", id="a header inside"),
        pytest.param(f"wss://{HOST}{TARGET}\n", "no URL of the form", id="a line's end"),
        pytest.param(f"wss://{HOST}{TARGET}é", "no URL of the form", id="not ASCII"),
        pytest.param("", "no URL of the form", id="nothing"),
    ],
)
def test_anything_else_is_refused_and_neither_path_nor_query_is_repeated(text: str, says: str) -> None:
    with pytest.raises(WrongStreamUrl, match=says) as raised:
        read(text)
    assert QUERY not in str(raised.value)
    assert SESSION not in str(raised.value)
    with pytest.raises(WrongStreamUrl):
        read(text, loopback=True)


def test_this_machine_will_do_where_a_test_says_so() -> None:
    url = read(f"ws://127.0.0.1:8080{TARGET}", loopback=True)
    assert (url.secure, url.host, url.port, url.target) == (False, "127.0.0.1", 8080, TARGET)
    assert url.authority == "127.0.0.1:8080"
    assert read(f"wss://{HOST}{TARGET}", loopback=True).host == HOST


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"ws://127.0.0.1:8080{TARGET}", id="this machine"),
        pytest.param(f"ws://127.0.0.1:8080@evil.example{TARGET}", id="this machine as a user"),
    ],
)
def test_elsewhere_this_machine_is_refused(text: str) -> None:
    with pytest.raises(WrongStreamUrl):
        read(text)


@pytest.mark.parametrize("authority", ["127.0.0.1", "127.0.0.1:99999", "127.0.0.1:0", "localhost:80", "10.0.0.1:80"])
def test_a_test_too_has_no_other_machine(authority: str) -> None:
    with pytest.raises(WrongStreamUrl):
        read(f"ws://{authority}{TARGET}", loopback=True)
