# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the limits of a configuration: the server does not start, or warns."""

import pytest


def test_two_meanings_of_one_name_stop_the_start(own_httpd):
    for other in ("6/day by=ip name=pot", "5/day by=ip name=pot algorithm=fixed"):
        web = own_httpd('<Location "/s/a/">\nApiGuardRateLimit 5/day by=ip name=pot\n</Location>\n'
                        f'<Location "/s/b/">\nApiGuardRateLimit {other}\n</Location>', start=False)
        started, said = web.try_start()
        assert not started
        assert "pot" in said


def test_by_header_alone_is_warned_about(own_httpd):
    """Who leaves the field out, or makes one up for each request, escapes such a limit."""
    text = '<Location "/s/a/">\nApiGuardRateLimit 5/day by=header:X-Tenant%s\n</Location>\n'
    web = own_httpd(text % "")
    assert web.wait_log("X-Tenant|by=header", seconds=0.2)
    web = own_httpd(text % "\nApiGuardRateLimit 5/day by=ip")
    assert not web.wait_log(":warn.*(X-Tenant|by=header)", seconds=0.2)


def test_a_month_and_31_days_do_not_share_a_name(own_httpd):
    """They did not share a count either, and nobody was told."""
    web = own_httpd("""
        <Location "/a/">
            ApiGuardRateLimit 10/month name=x
        </Location>
        <Location "/b/">
            ApiGuardRateLimit 10/31day name=x
        </Location>
    """, start=False)
    good, said = web.configtest()
    assert not good and "ApiGuardRateLimit: \"10/" in said and "share a name and differ" in said


def test_two_of_a_name_are_told_by_their_directive(own_httpd):
    """It spoke of an ApiGuardRateLimit that stood nowhere."""
    web = own_httpd("""
        <Location "/a/">
            ApiGuardConcurrency 10 by=ip name=x
        </Location>
        <Location "/b/">
            ApiGuardConcurrency 1 by=ip name=x
        </Location>
    """, start=False)
    good, said = web.configtest()
    assert not good and "ApiGuardConcurrency: \"" in said and "share a name and differ" in said


@pytest.mark.parametrize("lines, warned", [
    ("ApiGuardConcurrency 5 by=header:X-T", True),
    ("ApiGuardConcurrency 5 by=header:X-T\nApiGuardConcurrency 9 by=ip", False),
    ("ApiGuardRateLimit 5/s by=header:X-T\nApiGuardRateLimit 9/s by=ip dryrun", True),
    ("ApiGuardRateLimit 5/s by=header:X-T\nApiGuardRateLimit 9/s by=ip", False),
    ("ApiGuardRateLimit 5/s by=path\nApiGuardRateLimit 9/s by=ip \"when=%{REQUEST_METHOD} == 'POST'\"", True),
    ("ApiGuardRateLimit 5/s by=ip/128", True),
    ("ApiGuardRateLimit 5/s by=ip/56", False),
    ("ApiGuardConcurrency 5 by=ip/96", True),
    ("ApiGuardRateLimit 5/s by=path when=true\nApiGuardRateLimit 9/s by=ip when=true", False),
])
def test_what_a_field_alone_limits_is_told(own_httpd, lines, warned):
    """Of requests in flight it was not; and a dry run, which limits nobody, was enough, or a limit of some
    requests only. So is a limit by more of an IPv6 address than whoever has it was given."""
    web = own_httpd(f'<Location "/x/">\n{lines}\n</Location>', start=False)
    assert ("AG0133: " in web.configtest()[1]) == warned


@pytest.mark.parametrize("lines", [
    "ApiGuardRateLimit 1/day by=ip",
    '<Location "/x/">\n    ApiGuardTLS require\n</Location>',
    '<Location "/x/">\n    AuthType ApiGuard\n    AuthName x\n    Require valid-user\n</Location>'])
def test_a_cache_that_answers_uncounted_is_told(own_httpd, lines):
    """It was where keys are asked for; limits and TLS are passed by as well."""
    lines += '\nCacheEnable disk "/x/"\nCacheRoot "{root}/run"\n'
    web = own_httpd(lines, modules=("cache", "cache_disk"), start=False)
    assert "AG0134: " in web.configtest()[1]
    web.configure("CacheQuickHandler off\n" + lines)
    assert "AG0134: " not in web.configtest()[1]
