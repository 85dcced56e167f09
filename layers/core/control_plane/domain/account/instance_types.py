"""What a HyperPod instance type takes of a subnet, as far as AWS or the field has said.

Max pods: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-eks-prerequisites.html
EFA interfaces: https://github.com/aws/sagemaker-hyperpod-cli (src/sagemaker/hyperpod/training/constants.py)
"""

from collections.abc import Mapping


def _table(rows: Mapping[int, str]) -> dict[str, int]:
    return {f"ml.{name}": number for number, names in rows.items() for name in names.split()}


EFA_INTERFACES = _table(
    {
        32: "p5.48xlarge p5e.48xlarge",
        16: "p5en.48xlarge p6-b300.48xlarge trn1n.32xlarge trn2.48xlarge",
        8: "p6-b200.48xlarge trn1.32xlarge",
        4: "p4d.24xlarge p4de.24xlarge g6e.48xlarge g7e.48xlarge",
        2: "g6e.24xlarge g7e.24xlarge",
        1: "p5.4xlarge trn2.3xlarge "
        "g5.8xlarge g5.12xlarge g5.16xlarge g5.24xlarge g5.48xlarge "
        "g6.8xlarge g6.12xlarge g6.16xlarge g6.24xlarge g6.48xlarge gr6.8xlarge "
        "g6e.8xlarge g6e.12xlarge g6e.16xlarge g7e.8xlarge g7e.12xlarge "
        "c5n.9xlarge c5n.18xlarge c6i.32xlarge m6i.32xlarge r6i.32xlarge m7i.48xlarge r7i.48xlarge "
        "i3en.12xlarge i3en.24xlarge",
    }
)
MAX_PODS = _table(
    {
        49: "p4d.24xlarge p4de.24xlarge p5.4xlarge p5.48xlarge p5e.48xlarge p5en.48xlarge "
        "p6-b200.48xlarge p6-b300.48xlarge trn1.32xlarge trn1n.32xlarge trn2.48xlarge "
        "g5.12xlarge g5.24xlarge g5.48xlarge g6.16xlarge g6.24xlarge g6.48xlarge "
        "g6e.16xlarge g6e.24xlarge g6e.48xlarge "
        "g7e.2xlarge g7e.4xlarge g7e.8xlarge g7e.12xlarge g7e.24xlarge g7e.48xlarge "
        "c5.18xlarge c5.24xlarge m5.16xlarge m5.24xlarge r5d.16xlarge",
        29: "g5.4xlarge g5.8xlarge g5.16xlarge g6.4xlarge g6.8xlarge g6.12xlarge g6e.4xlarge g6e.8xlarge g6e.12xlarge "
        "gr6.4xlarge gr6.8xlarge c5.4xlarge c5.9xlarge c5.12xlarge m5.4xlarge m5.8xlarge m5.12xlarge",
        14: "g5.xlarge g5.2xlarge g6.xlarge g6.2xlarge g6e.xlarge g6e.2xlarge c5.xlarge c5.2xlarge "
        "m5.xlarge m5.2xlarge t3.xlarge t3.2xlarge",
        11: "t3.large",
        9: "c5.large m5.large",
        5: "t3.medium",
    }
)
NEEDS_EFA = ("ml.p6e-",)  # EFA types whose number of interfaces is not known


def efa_capable(instance_type: str | None) -> bool:
    """Whether HyperPod will check EFA on it. A type that we do not know is not taken for one."""
    return instance_type in EFA_INTERFACES or (instance_type or "").startswith(NEEDS_EFA)


def addresses_per_node(instance_type: str | None, *, eks: bool) -> int | None:
    """Private IPv4 addresses that one node takes; None where nobody has said.

    Slurm: one an interface. EKS: the primary interface has one a pod beside its own, every other EFA interface has one.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites.html (p5: 32 and 81)

    >>> addresses_per_node("ml.p5.48xlarge", eks=False), addresses_per_node("ml.p5.48xlarge", eks=True)
    (32, 81)
    """
    if instance_type is None or instance_type.startswith(NEEDS_EFA):
        return None
    interfaces = EFA_INTERFACES.get(instance_type, 0)
    if not eks:
        return max(1, interfaces)
    pods = MAX_PODS.get(instance_type)
    return None if pods is None else pods + 1 + max(0, interfaces - 1)
