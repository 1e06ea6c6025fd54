# SPDX-License-Identifier: Apache-2.0
"""Security fields of answers: what each preset says, and what an answer has."""

# Printed by helmet 8.3.0: require("helmet")() run over an empty response. Over TLS alone: HSTS.
HELMET = {
    "Content-Security-Policy":
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';"
        "img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';"
        "style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
}
HSTS = "Strict-Transport-Security"
WEB = {name: value for name, value in HELMET.items() if name != HSTS}
API = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
       "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
       "X-Content-Type-Options": "nosniff"}
# What else an answer of httpd's or of the tests' backend has.
OTHERS = ("accept-ranges", "allow", "cache-control", "connection", "content-length", "content-type", "date", "etag",
          "expires", "keep-alive", "last-modified", "location", "ratelimit", "ratelimit-policy", "retry-after",
          "server", "transfer-encoding", "upgrade", "vary", "www-authenticate", "x-cache", "x-cache-detail", "age",
          ":status")


def security(answer):
    """All fields but those, in the case in which they were sent; none comes twice."""
    found = [(name, value) for name, value in answer.headers if name.lower() not in OTHERS]
    assert len({name.lower() for name, _ in found}) == len(found), found
    return dict(found)
