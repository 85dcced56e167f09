"""Texts that mean something to a shell, a template, a URL parser, a terminal or a reader's eye, by family."""

from collections.abc import Iterator

LEGAL = "https://checkip.amazonaws.com/x"
TEN_KILOBYTES = 10_240

# What a POSIX shell, or a program that it calls, does not read as a plain letter.
SHELL = [
    "$(reboot)", "`reboot`", "${HOME}", "$HOME", "$((1+1))", "$'x'", ";reboot", "&&reboot", "||reboot", "|reboot", "&",
    ">x", ">>x", "<x", "<<x", "<(x)", "*", "?", "[a-z]", "{a,b}", "!!", "#x", "\\", "\\n", "'", "''", '"', '""', "(x)",
    "'; reboot; '", '"; reboot; "', "' egress_probe; reboot '", "%s", "^x^y", "=x", "+x", "x=1 reboot", "@x",
]  # fmt: skip
# Blanks and line ends, in ASCII and beyond: what Java's and Python's "$" take for the end of a line is among them.
BLANKS = [
    " ", "\t", "\n", "\r", "\r\n", "\v", "\f", "\x00", "\x07", "\x08", "\x1b", "\x1b[31m", "\x1c", "\x7f", "\x85",
    "\xa0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u3000", "\nreboot", "\r\nreboot\r\n", "\n\n",
]  # fmt: skip
# What looks like nothing, or turns the reading round.
UNSEEN = [
    "\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202e", "\u2060", "\u2066", "\u2069",
    "\ufeff", "\U000e0041",
]  # fmt: skip
# What looks like a legal character and is none.
ALIKE = [
    *"ａＡ０１－．／：，～＿аеоіѕοıſ\u212a٠१‐‑–—−․‥…∕⁄╱∶ː︰‚、。｡ßﬁé中😀",  # each of these alone
    "e\u0301",
    "\ud800",
]
PLACEHOLDERS = [
    "{{ssm:secret}}", "{{ ssm-secure:secret }}", "{{Nonce}}", "{{ Nonce }}", "{{global:DATE}}", "{{", "}}", "{% x %}",
    "<x>", "</script>", "<!--", "%0a", "%00", "%2e%2e%2f", "%24(reboot)", "%", "&lt;", "\\u000a", "\\x0a",
]  # fmt: skip
# Whole values that are no URL of ours, each for one reason.
URLS = [
    "", ",", "https://", "https:///", "https://?", "https://:443", "https:/a.b", "https:a.b", "//a.b", "a.b",
    "/etc/passwd", "http://a.b", "HTTPS://a.b", "Https://a.b", "ftp://a.b", "file:///etc/passwd", "file://a.b/x",
    "javascript:alert(1)", "data:text/plain,x", "gopher://a.b", "dict://a.b", "ldap://a.b", "scp://a.b", "s3://a.b",
    "https://user@a.b", "https://user:@a.b", "https://a.b@evil.example", "https://a.b:80@evil.example",
    "https://[::1]", "https://[::1]:443/", "https://[fe80::1%25eth0]/", "https://[::ffff:169.254.169.254]/",
    "https://a.b?x=1", "https://a.b/?x", "https://a.b/#x", "https://a.b#x", "https://a.b;x", "https://a.b/x;y=1",
    "https://a.b:", "https://a.b:/", "https://a.b:x", "https://a.b:-1", "https://a.b:443:443", "https://a.b:４４３",
    "https://a.b: 443", "https://a.b\\x", "https://a_b", "https://a.b/a b", "https://a.b/a+b", "https://a.b/a=b",
    "https://a.b/a!b", "https://a.b/(x)", "https://a.b/a'b", "https://a.b/a%20b", "https://a.b,", ",https://a.b",
    "https://a.b,,https://a.b", "https://a.b, https://a.b", "https://a.b https://a.b", "https://a.b;https://a.b",
    "https://a.b\nhttps://a.b", "https://a.b,-", "-,https://a.b", "https://a.b,http://a.b",
]  # fmt: skip
# What a program takes for an option, where it reads its arguments.
OPTIONS = [
    "-o",
    "-K",
    "-d@/etc/passwd",
    "--config",
    "--output=/etc/cron.d/x",
    "--",
    "-",
    "--proxy",
    "-https://a.b",
    "--https://a.b",
]
LARGE = [
    "a" * TEN_KILOBYTES, f"https://{'a' * TEN_KILOBYTES}", f"https://a.b/{'a' * TEN_KILOBYTES}", "https://a.b," * 1000,
    f"https://a.b:{'4' * TEN_KILOBYTES}",
]  # fmt: skip

SHOUTS = [  # live in Slack, unless they are escaped
    "<!channel>", "<!here>", "<!everyone>", "<@U0123ABCD>", "<@W0123ABCD|ada>", "<#C0123ABCD|general>",
    "<!subteam^S012>", "<!date^1392734382^{date}^https://evil.example|x>", "<https://evil.example|here>",
    "<mailto:a@evil.example|a>", "&lt;!channel&gt;", "&amp;lt;!here>", "<<!channel>>", "<!channel", "!channel>",
    "<\n!channel>", "*" * 63, "_x_", "~x~", "`x`", "```x```", "> quoted", ":tada:", "https://evil.example", "@channel",
    "@here",
]  # fmt: skip


def _inside(parts: list[str]) -> Iterator[str]:
    """A legal URL with a part of a text at its end, at its start, and in its name."""
    for part in parts:
        yield f"{LEGAL}{part}"
        yield f"{part}{LEGAL}"
        yield LEGAL.replace("ip.", f"ip{part}.")


FRAGMENTS = [*SHELL, *BLANKS, *UNSEEN, *ALIKE, *PLACEHOLDERS]
# None is a list of URLs as a probe takes it. "-" alone is how an empty one is written.
NO_URLS = list(dict.fromkeys([*_inside(FRAGMENTS), *FRAGMENTS, *URLS, *OPTIONS, *LARGE]))
NO_URLS.remove("-")
ALL = list(dict.fromkeys([*NO_URLS, *SHOUTS]))


def name_of(text: str) -> str:
    """For a test's id: short, ASCII, and different where the text is."""
    return f"{ascii(text)[1:-1][:40]}~{len(text)}"
