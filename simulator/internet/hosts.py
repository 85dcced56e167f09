"""Which address a host name has, asked from inside a VPC."""

from hashlib import sha256
from ipaddress import ip_network

from simulator.internet.filters import Describes
from simulator.internet.routes import one

# Everybody out there lives in the block that is reserved for benchmarks, RFC 2544: no real network has it.
OUT_THERE = ip_network("198.18.0.0/15")


def address_of(describes: Describes, host: str, region: str) -> str:
    """A service's interface endpoint has its name; S3 lies in its prefix list; everybody else is out there."""
    service = host.removesuffix(f".{region}.amazonaws.com")
    if service.rpartition(".")[2] == "s3":
        return _of_s3(describes, region) or _out_there(host)
    return _of_endpoint(describes, f"com.amazonaws.{region}.{service}") or _out_there(host)


def _of_endpoint(describes: Describes, service_name: str) -> str | None:
    for endpoint in describes.get("VpcEndpoints", ()):
        answers = endpoint.get("PrivateDnsEnabled") and endpoint.get("State") == "available"
        if endpoint["ServiceName"] == service_name and answers and endpoint.get("NetworkInterfaceIds"):
            found = one(describes, "NetworkInterfaces", "NetworkInterfaceId", endpoint["NetworkInterfaceIds"][0])
            return str(found["PrivateIpAddress"]) if found else None
    return None


def _of_s3(describes: Describes, region: str) -> str | None:
    found = one(describes, "PrefixLists", "PrefixListName", f"com.amazonaws.{region}.s3")
    return str(ip_network(found["Cidrs"][0])[1]) if found and found["Cidrs"] else None


def _out_there(host: str) -> str:
    return str(OUT_THERE[int.from_bytes(sha256(host.encode()).digest()[:4], "big") % OUT_THERE.num_addresses])
