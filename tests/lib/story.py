# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""Reads dialogue files (*.dlg) into a Story. The format is told in README.

Nothing is run here, and nothing is judged but the form of the file: whatever
is wrong with it is a StoryError with file and line.
"""

import re
from dataclasses import dataclass, field

INDENT = "    "
LISTENERS = ("main", "second", "tcp6", "unix", "host")


class StoryError(Exception):
    """The story file itself is wrong."""


@dataclass
class Directive:
    """`NAME OPTIONS: INLINE` or `NAME~ INLINE`, perhaps with an indented block."""
    name: str
    options: list
    inline: str
    block: list                # lines without their indentation, or None
    line: int

    @property
    def text(self):
        """The block as text; each line ends with a newline."""
        return "".join(line + "\n" for line in self.block or [])

    @property
    def items(self):
        """Inline value and block lines, the form of a list."""
        return ([self.inline] if self.inline else []) + [b for b in self.block or [] if b]


@dataclass
class Step:
    """One line of a server block: `KEYWORD OPTIONS: ARGUMENT`, with the line it came from."""
    keyword: str
    options: list
    argument: str
    line: int


@dataclass
class ServerBlock:
    listener: str = "main"
    optional: bool = False
    steps: list = field(default_factory=list)
    line: int = 0


@dataclass
class Story:
    path: str
    directives: list
    servers: list

    def all(self, name):
        return [d for d in self.directives if d.name == name]

    def one(self, name):
        found = self.all(name)
        if len(found) > 1:
            raise StoryError("%s:%d: a second `%s`" % (self.path, found[1].line, name))
        return found[0] if found else None

    def has(self, name):
        return bool(self.all(name))

    def number(self, name, default=None):
        found = self.one(name)
        if not found:
            return default
        try:
            return float(found.inline) if "." in found.inline else int(found.inline)
        except ValueError:
            raise StoryError("%s:%d: %s: not a number: %r"
                             % (self.path, found.line, name, found.inline)) from None


# Every directive with what it takes: i an inline value, b a block, o words before the colon.
DIRECTIVES = {
    "about": "ib", "require": "i",
    # what is run
    "config": "iob", "account": "b", "config-mode": "i", "config-via": "i",
    "file": "ob", "link": "o", "directory": "o",
    "argv0": "i", "args": "ib", "each-args": "b", "argv": "b",
    "env": "ib", "close": "i", "limit": "i",
    "stdin": "iob", "stdin-gen": "b", "typed": "ob",
    "deadline": "i", "patience": "i", "then": "ib", "drains": "i",
    # the world
    "server": "ob", "secrets": "i",
    # what is expected
    "exit": "i", "within": "i", "at-least": "i", "connections": "i", "flights": "i",
    "stdout": "iob", "stdout~": "i", "stdout-not~": "i",
    "stderr": "iob", "stderr~": "i", "stderr-not~": "i",
    "log~": "i", "log-not~": "i", "then~": "i", "then-not~": "i",
    "message": "iob", "message~": "i", "message-not~": "i", "messages": "i",
    "envelope": "ib", "wire~": "i", "wire-not~": "i", "clear-not~": "i",
    "max-rss-kb": "i", "confined": "i", "exists": "i", "absent": "i",
    "allow-clear-secret": "", "allow-secret-output": "", "allow-control-bytes": "",
    "allow-bare": "",
}

_HEAD = re.compile(r"([a-z][a-z0-9-]*)((?:[ ][^:~]*)?)(:|~)(?:[ ](.*))?$")
_FLAG = re.compile(r"([a-z][a-z0-9-]*)$")
_STEP = re.compile(r"(S|S\?|S-raw|S-bytewise|S-clear|S-drip|S-flood|C|C\?|auth)"
                   r"((?:[ ][^:~]*)?)([:~])(?:[ ](.*))?$")


def load(path):
    with open(path, encoding="utf-8", errors="strict", newline="\n") as f:
        try:
            return parse(f.read(), path)
        except UnicodeDecodeError as e:
            raise StoryError("%s: not UTF-8: %s (write \\xNN in a raw block)" % (path, e)) from None


def parse(text, path="story"):
    directives = list(_directives(text.split("\n"), path))
    servers = [_server_block(d, path) for d in directives if d.name == "server"]
    story = Story(path, [d for d in directives if d.name != "server"], servers)
    if not story.has("exit"):
        raise StoryError("%s: no `exit:`: say what the program must return" % path)
    return story


def _directives(lines, path):
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.startswith("#"):
            at += 1
            continue
        if line.startswith((" ", "\t")):
            raise StoryError("%s:%d: an indented line that belongs to nothing" % (path, at + 1))
        start = at
        at += 1
        block = []
        while at < len(lines) and (not lines[at] or lines[at].startswith(INDENT)):
            block.append(lines[at][len(INDENT):])
            at += 1
        while block and not block[-1]:
            block.pop()
        yield _directive(line, block or None, start + 1, path)


def _directive(line, block, number, path):
    flag, head = _FLAG.match(line), _HEAD.match(line)
    if flag:
        name, options, inline = flag.group(1), [], ""
    elif head:
        name = head.group(1) + ("~" if head.group(3) == "~" else "")
        options, inline = head.group(2).split(), (head.group(4) or "").strip()
    else:
        raise StoryError("%s:%d: not a directive: %r" % (path, number, line))
    if name not in DIRECTIVES:
        raise StoryError("%s:%d: unknown directive `%s`" % (path, number, name))
    takes = DIRECTIVES[name]
    for letter, given, what in (("i", inline, "value"), ("b", block, "block"),
                                ("o", options, "words before the colon")):
        if given and letter not in takes:
            raise StoryError("%s:%d: `%s` takes no %s" % (path, number, name, what))
    return Directive(name, options, inline, block, number)


def _server_block(directive, path):
    server = ServerBlock(line=directive.line)
    for option in directive.options:
        if option == "optional":
            server.optional = True
        elif option in LISTENERS:
            server.listener = option
        else:
            raise StoryError("%s:%d: server: what is `%s`?" % (path, directive.line, option))
    for offset, line in enumerate(directive.block or [], 1):
        if line.strip() and not line.lstrip().startswith("#"):
            server.steps.append(_step(line.strip(), directive.line + offset, path))
    return server


def _step(line, number, path):
    match = _STEP.match(line)
    if match:
        keyword, options = match.group(1), match.group(2).split()
        if match.group(3) == "~":
            keyword += "~"
        return Step(keyword, options, match.group(4) or "", number)
    keyword, _, argument = line.partition(" ")
    if not re.match(r"@?[A-Za-z][A-Za-z0-9-]*\??$", keyword):
        raise StoryError("%s:%d: not a server line: %r" % (path, number, line))
    return Step(keyword, [], argument.strip(), number)


_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.S)
_SIMPLE = {"r": "\r", "n": "\n", "0": "\0", "t": "\t", "e": "\x1b", "\\": "\\", '"': '"'}


def unescape(text):
    r"""Text with \r \n \0 \t \e \\ \xNN -> bytes; other text as UTF-8."""
    out, at = bytearray(), 0
    for match in _ESCAPE.finditer(text):
        out += text[at:match.start()].encode()
        what = match.group(1)
        if what[0] == "x" and len(what) == 3:
            out.append(int(what[1:], 16))
        elif what in _SIMPLE:
            out += _SIMPLE[what].encode()
        else:
            raise StoryError("unknown escape \\%s" % what)
        at = match.end()
    return bytes(out + text[at:].encode())
