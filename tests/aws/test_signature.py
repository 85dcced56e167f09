"""The signature of the upgrade, byte for byte: the vectors were made with the signer of AWS's own client."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials

from control_plane.aws.signature import PRESIGNED, signed_headers
from control_plane.errors import Misconfigured
from control_plane.session.stream_url import StreamUrl, read_stream_url

VECTORS = json.loads((Path(__file__).parents[1] / "session/vectors.json").read_text(encoding="utf-8"))["sigv4"]
PLAIN = StreamUrl(secure=True, host="ssmmessages.eu-west-1.amazonaws.com", port=443, target="/v1/data-channel/s-1")


def url_of(vector: dict[str, Any]) -> StreamUrl:
    session_id = vector["url"].partition("?")[0].rpartition("/")[2]
    return read_stream_url(vector["url"], session_id=session_id, region=vector["region"])


@pytest.mark.parametrize("vector", [pytest.param(each, id=each["name"]) for each in VECTORS])
def test_an_upgrade_is_signed_byte_for_byte(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    date = datetime.strptime(vector["amz_date"], "%Y%m%dT%H%M%S%z")
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: date)
    credentials = Credentials(vector["access_key"], vector["secret_key"], vector["session_token"] or None)
    expected = {"X-Amz-Date": vector["amz_date"], "Authorization": vector["authorization"]}
    if vector["session_token"]:
        expected["X-Amz-Security-Token"] = vector["session_token"]
    assert signed_headers(url_of(vector), vector["region"], credentials) == expected


@pytest.mark.parametrize("name", sorted(PRESIGNED))
def test_a_presigned_url_is_left_alone(name: str) -> None:
    url = StreamUrl(secure=True, host=PLAIN.host, port=443, target=f"{PLAIN.target}?role=publish_subscribe&{name}=x")
    assert signed_headers(url, "eu-west-1", None) == {}


def test_without_credentials_nothing_is_opened() -> None:
    with pytest.raises(Misconfigured, match="no AWS credentials"):
        signed_headers(PLAIN, "eu-west-1", None)
