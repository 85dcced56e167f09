"""A large account: many subnets, each with its own route table and NAT gateway, and a request that names them all."""

from tests.accounts import Account, group, nat_gateway, open_acl, route, route_table, subnet


def large_account(groups: int, subnets: int) -> Account:
    account = Account()
    names = [f"subnet-{number}" for number in range(subnets)]
    account.network["Subnets"] += [subnet(name, f"10.0.{number}.0/24") for number, name in enumerate(names)]
    for name in names:
        account.network["NatGateways"].append(nat_gateway(f"nat-{name}", "203.0.113.7"))
        account.network["RouteTables"].append(
            route_table(f"rtb-{name}", name, routes=[route(NatGatewayId=f"nat-{name}")])
        )
    account.network["NetworkAcls"].append(open_acl("acl-large", *names))
    everywhere = {"Subnets": names, "SecurityGroupIds": ["sg-1"]}
    account.groups[:] = [group(f"group-{number}", "", OverrideVpcConfig=everywhere) for number in range(groups)]
    return account
