"""SageMaker HyperPod: clusters that take their time, with real interfaces in real subnets, and that can fail."""

from moto.sagemaker import urls

from simulator.context import Context
from simulator.hyperpod.responses import WorldResponse
from simulator.hyperpod.service import HyperPod
from simulator.patching import Patches

__all__ = ["HyperPod", "install"]


def install(context: Context, patches: Patches) -> HyperPod:
    """Put HyperPod in place of moto's. Call it before the first request."""
    clusters = HyperPod(context)

    class Response(WorldResponse):
        hyperpod = clusters

    patches.put(urls.url_paths, "{0}/$", Response.dispatch)
    return clusters
