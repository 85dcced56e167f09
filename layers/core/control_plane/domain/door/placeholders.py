"""Values that a template's author meant somebody to fill in."""

import re

_PLACEHOLDER = re.compile(
    r"""
      <[A-Za-z][^<>]*>                 # <subnet>
    | \$\{[^${}]*\}                    # ${SUBNET}
    | \{\{[^{}]*\}\}                   # {{ subnet }}
    | (?<![\w$])\$[A-Za-z_]\w*         # $SUBNET
    | \b(?i:replace|change|fill)[-_ ]?(?i:me|this|in)\b
    | \bYOUR[-_][A-Z]\w*
    | \b[xX]{4,}\b                     # sg-xxxxxxxx
    | \A(?i:todo|tbd|fixme)\Z
    """,
    re.VERBOSE,
)


def placeholder_in(text: str) -> str | None:
    """The first placeholder that is left in a text.

    >>> placeholder_in("s3://sagemaker-${AWS::AccountId}/config")
    '${AWS::AccountId}'
    >>> placeholder_in("s3://sagemaker-lifecycle/config")
    """
    found = _PLACEHOLDER.search(text)
    return found.group() if found else None
