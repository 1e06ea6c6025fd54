# SPDX-License-Identifier: Apache-2.0
"""Plans and templates."""

import json
import time

import pytest

from support.tool import created, refused, shown

DAY = 86400


def said(db, *args):
    return json.loads(db.ctl("--json", *args).stdout)


def number(db, table):
    return int(db.sql(f"SELECT count(*) FROM {table}")[0][0])


# ---- plans ----------------------------------------------------------------------------------------

def test_a_plans_life(db):
    assert said(db, "plan", "list") == []
    gold = {"name": "gold", "rate_limit": "1000/h 20000/day", "keys": 0, "templates": 0,
            "note": "for friends"}
    assert said(db, "plan", "add", "gold", "--rate", "1000/h 20000/day", "--note",
                "for friends") == gold
    db.ctl("plan", "add", "basic", "--rate", "10/s", "--rate", "100/min")
    key = created(db, "--plan", "gold")
    db.ctl("template", "add", "trial", "--plan", "gold")
    assert said(db, "plan", "show", "gold") == {**gold, "keys": 1, "templates": 1}
    lines = db.ctl("plan", "list").stdout.splitlines()
    assert lines[0].split() == ["PLAN", "RATE", "KEYS", "TEMPLATES", "NOTE"]
    assert lines[1].split()[:3] == ["basic", "10/s", "100/min"] and lines[2].startswith("gold ")
    assert said(db, "plan", "change", "gold", "--rate", "5/s")["rate_limit"] == "5/s"
    assert said(db, "plan", "change", "gold", "--note", "x") == {
        **gold, "rate_limit": "5/s", "keys": 1, "templates": 1, "note": "x"}
    assert said(db, "plan", "change", "gold", "--note", "x")["note"] == "x"  # as it was
    refused(db, "plan", "remove", "gold", status=1, says="keys 1, templates 1")
    db.sql(f"UPDATE api_keys SET plan = NULL WHERE id = {key['id']}")
    refused(db, "plan", "remove", "gold", status=1, says="templates 1")
    db.ctl("template", "remove", "trial")
    assert said(db, "plan", "remove", "gold") == {"removed": "gold"}
    assert "removed" in db.ctl("plan", "remove", "basic").stdout
    assert said(db, "plan", "list") == []


def test_a_changed_plan_is_in_the_change_log(db):
    db.ctl("plan", "add", "gold", "--rate", "5/s")
    created(db, "--plan", "gold")
    before = number(db, "api_changes")
    db.ctl("plan", "change", "gold", "--rate", "6/s")
    assert number(db, "api_changes") == before + 1


@pytest.mark.parametrize("args,status", [
    (["add"], 2), (["add", ""], 2), (["add", "a\tb", "--rate", "1/s"], 2), (["add", "x"], 2),
    (["add", "x", "--rate", "many"], 2), (["add", "x", "--rate", ""], 2),
    (["add", "x", "y", "--rate", "1/s"], 2), (["add", "gold", "--rate", "1/s"], 1),
    (["add", "x", "--rate", "1/s", "--note", "a\x1bb"], 2),
    (["change", "x", "--rate", "1/s"], 1), (["change", "gold"], 2),
    (["change", "gold", "--rate", "x"], 2), (["remove", "x"], 1), (["remove"], 2),
    (["show", "x' OR '1'='1"], 1), (["show"], 2), (["list", "x"], 2)])
def test_plan_refuses(db, args, status):
    db.ctl("plan", "add", "gold", "--rate", "9/s")
    refused(db, "plan", *args, status=status)
    assert [tuple(row) for row in db.sql("SELECT name, rate_limit FROM api_plans")] == [
        ("gold", "9/s")]


# ---- templates ------------------------------------------------------------------------------------

def test_a_templates_life(db):
    db.ctl("plan", "add", "gold", "--rate", "9/s")
    full = {"name": "monitoring", "permissions": ["status:read", "metrics:*"], "roles": ["robot"],
            "allowed_ips": ["10.0.0.0/8"], "allowed_endpoints": ["GET /api/status"],
            "rate_limit": "60/min", "plan": "gold", "expires_in": 365 * DAY, "note": "for probes"}
    assert said(db, "template", "add", "monitoring", "--scope", "status:read", "--scope",
                "metrics:*", "--role", "robot", "--ip", "10.0.0.0/8", "--endpoint",
                "GET /api/status", "--rate", "60/min", "--plan", "gold", "--expires", "365d",
                "--note", "for probes") == full
    assert said(db, "template", "show", "monitoring") == full
    db.ctl("template", "add", "bare")
    lines = db.ctl("template", "list").stdout.splitlines()
    assert lines[0].split()[:2] == ["TEMPLATE", "SCOPES"] and lines[1].split()[:2] == ["bare", "-"]
    assert "365d" in lines[2]
    key = created(db, "--template", "monitoring")
    assert said(db, "template", "remove", "monitoring") == {"removed": "monitoring"}
    assert shown(db, key["id"])["permissions"] == full["permissions"]


def test_create_by_a_template(db):
    db.ctl("plan", "add", "gold", "--rate", "9/s")
    db.ctl("template", "add", "m", "--scope", "a", "--scope", "b", "--role", "r", "--ip",
           "10.0.0.0/8", "--endpoint", "GET /x", "--rate", "1/s", "--plan", "gold", "--expires",
           "10d")
    row = shown(db, created(db, "--template", "m")["id"])
    assert (row["permissions"], row["roles"], row["allowed_ips"], row["allowed_endpoints"],
            row["rate_limit"], row["plan"]) == (["a", "b"], ["r"], ["10.0.0.0/8"], ["GET /x"],
                                                "1/s", "gold")
    assert row["expires_at"] == pytest.approx(time.time() + 10 * DAY, abs=60)


def test_options_override_the_template(db):
    for plan in ("gold", "silver"):
        db.ctl("plan", "add", plan, "--rate", "9/s")
    db.ctl("template", "add", "m", "--scope", "a", "--ip", "10.0.0.0/8", "--rate", "1/s", "--plan",
           "gold", "--expires", "10d")
    row = shown(db, created(db, "--template", "m", "--scope", "z", "--ip", "192.0.2.0/24", "--expires",
                            "never")["id"])
    assert (row["permissions"], row["allowed_ips"], row["expires_at"], row["rate_limit"]) == (
        ["z"], ["192.0.2.0/24"], None, "1/s")
    row = shown(db, created(db, "--template", "m", "--plan", "silver")["id"])
    assert (row["plan"], row["rate_limit"]) == ("silver", None)  # or the plan would say nothing
    row = shown(db, created(db, "--template", "m", "--rate", "7/s")["id"])
    assert (row["plan"], row["rate_limit"]) == ("gold", "7/s")


def test_a_template_without_an_end_has_the_default(db):
    db.ctl("template", "add", "m")
    assert created(db, "--template", "m")["expires_at"] == pytest.approx(
        time.time() + 90 * DAY, abs=60)


def test_a_rotated_key_is_a_copy_without_template(db):
    db.ctl("template", "add", "m", "--scope", "a")
    key = created(db, "--template", "m")
    db.ctl("template", "remove", "m")
    new = said(db, "key", "rotate", str(key["id"]))
    assert shown(db, new["id"])["permissions"] == ["a"]


def test_a_broken_template_makes_no_key(db):
    """Somebody wrote into the table by hand."""
    db.sql("INSERT INTO api_templates (name, allowed_ips) VALUES ('m', '10.0.0.0/99')")
    refused(db, "key", "create", "--client", "a", "--template", "m", status=1, says="allowed_ips")
    refused(db, "key", "create", "--client", "a", "--template", "n", status=1, says="no template")
    assert number(db, "api_keys") == 0


@pytest.mark.parametrize("args,status", [
    (["add"], 2), (["add", "x", "--scope", "two words"], 2), (["add", "x", "--ip", "nowhere"], 2),
    (["add", "x", "--endpoint", "x"], 2), (["add", "x", "--rate", "x"], 2),
    (["add", "x", "--plan", "none"], 1), (["add", "x", "--expires", "never"], 2),
    (["add", "x", "--expires", "0"], 2), (["add", "x", "--expires", "2090-01-01"], 2),
    (["add", "m"], 1), (["add", "a\nb"], 2), (["remove", "x"], 1), (["show", "x"], 1),
    (["list", "x"], 2)])
def test_template_refuses(db, args, status):
    db.ctl("template", "add", "m")
    refused(db, "template", *args, status=status)
    assert number(db, "api_templates") == 1
