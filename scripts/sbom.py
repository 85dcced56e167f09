"""The bill of materials of what ships beside our own code: .build/vendor-sbom.json, CycloneDX 1.6.

Made by `make build` from the vendor layer's pins, and refused unless it names each of them, with its hashes.
"""

import json
import re
import subprocess
import sys
from typing import Any

from scripts.scanners import ROOT, TOOLS

PINS = ROOT / "layers/vendor/requirements.txt"
BILL = ROOT / ".build/vendor-sbom.json"


def pinned(requirements: str) -> set[str]:
    return {
        f"{name}=={version}"
        for name, version in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^ ;\\]+)", requirements, re.MULTILINE)
    }


def listed(bill: dict[str, Any]) -> set[str]:
    """The components that the bill names with a hash."""
    components = [each for each in bill["components"] if any(ref.get("hashes") for ref in each["externalReferences"])]
    return {f"{each['name']}=={each['version']}" for each in components}


def main() -> int:
    BILL.parent.mkdir(exist_ok=True)
    command = [f"{TOOLS}/cyclonedx-py", "requirements", "--output-reproducible", f"--output-file={BILL}", str(PINS)]
    subprocess.run(command, check=True)  # noqa: S603 # nosec B603 # our own tool and file
    wanted, found = pinned(PINS.read_text()), listed(json.loads(BILL.read_text()))
    if not wanted or wanted != found:
        print(f"{BILL.name} and the pins differ: {sorted(wanted ^ found)}", file=sys.stderr)
        return 1
    print(f"{BILL.relative_to(ROOT)}: {len(found)} components, each pinned, each with its hashes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
