"""How large the two layers are, as they are uploaded."""

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

BUILT = Path(__file__).resolve().parents[1] / ".aws-sam/build"
DATA = ("python", "botocore", "data")
CORE_GOAL = 0.3  # MB


def sizes() -> Iterator[str]:
    yield "layers, as zip files"
    if not BUILT.exists():
        yield "  NOT BUILT: `make build` first."
        return
    yield f"  {zipped(BUILT / 'CoreLayer'):10.2f} MB of ours; goal {CORE_GOAL}"
    vendor = zipped(BUILT / "VendorLayer")
    data = vendor - zipped(BUILT / "VendorLayer", lambda parts: parts[:3] != DATA)
    yield f"  {vendor:10.2f} MB of others; {data:.2f} of them describe AWS's services (decision 8)"


def zipped(folder: Path, wanted: Callable[[tuple[str, ...]], bool] = lambda _: True) -> float:
    """Megabytes of a layer's wanted files; what Python compiled here is no part of it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and "__pycache__" not in parts and wanted(parts):
                archive.write(path, "/".join(parts))
    return target.tell() / 1e6
