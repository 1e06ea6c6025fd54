# SPDX-License-Identifier: Apache-2.0
"""Every command and option of the table stands in the manual page, in the help and in the completion,
and what the manual page says is there."""

import json
import os
import re
import subprocess

import pytest

from support.keys import CTL

TOP = os.path.join(os.path.dirname(__file__), "..", "..")
MANUAL = os.path.join(TOP, "docs", "apiguardctl.1")
COMPLETION = os.path.join(TOP, "conf", "bash-completion", "apiguardctl")


def run(*args):
    return subprocess.run([CTL, *args], capture_output=True, text=True, check=True).stdout


TABLE = json.loads(run("help", "--json"))
NAMES = [command["name"] for command in TABLE["commands"]]
GLOBALS = ["--" + option["name"] for option in TABLE["options"]]


def options_of(command):
    return ["--" + option["name"] for option in command["options"]]


def manual():
    """The manual page as plain words: requests, fonts and quotes gone."""
    with open(MANUAL, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"^\.(TP|RS|RE|PP|nf|fi)$", r"@\1", text, flags=re.M)
    text = re.sub(r"^\.(BR|BI|RB|RI|IR|B|I) ", "", text, flags=re.M)
    text = text.replace("\\-", "-").replace("\\(dq", "")
    return re.sub(r'\\f[A-Z]|"', "", text)


def entries():
    """The entry of each command: its heading and what follows, up to the next command."""
    text = manual()
    text = text[text.index(".SH COMMANDS"):text.index(".SH OPTIONS")]
    found, current = {}, None
    for block in text.split("@TP\n")[1:]:
        name = next((n for n in sorted(NAMES, key=len, reverse=True)
                     if re.match(rf"{n}(\s|$)", block)), None)
        if name or re.match("help |complete ", block):
            current = name
        if current:
            found[current] = found.get(current, "") + block
    return found


def test_the_table_is_sound():
    assert len(NAMES) == len(set(NAMES)) >= 20
    for command in TABLE["commands"]:
        options = options_of(command)
        assert len(options) == len(set(options)) and not set(options) & set(GLOBALS), command
        assert re.fullmatch(r"[a-z]+( [a-z]+)?", command["name"])
        for option in command["options"]:
            assert option["help"] and (option["value"] is None) == (option["kind"] == "flag"), option


def test_the_manual_page_is_sound():
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", MANUAL], capture_output=True,
                          text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("command", TABLE["commands"], ids=NAMES)
def test_manual(command):
    entry = entries().get(command["name"])
    assert entry, f"the manual page has no {command['name']}"
    for option in options_of(command):
        assert re.search(rf"{option}(?![a-z-])", entry), f"{option} is not in its entry"
    for operand in re.findall(r"[A-Z]+", command["operands"] or ""):
        assert operand in entry.split("\n")[0], f"{operand} is not in its heading"


def test_the_manual_page_invents_nothing():
    known = {option for command in TABLE["commands"] for option in options_of(command)}
    for name, entry in entries().items():
        command = next(c for c in TABLE["commands"] if c["name"] == name)
        for option in re.findall(r"(?<![a-z-])--[a-z-]*[a-z]", entry.split("\n")[0]):
            assert option in options_of(command), f"{name} has no {option}"
    said = set(re.findall(r"(?<![a-z-])--[a-z-]*[a-z]", manual()))
    assert said <= known | set(GLOBALS) | {"--owner"}
    for option in GLOBALS[:2]:
        assert option in manual()


def test_exit_status_in_the_manual():
    text = manual()
    text = text[text.index(".SH EXIT STATUS"):text.index(".SH EXAMPLES")]
    for status in "01234":
        assert re.search(rf"\b{status} ", text)


@pytest.mark.parametrize("command", TABLE["commands"], ids=NAMES)
def test_help(command):
    out = run("help", *command["name"].split())
    for option in options_of(command) + GLOBALS:
        assert f"  {option}" in out
    assert out.startswith(f"apiguardctl {command['name']}")
    assert f"  {command['name']}" in run("help")


# ---- completion -----------------------------------------------------------------------------------

def complete(*words):
    """What bash offers for the last word."""
    current = words[-1]
    script = (f'source "$1"; shift; COMP_WORDS=(apiguardctl "$@"); COMP_CWORD=$#; '
              f'_apiguardctl "{CTL}" "${{@: -1}}" x; printf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "-c", script, "bash", COMPLETION, *words], capture_output=True,
                          text=True, check=True)
    assert done.stderr == ""
    words = [word for word in done.stdout.splitlines() if word]
    assert all(word.startswith(current) for word in words)
    return words


def test_bash_registers_it():
    done = subprocess.run(["bash", "-c", f'source "{COMPLETION}"; complete -p apiguardctl'],
                          capture_output=True, text=True, check=True)
    assert "_apiguardctl" in done.stdout


def test_completion_of_commands():
    first = list(dict.fromkeys(name.split()[0] for name in NAMES))
    assert complete("") == first + ["help", "version"]
    assert complete("help", "") == first
    for word in first:
        second = [name.split()[1] for name in NAMES if name.startswith(word + " ")]
        assert complete(word, "") == second
        assert complete("--json", "--db", "sqlite3:x", word, "") == second
        assert complete("help", word, "") == second
    assert complete("--db", "") == []
    assert complete("nothing", "") == [] and complete("key", "nothing", "") == []


@pytest.mark.parametrize("command", TABLE["commands"], ids=NAMES)
def test_completion_of_options(command):
    words = command["name"].split()
    assert complete(*words, "--") == options_of(command) + GLOBALS
    assert complete(*words, "") == []  # file names, by the shell
    for option in command["options"]:
        if option["kind"] != "flag":
            assert complete(*words, "--" + option["name"], "") == []
            assert complete(*words, "--" + option["name"], "x", "--j") == [
                o for o in options_of(command) + GLOBALS if o.startswith("--j")]
        assert "--" + option["name"] in complete(*words, "--" + option["name"][:2])
