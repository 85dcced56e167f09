"""The words for each sort of part."""

from collections.abc import Callable, Mapping
from typing import Any

from control_plane.domain.drift import filter_words, route_words
from control_plane.domain.drift.parts import Part, Parts, Sort
from control_plane.domain.drift.told import Told

WORDS: Mapping[Sort, Callable[[Part, Any, Any], Told]] = {
    Sort.SUBNET: route_words.subnet,
    Sort.ASSOCIATION: route_words.association,
    Sort.MAIN: route_words.main_table,
    Sort.TABLE: route_words.table,
    Sort.ROUTE: route_words.route,
    Sort.NAT: route_words.nat_gateway,
    Sort.GATEWAY: route_words.internet_gateway,
    Sort.ENDPOINT: route_words.endpoint,
    Sort.SERVED: route_words.served_table,
    Sort.ACL: filter_words.acl,
    Sort.ACL_ASSOCIATION: filter_words.acl_of_subnet,
    Sort.GROUP: filter_words.group,
    Sort.OUTBOUND: filter_words.outbound,
    Sort.ITSELF: filter_words.itself,
    Sort.LIST: filter_words.prefix_list,
    Sort.DNS: route_words.dns,
    Sort.INTERFACE: route_words.interface,
}


def told(part: Part, wanted: Parts, seen: Parts) -> Told:
    return WORDS[part.sort](part, wanted.get(part), seen.get(part))
