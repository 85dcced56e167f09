"""Put probe/egress_probe.sh into both SSM documents in template.yaml: SAM cannot include a file there.

It stands there in single quotes behind `sh -c`: the document's parameters are its arguments, and never its text.
"""

import re
from pathlib import Path
from textwrap import indent

ROOT = Path(__file__).resolve().parents[1]
HEAD = "                  sh -c '\n"
TAIL = "                  ' egress_probe "


def embed(template: str, script: str) -> str:
    """Replace the script in the text of the template.

    Raises:
        ValueError: the script holds what would end the quotes, or what SSM would take for a parameter.
    """
    for forbidden in ("'", "{{"):
        if forbidden in script:
            raise ValueError(f"egress_probe.sh holds {forbidden}, which it cannot inside an SSM document.")
    whole = HEAD + indent(script, " " * 18) + TAIL
    return re.sub(f"{HEAD}.*?{TAIL}", lambda _: whole, template, flags=re.DOTALL)


if __name__ == "__main__":
    template = ROOT / "template.yaml"
    template.write_text(embed(template.read_text(), (ROOT / "probe/egress_probe.sh").read_text()))
