"""EC2's parameters and answers as CloudTrail writes them, which is in one of two ways.

Older operations: names with a small first letter, lists as ``{"items": [...]}``, and a requestId in the answer.
Newer ones: the names of the query, all within a ``<Operation>Request`` or ``<Operation>Response``; what is numbered in
the query carries its number as ``tag``, and stands alone when it is the only one.

Which operation is which we read from the service's model: only the older ones have a name of its own for DryRun. That
is inferred, and holds for all the records that we have seen.
Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html, and records of
CreateRoute, AuthorizeSecurityGroupEgress, ModifyNetworkInterfaceAttribute, CreateNatGateway and CreateVpcEndpoint from
the field.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import xmltodict  # type: ignore[import-untyped]  # moto brings it, without its stubs
from moto.core.utils import get_service_model

from simulator.cloudtrail.names import camel

Shape = dict[str, Any]

# Lists of plain ids that CloudTrail calls otherwise than the query does: its name, and what each id is called in it.
ID_LISTS = {
    "InstanceId": ("instancesSet", "instanceId"),
    "ResourceId": ("resourcesSet", "resourceId"),
    "SecurityGroupId": ("groupSet", "groupId"),
}


def request(operation: str, form: str) -> Shape | None:
    """
    >>> request("ReplaceRoute", "Action=ReplaceRoute&RouteTableId=rtb-1&NatGatewayId=nat-1")
    {'routeTableId': 'rtb-1', 'natGatewayId': 'nat-1'}
    >>> request("DeleteNatGateway", "Action=DeleteNatGateway&NatGatewayId=nat-1")
    {'DeleteNatGatewayRequest': {'NatGatewayId': 'nat-1'}}
    """
    asked = _tree(form)
    if _is_newer(operation):
        return {f"{operation}Request": _newer(_input(operation), asked)}
    return _older(_input(operation), asked) or None


def response(operation: str, content: bytes, request_id: str) -> Shape:
    """The answer's XML; ``return`` is no name that CloudTrail can use."""
    (answer,) = xmltodict.parse(content, force_list=("item",)).values()
    newer = _is_newer(operation)
    told = {name: _told(it, newer=newer) for name, it in answer.items() if name not in ("@xmlns", "requestId")}
    if newer:
        return {f"{operation}Response": told | {"requestId": request_id}}
    return {"requestId": request_id} | {"_return" if name == "return" else name: it for name, it in told.items()}


def _is_newer(operation: str) -> bool:
    dry_run = _input(operation).members.get("DryRun")  # some older ones have none
    return dry_run is not None and "name" not in dry_run.serialization


def _input(operation: str) -> Any:
    return get_service_model("ec2").operation_model(operation).input_shape


def _tree(form: str) -> Shape:
    """``A.1.B=c`` as ``{"A": {"1": {"B": "c"}}}``."""
    tree: Shape = {}
    for path, value in parse_qsl(form, keep_blank_values=True):
        *branches, leaf = path.split(".")
        here = tree
        for branch in branches:
            here = here.setdefault(branch, {})
        here[leaf] = value
    return tree


def _given(shape: Any, asked: Shape) -> Iterator[tuple[str, Any, Any]]:
    """The members that were asked for: name in the query, shape, value. EC2 passes over what it does not know."""
    for name, member in shape.members.items():
        wire = _wire_name(name, member)
        if wire in asked:
            yield wire, member, asked[wire]


def _wire_name(name: str, member: Any) -> str:
    own = member.serialization
    return str(own.get("queryName") or own.get("name", name)[:1].upper() + own.get("name", name)[1:])


def _older(shape: Any, asked: Any) -> Any:
    if shape.type_name != "structure":
        return _plain(shape, asked)
    told = {}
    for name, member, value in _given(shape, asked):
        if member.type_name == "list":
            listed, single = ID_LISTS.get(name, (_list_name(name), camel(name)))
            told[listed] = {"items": [_item(member.member, single, value[number]) for number in _numbers(value)]}
        else:
            told[camel(name)] = _older(member, value)
    return told


def _list_name(name: str) -> str:
    return camel(name) if name.endswith("s") else f"{camel(name)}Set"


def _item(shape: Any, name: str, asked: Any) -> Shape:
    told = _older(shape, asked)
    return told if isinstance(told, dict) else {name: told}


def _newer(shape: Any, asked: Any) -> Any:
    if shape.type_name == "list":
        numbered = [_tagged(_newer(shape.member, asked[number]), int(number)) for number in _numbers(asked)]
        return numbered[0] if len(numbered) == 1 else numbered
    if shape.type_name == "structure":
        return {name: _newer(member, value) for name, member, value in _given(shape, asked)}
    return _plain(shape, asked)


def _tagged(told: Any, number: int) -> Shape:
    return (told if isinstance(told, dict) else {"content": told}) | {"tag": number}


def _numbers(asked: Shape) -> list[str]:
    return sorted(asked, key=int)


def _plain(shape: Any, text: str) -> Any:
    if shape.type_name == "boolean":
        return text == "true"
    return int(text) if shape.type_name in ("integer", "long") else text


def _told(answer: Any, *, newer: bool) -> Any:
    if isinstance(answer, dict):
        told = {name: _told(inner, newer=newer) for name, inner in answer.items()}
        return told if newer or "item" not in told else {"items": told["item"]}
    if isinstance(answer, list):
        items = [_told(inner, newer=newer) for inner in answer]
        return items[0] if newer and len(items) == 1 else items
    return {"true": True, "false": False}.get(answer, answer)
