"""Three hosts and the cables between them: a node in a private subnet, a NAT, and the internet, which is ourselves.

    node 10.0.1.7 ── 10.0.1.1 nat 203.0.113.10 ── 203.0.113.1 internet 198.51.100.1

The public addresses are those kept for documentation: https://www.rfc-editor.org/rfc/rfc5737 and rfc3849.
"""

import subprocess
from dataclasses import dataclass

FIRST, SECOND = "203.0.113.10", "203.0.113.11"
NODE = "10.0.1.7"
PARTNER = "198.51.100.2"

HOSTS = f"""
198.51.100.1 echo.in.test other.in.test liar.in.test
2001:db8:3::1 echo.in.test
{PARTNER} partner.in.test
198.51.100.3 nobody.in.test
"""
LONGEST = 120  # seconds for a command; as long as an agent gives the script
NAMESERVER = "198.51.100.1"  # nothing listens there: names are found in HOSTS, or not at all


@dataclass(frozen=True)
class Network:
    """What may be different on the way out."""

    public: tuple[str, ...] = (FIRST,)  # the NAT's addresses; connections take turns
    blackholed: bool = False  # the way to the NAT
    rule: str = ""  # what the NAT does to packets on their way out, as nft says it: "tcp dport 443 drop"
    names: bool = True  # whether names are found
    ipv6: bool = False  # whether there is a way out over IPv6, which passes the NAT as it is


def build(network: Network) -> None:
    """Build it around the network namespace that we are in, which must be empty: it becomes the internet."""
    _ip("", _CABLES)
    _ip("node", _NODE)
    _ip("nat", _NAT)
    for address in network.public:
        _ip("nat", f"addr add {address}/24 dev outside")
    _ip("nat", f"route add {'blackhole default' if network.blackholed else 'default via 203.0.113.1'}")
    run(inside("nat", "nft", "-f", "-"), _rules(network))
    if network.ipv6:
        _ip("", "addr add 2001:db8:2::1/64 dev internet nodad\nroute add 2001:db8:1::/64 via 2001:db8:2::2")
        _ip("node", "addr add 2001:db8:1::7/64 dev eth0 nodad\nroute add default via 2001:db8:1::1")
        _ip("nat", _NAT_IPV6)
    for family in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        run(inside("nat", "sh", "-c", f"echo 1 >/proc/sys/net/{family}"))


def run(command: list[str], text: str = "", environment: dict[str, str] | None = None) -> None:
    """Run a command that reads this text."""
    subprocess.run(command, input=text, text=True, check=True, env=environment, timeout=LONGEST)  # noqa: S603 # nosec B603 # our own commands


def inside(host: str, *command: str) -> list[str]:
    """The command, as run on that host."""
    return ["nsenter", f"--net=/run/netns/{host}", *command]


_CABLES = f"""
netns add node
netns add nat
link add eth0 netns node type veth peer name inside netns nat
link add outside netns nat type veth peer name internet
addr add 203.0.113.1/24 dev internet
addr add 198.51.100.1/32 dev lo
addr add {PARTNER}/32 dev lo
addr add 2001:db8:3::1/128 dev lo nodad
link set lo up
link set internet up
"""
_NODE = f"""
addr add {NODE}/24 dev eth0
link set lo up
link set eth0 up
route add default via 10.0.1.1
"""
_NAT = """
addr add 10.0.1.1/24 dev inside
link set inside up
link set outside up
"""
_NAT_IPV6 = """
addr add 2001:db8:1::1/64 dev inside nodad
addr add 2001:db8:2::2/64 dev outside nodad
route add default via 2001:db8:2::1
"""


def _rules(network: Network) -> str:
    # A range of addresses would be chosen from by the sender's address: always the same one for the same node.
    turns = ", ".join(f"{turn} : {address}" for turn, address in enumerate(network.public))
    return f"""
        table inet nat {{
            chain forward {{
                type filter hook forward priority filter
                {network.rule}
            }}
            chain postrouting {{
                type nat hook postrouting priority srcnat
                oifname "outside" snat ip to numgen inc mod {len(network.public)} map {{ {turns} }}
            }}
        }}
    """


def _ip(host: str, lines: str) -> None:
    run(["ip", *(["-n", host] if host else []), "-batch", "-"], lines)
