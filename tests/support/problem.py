# SPDX-License-Identifier: Apache-2.0
"""What a refusal must look like, held against the project's own list of reasons."""

import os
import re

REASONS_DEF = os.path.join(os.path.dirname(__file__), "../../src/core/reasons.def")
ROW = re.compile(r'^AG_REASON\((\w+), (\d+), "(\w+)", "([^"]+)", (NULL|"[^"]+"), (NULL|"[^"]+")\)',
                 re.M)

# The RateLimit draft's own titles (draft-ietf-httpapi-ratelimit-headers-11 s5).
IANA = "https://iana.org/assignments/http-problem-types#"
TITLES = {IANA + "quota-exceeded": "Quota Exceeded",
          IANA + "temporary-reduced-capacity": "Temporary Reduced Capacity",
          IANA + "abnormal-usage-detected": "Abnormal Usage Detected"}


class Reason:
    def __init__(self, name, status, code, title, oauth, uri):
        self.name = name
        self.status = int(status)
        self.code = code
        self.title = title
        self.oauth = None if oauth == "NULL" else oauth.strip('"')
        self.type = "about:blank" if uri == "NULL" else uri.strip('"')


def load():
    with open(REASONS_DEF) as f:
        rows = [Reason(*groups) for groups in ROW.findall(f.read())]
    assert len(rows) >= 10, "reasons.def was not understood"
    return {row.code: row for row in rows}


REASONS = load()


def assert_refused(answer, code):
    """The answer is the refusal of that code, complete and well-formed. Returns its body's object."""
    reason = REASONS[code]
    assert (answer.status, answer.code) == (reason.status, code), answer
    assert answer.header("Content-Type") == "application/problem+json", answer
    assert "no-store" in (answer.header("Cache-Control") or ""), answer
    body = answer.json
    assert body["type"] == reason.type
    assert body["title"] == TITLES.get(reason.type, reason.title)
    assert body["error"] == reason.title
    assert reason.type not in TITLES or body["detail"] == body["message"]
    assert body["status"] == reason.status
    for name in ("request_id", "error", "message"):
        assert isinstance(body.get(name), str) and body[name], (name, body)
    assert body.get("detail", "left out") and isinstance(body.get("detail", ""), str), body
    if reason.status in (429, 503):
        assert_retry(answer, body)
    if reason.status == 401:
        assert answer.all("WWW-Authenticate"), "a 401 without a challenge (RFC 9110 s11.6.1)"
    for header in ("Set-Cookie", "ETag", "Last-Modified"):
        assert answer.header(header) is None, answer
    return body


def assert_retry(answer, body):
    assert len(answer.all("Retry-After")) == 1, answer
    seconds = int(answer.header("Retry-After"))
    assert seconds >= 1
    assert body["retry_after"] == seconds
