#!/usr/bin/env python3
"""Writes the manual page of each command, from what the argument parser knows of it.

    parley --experimental-dump-help | manual.py VERSION DIRECTORY
"""

import json
import sys
from pathlib import Path

FOOTER = """.SH ENVIRONMENT
Settings come from the environment or from
.IR /etc/parley/parley.env ;
see
.BR parley.env (5).
.SH FILES
.TP
.I /etc/parley/parley.env
Settings.
.TP
.I /var/lib/parley
Uploads, the private PostgreSQL, the secret, and the backups before upgrades.
.TP
.I /usr/share/doc/parley/OPERATIONS.md
How to run Parley.
"""


def escape(text):
    """For roff: a backslash, a hyphen and a leading dot or quote mean themselves."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def names(argument):
    return ", ".join(
        f"\\fB{escape(('--' if name['kind'] == 'long' else '-') + name['name'])}\\fR" for name in argument["names"]
    )


def label(argument):
    if argument["kind"] == "positional":
        return f"\\fI{escape(argument['valueName'])}\\fR"
    if argument["kind"] == "option":
        return f"{names(argument)} \\fI{escape(argument['valueName'])}\\fR"
    return names(argument)


def usage(path, arguments):
    words = [f"\\fB{escape(' '.join(path))}\\fR"]
    for argument in arguments:
        text = label(argument) if argument["kind"] == "positional" else label(argument).split(", ")[-1]
        words.append(f"[{text}]" if argument["isOptional"] or argument["kind"] == "flag" else text)
    return " ".join(words)


def page(command, path, version):
    arguments = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    children = [child for child in command.get("subcommands", []) if child["shouldDisplay"] and child["commandName"] != "help"]
    lines = [
        f'.TH {"-".join(path).upper()} 1 "" "Parley {version}" "Parley"',
        ".SH NAME",
        f"{'-'.join(path)} \\- {escape(command['abstract'].rstrip('.')[:1].lower() + command['abstract'].rstrip('.')[1:])}",
        ".SH SYNOPSIS",
        usage(path, arguments) if not children else f"\\fB{escape(' '.join(path))}\\fR \\fIcommand\\fR",
    ]
    discussion = command.get("discussion", "")
    # The list of settings has a page of its own.
    if discussion and not discussion.startswith("Settings, from"):
        lines += [".SH DESCRIPTION"]
        for paragraph in discussion.split("\n\n"):
            lines += [escape(paragraph), ".PP"]
        lines.pop()
    if children:
        lines += [".SH COMMANDS"]
        for child in children:
            lines += [".TP", f"\\fB{escape(child['commandName'])}\\fR", escape(child["abstract"])]
            lines += [f"See \\fB{escape('-'.join([*path, child['commandName']]))}\\fR(1)."]
    if arguments:
        lines += [".SH OPTIONS"]
        for argument in arguments:
            lines += [".TP", label(argument), escape(argument.get("abstract", ""))]
    return "\n".join(lines) + "\n" + FOOTER


def write(command, path, version, directory):
    (directory / f"{'-'.join(path)}.1").write_text(page(command, path, version))
    for child in command.get("subcommands", []):
        if child["shouldDisplay"] and child["commandName"] != "help":
            write(child, [*path, child["commandName"]], version, directory)


def main():
    version, directory = sys.argv[1:]
    command = json.load(sys.stdin)["command"]
    write(command, [command["commandName"]], version, Path(directory))


main()
