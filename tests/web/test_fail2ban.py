# SPDX-License-Identifier: Apache-2.0
"""fail2ban's pattern in the documentation finds bans, and nothing that a client sends."""

import os
import re

CONF = """
<Location "/s/ban/">
    AuthType ApiGuard
    AuthName "bans"
    ApiGuardBan 1/min for=10min
    Require valid-user
</Location>
<Location "/s/dry-ban/">
    AuthType ApiGuard
    AuthName "bans"
    ApiGuardBan 1/min for=10min dryrun
    Require valid-user
</Location>
<Location "/s/denied/">
    Require all denied
</Location>
"""


def fail2ban():
    """The pattern in the documentation; fail2ban cuts the time out of the line."""
    guide = os.path.join(os.path.dirname(__file__), "../../docs/howto/brute-force.md")
    with open(guide, encoding="utf-8") as f:
        pattern, = re.findall("failregex = (.*)", f.read())
    return re.compile(pattern.replace("<HOST>", r"(?P<host>[0-9a-f.:]+)"))


def shut_out(lines):
    found = [fail2ban().search(re.sub(r"^\[[^\]]*\]", "[]", line)) for line in lines.splitlines()]
    return [one["host"] for one in found if one]


def test_nobody_has_others_shut_out_by_what_he_sends(own_httpd):
    """The pattern for fail2ban found its line anywhere, so also in a path that httpd logs."""
    web = own_httpd(CONF)
    line = 'AG0141: {"event":"ban","code":"banned","ip":"203.0.113.9","mode":"soft"}'
    web.expect("AH01630: client denied by server configuration")
    web.get("/s/denied/" + line.replace(" ", "%20").replace('"', "%22"))
    web.get("/s/denied/x", headers={"Referer": "] " + line})
    web.get("/s/dry-ban/hello.html", key="wrong-key-of-nobody")
    assert line in web.error_log() and '"mode":"dryrun"' in web.error_log()
    assert shut_out(web.error_log()) == []
    web.get("/s/ban/hello.html", key="wrong-key-of-nobody")
    assert shut_out(web.error_log()) == ["127.0.0.1"]
    assert shut_out('[x] [apiguard:warn] [pid 1:tid 2] [client 2001:db8::1:5] AG0141: '
                    '{"event":"ban","code":"banned","ip":"2001:db8::/64","mode":"hard"}') \
        == ["2001:db8::"]
