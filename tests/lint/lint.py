# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
"""What the lints share: where the tree is, and one way to say what is wrong.

Each lint is a program that prints one line for each fault (file:line: what, and what to do) and
ends with 0 (clean), 1 (faults) or 77 (cannot be run here). It is told where to look by --root and
--build; without them it finds the tree it stands in and takes the current directory as the build.
"""
import argparse
import pathlib
import sys

SKIP = 77
ROOMS = ("base", "net", "mail", "sasl", "smtp", "queue", "account", "relay", "cmd")


def arguments(doc, **extra):
    """The parsed command line: root, build, and the options named in extra (name=help)."""
    parser = argparse.ArgumentParser(description=doc)
    here = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--root", type=pathlib.Path, default=here, help="the source tree")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path.cwd(),
                        help="the build tree (default: the current directory)")
    for name, text in extra.items():
        parser.add_argument("--" + name.replace("_", "-"), help=text)
    return parser.parse_args()


def sources(root, *suffixes):
    """Every C file below src, in order, as (path, its name written from src)."""
    top = root / "src"
    for path in sorted(top.rglob("*")):
        if path.suffix in (suffixes or (".c", ".h")) and path.is_file():
            yield path, path.relative_to(top).as_posix()


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


def finish(faults, looked_at):
    """Ends the program. A lint that looked at nothing has not passed."""
    for fault in faults:
        print(fault)
    if not faults and not looked_at:
        print("nothing to look at: is --root or --build wrong?")
        sys.exit(1)
    print(f"{looked_at} looked at, {len(faults)} faults")
    sys.exit(1 if faults else 0)
