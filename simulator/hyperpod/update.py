"""What a cluster is to become by an UpdateCluster. Pure.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateCluster.html
"""

from simulator.hyperpod.cluster import Shape

KINDS = ("InstanceGroups", "RestrictedInstanceGroups")


def merged(spec: Shape, wish: Shape) -> Shape:
    """The whole wish for a cluster: a group that is named is told anew as a whole, others stay as they were.

    >>> group = {"InstanceGroupName": "a", "InstanceCount": 1}
    >>> merged({"InstanceGroups": [group]}, {"InstanceGroups": [group | {"InstanceCount": 2}]})
    {'InstanceGroups': [{'InstanceGroupName': 'a', 'InstanceCount': 2}]}
    """
    gone = wish.get("InstanceGroupsToDelete", [])
    rest = {key: value for key, value in wish.items() if key not in (*KINDS, "InstanceGroupsToDelete", "ClusterName")}
    return spec | rest | {kind: _groups(spec, wish, kind, gone) for kind in KINDS if kind in spec or kind in wish}


def _groups(spec: Shape, wish: Shape, kind: str, gone: list[str]) -> list[Shape]:
    told = {group["InstanceGroupName"]: group for group in [*spec.get(kind, []), *wish.get(kind, [])]}
    return [group for name, group in told.items() if name not in gone]
