"""What traffic from some subnets can come to, whichever of the routes it takes."""

from collections.abc import Iterable

from control_plane.domain.account.facts import Network
from control_plane.domain.account.network import RouteTable, Subnet


class Reach:
    def __init__(self, network: Network, subnets: Iterable[Subnet]) -> None:
        self._network = network
        self.vpc_ids: set[str] = set()
        self.stops: dict[str, RouteTable | None] = {}  # subnets that traffic is in, with the table in force
        self.main_tables: dict[str, str] = {}  # by VPC, where a stop has no table of its own
        self.tables: dict[str, RouteTable] = {}
        self.targets: set[str] = set()
        for subnet in subnets:
            self.vpc_ids.add(subnet.vpc_id)
            self._stop(subnet.subnet_id, subnet.vpc_id)

    def _stop(self, subnet_id: str, vpc_id: str) -> None:
        if subnet_id in self.stops:
            return
        self.stops[subnet_id] = table = self._network.table_of(subnet_id, vpc_id)
        if table and not self._network.own_table_id(subnet_id):
            self.main_tables[vpc_id] = table.route_table_id
        if table:
            self._table(table)

    def _table(self, table: RouteTable) -> None:
        if table.route_table_id not in self.tables:
            self.tables[table.route_table_id] = table
            for route in table.routes:
                self._target(route.target.id)

    def _target(self, target_id: str) -> None:
        if target_id in self.targets:
            return
        self.targets.add(target_id)
        nat, endpoint = self._network.nat_gateway.get(target_id), self._network.vpc_endpoint.get(target_id)
        if nat and nat.subnet_id:
            self._stop(nat.subnet_id, nat.vpc_id)
        elif nat and nat.route_table_id in self._network.route_table:
            self._table(self._network.route_table[nat.route_table_id])
        elif endpoint:
            for subnet_id in sorted(endpoint.subnet_ids)[:1]:  # an endpoint that carries traffic on stands in one
                self._stop(subnet_id, endpoint.vpc_id)
