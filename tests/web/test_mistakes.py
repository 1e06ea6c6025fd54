# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the configuration: the server does not start, and says which directive, which value
and what is allowed."""

import pytest

from support.jwtmaker import Key, jwks
from support.keys import Sqlite
from support.ports import Directory

SECTION = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    {line}
</Location>
"""
# In a section: the line, and what the message must hold beside the directive's name.
IN_SECTION = [
    ("ApiGuardProvider", ["missing"]),
    ("ApiGuardProvider keys", ["keys", "key", "jwt"]),
    ("ApiGuardKeyFrom body:apikey", ["body:apikey", "header:NAME", "cookie:NAME"]),
    ("ApiGuardKeyFrom header:", ["header:", "header:NAME"]),
    ('ApiGuardKeyFrom "header:X Key"', ["X Key", "header:NAME"]),
    ("ApiGuardHideCredentials maybe", ["maybe", "none", "key", "all"]),
    ("ApiGuardCertificate client=name", ["client=", "\"name\"", "san-uri"]),
    ("ApiGuardCertificate issuer=/O=Example/CN=Partners", ["issuer=", "/O=Example", "RFC2253"]),
    ("ApiGuardTLS on", ["\"on\"", "require", "redirect", "off"]),
    ("ApiGuardTLS require proto=Forwarded", ["Forwarded", "X-Forwarded-Proto"]),
    ("ApiGuardTLS redirect port=0", ["port=", "\"0\"", "65535"]),
    ("ApiGuardAnonymous perhaps", ["perhaps", "on", "off"]),
    ("ApiGuardAnonymous on off", ["off"]),
    ("ApiGuardEnforce always", ["always", "credential", "require"]),
    ("ApiGuardErrors json", ["json", "problem", "httpd"]),
    ("ApiGuardInvalidKeyStatus 404", ["404", "401", "403"]),
    ("ApiGuardPassHeaders yes", ["yes", "on", "off"]),
    ("ApiGuardPassClaim tenant.id email tenant-id", ["tenant.id", "tenant-id", "one name"]),
    ("ApiGuardPassClaim Email https://a/x email", ["Email", "email", "one name"]),
    ("ApiGuardTokenType", ["missing"]),
    ("ApiGuardTokenType id+jwt", ["id+jwt", "at+jwt", "any"]),
    ("ApiGuardTokenType none", ["none", "at+jwt", "any"]),
    ("ApiGuardTokenBinding off", ["off", "require", "on"]),
    ("ApiGuardTokenBinding on require", ["require"]),
    ("ApiGuardLeeway -1", ["-1"]),
    ("ApiGuardLeeway 30s30", ["30s30"]),
    ("ApiGuardLeeway 100000", ["100000"]),
    ("ApiGuardMaxLifetime soon", ["soon"]),
    ("ApiGuardClaimMap name=sub", ["name=sub", "user=", "roles="]),
    ("ApiGuardRateLimit 100", ["100", "N/PERIOD"]),
    ("ApiGuardRateLimit 100/fortnight", ["100/fortnight", "min"]),
    ("ApiGuardRateLimit -5/min", ["-5/min"]),
    ("ApiGuardRateLimit 1e3/min", ["1e3/min"]),
    ("ApiGuardRateLimit 10000000000000/min", ["10000000000000/min"]),
    ("ApiGuardRateLimit 5/0min", ["5/0min"]),
    ("ApiGuardRateLimit 5/400day", ["5/400day", "366"]),
    ("ApiGuardRateLimit by=ip", ["window"]),
    ("ApiGuardRateLimit 5/min by=mood", ["by=mood", "client", "ip"]),
    ("ApiGuardRateLimit 5/min by=header:", ["by=header:"]),
    ("ApiGuardRateLimit 5/min by=ip/200", ["200"]),
    ("ApiGuardRateLimit 5/min algorithm=leaky", ["leaky", "sliding", "fixed", "bucket"]),
    ("ApiGuardRateLimit 5/min burst=9", ["burst", "bucket"]),
    ("ApiGuardRateLimit 5/min algorithm=bucket burst=0", ["burst", "0"]),
    ("ApiGuardRateLimit 5/min cost=0", ["cost", "0"]),
    ("ApiGuardRateLimit 5/min cost=6", ["cost=6", "5/min"]),
    ("ApiGuardRateLimit 5/min when=%{NONSENSE", ["when"]),
    ('ApiGuardRateLimit 5/min by=expr="%{broken"', ["by=expr"]),
    ("ApiGuardRateLimit 5/min speed=fast", ["speed=fast", "by=", "dryrun"]),
    ("ApiGuardRateLimit 5/min 7/60s 5/60s", ["5/60s"]),
    ("ApiGuardRateLimit 5/min by=ip by=client", ["by=", "twice"]),
    ("ApiGuardRateLimit off 5/min", ["off"]),
    ("ApiGuardStoreFailure ignore", ["ignore", "local", "allow", "deny"]),
    ("ApiGuardStoreFailure local/0", ["local/0", "local/NODES"]),
    ("ApiGuardConcurrency many", ["many"]),
    ("ApiGuardBan 0/min", ["0/min", "at least 1"]),
    ("ApiGuardMethodScopes get=read", ["get=read", "METHOD", "none"]),
    ("ApiGuardAudience", ["missing"]),
    ("ApiGuardAudience auto orders", ["\"auto\"", "alone"]),
    ("ApiGuardResourceMetadata yes", ["yes", "auto", "resource=URI", "off"]),
    ("ApiGuardResourceMetadata auto resource=/mcp", ["resource=", "/mcp", "https://"]),
    ("ApiGuardResourceMetadata https://a.example/doc name=x", ["name=", "auto"]),
    ("ApiGuardRequireClaim", ["missing"]),
    ("ApiGuardRateHeaders draft-9", ["draft-9", "draft-11", "legacy", "off"]),
    ("ApiGuardRateHeaders draft-11 off", ["off"]),
    ("ApiGuardRateHeaders draft-10 off", ["off"]),
    ("ApiGuardDeprecated soon", ["soon", "since=DATE", "off"]),
    ("ApiGuardDeprecated sunset=2030-12-31", ["since=", "missing"]),
    ("ApiGuardDeprecated since=2030-02-30", ["2030-02-30", "no date"]),
    ("ApiGuardDeprecated since=2030-07-02 sunset=2030-07-01", ["2030-07-02", "after", "2030-07-01"]),
    ("ApiGuardDeprecated since=2030-07-01 link=docs.example.org", ["docs.example.org", "no URL"]),
    ('ApiGuardDeprecated since=2030-07-01 "successor=/v2/>; rel=next"', ["successor=", "no URL"]),
    ("ApiGuardSecurityHeaders strict", ["strict", "api", "web", "off"]),
    ("ApiGuardCORS on", ["on", "origin=", "off"]),
    ("ApiGuardCORS methods=GET", ["origin=", "missing"]),
    ("ApiGuardCORS origin=https://App.example", ["https://App.example", "lower case"]),
    ("ApiGuardCORS origin=https://app.example/", ["https://app.example/", "no slash"]),
    ("ApiGuardCORS origin=https://*.org", ["https://*.org", "https://*.example.org"]),
    ("ApiGuardCORS origin=https://m\u00fcnchen.example", ["punycode"]),
    ("ApiGuardCORS origin=* credentials", ["origin=*", "credentials"]),
    ("ApiGuardCORS origin=null credentials", ["origin=null", "credentials"]),
    ("ApiGuardCORS origin=https://a.example headers=X:A", ["X:A", "headers="]),
    ("ApiGuardCORS origin=https://a.example methods=get", ["get", "capital"]),
    ("ApiGuardCORS origin=https://a.example max-age=soon", ["soon", "max-age="]),
    ("ApiGuardSecurityHeader X-Frame-Options", ["X-Frame-Options", "no value", "unset"]),
    ("ApiGuardSecurityHeader Content-Security-Policy default-src 'self'", ["'self'", "force", "quotes"]),
    ("ApiGuardSecurityHeader Set-Cookie a=b", ["Set-Cookie", "application"]),
    ('ApiGuardSecurityHeader X-A "b\x01c"', ["X-A", "control character"]),
    ("ApiGuardSecurityHeader X-A " + 4097 * "a", ["X-A", "4097", "4096"]),
    ("ApiGuardJWTKey HS257 file:/x", ["HS257", "HS256", "EdDSA"]),
    ("ApiGuardJWTKey none file:/x", ["none", "HS256"]),
    ("ApiGuardJWTKey RS256", ["file:PATH"]),
    ("ApiGuardJWTKey RS256 /etc/key.pem", ["/etc/key.pem", "file:PATH", "env:NAME"]),
    ("ApiGuardJWTKey RS256 file:/x colour=red", ["colour=red", "kid="]),
    ("ApiGuardJWKS", ["missing"]),
    ("ApiGuardIntrospection", ["missing"]),
    ("ApiGuardIntrospection login.example.com client=a secret=file:/x", ["login.example.com", "https://... or none"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a", ["client= and secret=file:PATH are missing"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a secret=env:X", ["secret=env:X", "secret=file:PATH"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a secret=file:/x auth=digest", ["auth=digest", "basic or post"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a secret=file:/x timeout=1h", ["timeout=1h", "1s to 30s"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a secret=file:/x stale=2d", ["stale=2d", "0 to 1d"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a secret=file:/x scope=a", ["scope=a", "negative="]),
    ("ApiGuardJWKS /etc/keys.json", ["/etc/keys.json", "file:PATH"]),
    ("ApiGuardJWKS file:/x kid=a", ["kid=a", "issuer="]),
    ("ApiGuardJWKS https://192.0.2.1/ kid=a", ["kid=a", "refresh=TIME"]),
    ("ApiGuardJWKS https://192.0.2.1/ refresh=2d", ["refresh=2d", "1s to 1d"]),
    ("ApiGuardIssuer https://192.0.2.1/ ca=/x", ["ca=PATH stands with discover"]),
    ("Require api-scope", ["api-scope"]),
    ("Require api-client", ["api-client"]),
    ("Require api-ip", ["api-ip"]),
    ("Require api-ip 300.1.2.3", ["300.1.2.3"]),
    ("Require api-ip 10.0.0.0/33", ["10.0.0.0/33"]),
    ("Require api-ip fe80::1%eth0", ["fe80::1%eth0"]),
    ("Require api-ip localhost", ["localhost"]),
    ("Require api-claim tenant", ["tenant"]),
    ("Require api-claim email~[a-", ["[a-"]),
    ("Require api-credential password", ["password", "key", "jwt"]),
]
# Outside of sections.
IN_SERVER = [
    ("ApiGuardSharedMemory lots", ["lots", "M"]),
    ("ApiGuardSharedMemory 5K", ["5K"]),
    ("ApiGuardCounterStore redis:127.0.0.1:6379",
     ["redis:127.0.0.1:6379", "shm", "memcached:HOST:PORT"]),
    ("ApiGuardCounterStore memcached:", ["memcached:", "HOST:PORT"]),
    ("ApiGuardCounterStore memcached:127.0.0.1:11211,b", ["b:11211", "port is missing"]),
    ("ApiGuardCounterStore memcached:127.0.0.1:11211 timeout=soon", ["soon"]),
    ("ApiGuardCounterStore memcached:127.0.0.1:11211 colour=red", ["colour=red", "prefix="]),
    ("ApiGuardKeyCache ttl=soon", ["soon"]),
    ("ApiGuardKeyCache colour=red", ["colour=red", "ttl=", "stale=", "negative="]),
    ("ApiGuardKeyPepper secret", ["secret", "file:PATH"]),
    ('ApiGuardKeyQuery "SELECT 1"', ["%s"]),
    ("ApiGuardTokenSign", ["missing"]),
    ("ApiGuardTokenSign RS128 file:x issuer=https://a", ["RS128", "RS256", "EdDSA"]),
    ("ApiGuardTokenSign none file:x issuer=https://a", ["none", "RS256"]),
    ("ApiGuardTokenSign RS256", ["RS256", "file:PATH"]),
    ("ApiGuardTokenSign RS256 /etc/key issuer=https://a", ["/etc/key", "file:PATH"]),
    ("ApiGuardTokenSign RS256 file:x", ["issuer=URL", "missing"]),
    ("ApiGuardTokenSign RS256 file:x issuer=api", ["issuer=api", "https://"]),
]
# Fully good lines that only the start can judge.
AT_START = [
    ("ApiGuardJWTKey RS256 file:{folder}/no-such-file", ["no-such-file", "cannot be read"]),
    ("ApiGuardJWTKey RS256 file:{folder}", ["ApiGuardJWTKey"]),
    ("ApiGuardJWTKey HS256 file:{folder}/empty", ["empty"]),
    ("ApiGuardJWTKey HS256 file:{folder}/newline", ["newline"]),
    ("ApiGuardJWTKey HS256 file:{folder}/short", ["short", "32"]),
    ("ApiGuardJWTKey HS512 file:{folder}/hs256", ["hs256", "64"]),
    ("ApiGuardJWTKey HS256 base64:{folder}/no-base64", ["no-base64", "base64"]),
    ("ApiGuardJWTKey HS256 env:APIGUARD_TEST_NOT_SET", ["APIGUARD_TEST_NOT_SET"]),
    ("ApiGuardJWTKey RS256 file:{folder}/rsa1024", ["rsa1024", "2048"]),
    ("ApiGuardJWTKey RS256 file:{folder}/ec256", ["ec256", "RSA"]),
    ("ApiGuardJWTKey ES384 file:{folder}/ec256", ["ec256", "P-384"]),
    ("ApiGuardJWTKey EdDSA file:{folder}/rsa2048", ["rsa2048", "Ed25519"]),
    ("ApiGuardJWTKey HS256 file:{folder}/rsa2048", ["rsa2048"]),
    ("ApiGuardJWTKey RS256 file:{folder}/hs256", ["hs256"]),
    ("ApiGuardJWTKey RS256 file:{folder}/private", ["private"]),
    ("ApiGuardJWKS file:{folder}/no-such.json", ["no-such.json"]),
    ("ApiGuardJWKS https://192.0.2.1/ ca={folder}/no-such.pem", ["no-such.pem", "cannot be read"]),
    ("ApiGuardJWKS http://192.0.2.1/", ["http://192.0.2.1/", "only https://"]),
    ("ApiGuardIntrospection http://192.0.2.1/ client=a secret=file:{folder}/not-json", ["only https://"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a secret=file:{folder}/no-such", ["no-such", "cannot be read"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a secret=file:{folder}/empty", ["secret=file:", "it is empty"]),
    ("ApiGuardIntrospection https://192.0.2.1/ client=a secret=file:{folder}/not-json ca={folder}/empty",
     ["no certificate in PEM form"]),
    ("ApiGuardJWKS file:{folder}/empty", ["empty"]),
    ("ApiGuardJWKS file:{folder}/not-json", ["not-json"]),
    ("ApiGuardJWKS file:{folder}/no-keys.json", ["no-keys.json"]),
    ("ApiGuardJWKS file:{folder}/rsa1024.json", ["rsa1024.json", "2048"]),
    ("ApiGuardJWKS file:{folder}/bad-point.json", ["bad-point.json"]),
    ("Require api-ip file:{folder}/no-such-list", ["no-such-list"]),
    ("Require api-ip file:{folder}/bad-list", ["bad-list", "line 1", "nonsense"]),
    ("ApiGuardIssuer https://a https://b\nApiGuardJWTKey HS256 file:{folder}/hs256", ["issuer="]),
]


@pytest.fixture(scope="module")
def folder():
    folder = Directory("mistakes")
    rsa, ec = Key("RS256"), Key("ES256")
    small = Key("RS256", bits=1024)
    for name, text in {
            "empty": "", "newline": "\n", "short": "x" * 31, "hs256": "h" * 32 + "\n",
            "no-base64": "!!!!", "rsa1024": small.file(), "rsa2048": rsa.file(),
            "ec256": ec.file(), "private": rsa.private_pem(), "not-json": "{",
            "no-keys.json": '{"keys": []}', "rsa1024.json": jwks(small),
            "bad-point.json": jwks({**ec.jwk(), "y": ec.jwk()["x"]}),
            "bad-list": "nonsense\n10.0.0.0/33\n"}.items():
        folder.write(name, text)
    yield folder
    folder.close()


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd("", start=False)


def mentions(said, line, words):
    directive = line.split()[0]
    name = line.split()[1] if directive == "Require" and len(line.split()) > 1 else directive
    for word in (name, *words):
        assert word in said, f"{word!r} is not in:\n{said}"


@pytest.mark.parametrize("line, words", IN_SECTION, ids=[line for line, _ in IN_SECTION])
def test_a_wrong_line_in_a_section(web, line, words):
    web.configure(SECTION.replace("{line}", line))
    good, said = web.configtest()
    assert not good, "configtest took it"
    mentions(said, line, words)


@pytest.mark.parametrize("line, words", IN_SERVER, ids=[line for line, _ in IN_SERVER])
def test_a_wrong_line_in_the_server(web, line, words):
    web.configure(line)
    good, said = web.configtest()
    assert not good, "configtest took it"
    mentions(said, line, words)


@pytest.mark.parametrize("line, words", AT_START, ids=[line for line, _ in AT_START])
def test_what_stops_the_start(web, folder, line, words):
    web.configure(SECTION.replace("{line}", line.replace("{folder}", folder.path)))
    good, said = web.configtest()
    assert not good, "configtest took it"
    started, said = web.try_start()
    assert not started, "the server started"
    if not line.startswith("ApiGuardIssuer"):
        mentions(said, line, words)
    else:
        assert all(word in said for word in words), said


def test_an_unreadable_file_is_not_quoted(web, folder):
    """A message names the file, never what stands in it."""
    web.configure(SECTION.replace("{line}", f"ApiGuardJWTKey HS256 file:{folder}/short"))
    started, said = web.try_start()
    assert not started
    assert "xxxxxxxx" not in said


@pytest.mark.parametrize("line", ["ApiGuardKeyQuery \"SELECT %s\"", "ApiGuardSharedMemory 32M",
                                  "ApiGuardCounterStore shm", "ApiGuardKeyCache ttl=5"])
def test_what_belongs_to_the_server_is_refused_in_a_section(web, line):
    web.configure(SECTION.replace("{line}", line))
    good, said = web.configtest()
    assert not good
    assert line.split()[0] in said


@pytest.mark.parametrize("line", ["ApiGuardAnonymous on", "ApiGuardEnforce require",
                                  "ApiGuardProvider key"])
def test_what_belongs_to_a_section_is_refused_outside(web, line):
    web.configure(line)
    good, said = web.configtest()
    assert not good
    assert line.split()[0] in said


@pytest.mark.parametrize("line", [
    "ApiGuardIssuer https://a", "ApiGuardAudience a", "ApiGuardLeeway 5", "ApiGuardMaxLifetime 1h",
    "ApiGuardTokenType at+jwt", "ApiGuardTokenBinding require",
    "ApiGuardRequireClaim exp", "ApiGuardClaimMap user=email", "ApiGuardStoreFailure deny",
    "ApiGuardJWTKey HS256 file:{folder}/hs256"])
def test_what_may_stand_in_the_server_and_in_a_section(web, folder, line):
    line = line.replace("{folder}", folder.path)
    for text in (line, SECTION.replace("{line}", line)):
        web.configure(text)
        good, said = web.configtest()
        assert good, said


@pytest.mark.parametrize("rule", ["api-scope", "api-role", "api-client", "api-ip", "api-credential"])
def test_an_alias_of_white_space_alone(web, rule):
    """A rule was made of a carriage return, without one word, and each request that failed it ended a
    child: the first of its words was told of."""
    web.configure(f'<AuthzProviderAlias {rule} nothing "\r">\n</AuthzProviderAlias>\n'
                  + SECTION.replace("{line}", "Require nothing"))
    good, said = web.configtest()
    assert not good and f"{rule}: a value is missing" in said, said


def test_without_mod_dbd_it_does_not_start(own_httpd):
    web = own_httpd("", database=None, start=False)
    web.configure(SECTION.replace("{line}", "Require valid-user"))
    with open(web.conf_path) as f:
        text = f.read()
    with open(web.conf_path, "w") as f:
        f.write("\n".join(x for x in text.splitlines() if "mod_dbd.so" not in x))
    started, said = web.try_start()
    assert not started
    assert "mod_dbd" in said


def test_an_unknown_sqlite_query_column_stops_the_start(own_httpd):
    database = Sqlite()
    web = own_httpd('ApiGuardKeyQuery "SELECT no_such_column FROM api_keys WHERE key_hash = %s"\n'
                    + SECTION.replace("{line}", "Require valid-user"), database=database,
                    start=False)
    started, said = web.try_start()
    assert not started
    assert "ApiGuardKeyQuery" in said or "no_such_column" in said
    database.close()


def test_limits_alone_need_no_database(own_httpd):
    web = own_httpd('<Location "/s/x/">\nApiGuardRateLimit 1/day by=ip\n</Location>', database=None)
    assert web.get("/s/x/hello.html").status == 200
    assert web.get("/s/x/hello.html").status == 429


def test_tokens_alone_need_no_database(own_httpd, folder):
    web = own_httpd(SECTION.replace("{line}", f"ApiGuardProvider jwt\nApiGuardJWTKey HS256 "
                                    f"file:{folder}/hs256\nRequire valid-user"), database=None)
    token = Key("HS256", secret=b"h" * 32).token()
    assert web.get("/s/x/hello.html", bearer=token).status == 200


def test_the_documented_defaults_are_accepted(own_httpd):
    web = own_httpd("""
    ApiGuardKeyCache ttl=300 stale=3600 negative=10
    ApiGuardCounterStore shm
    ApiGuardSharedMemory 32M
    ApiGuardTokenType at+jwt jwt
    ApiGuardTokenBinding on
    ApiGuardLeeway 30
    ApiGuardRequireClaim exp
    ApiGuardStoreFailure local
    ApiGuardRateHeaders draft-11
    ApiGuardErrors problem
    ApiGuardInvalidKeyStatus 401
    ApiGuardPassHeaders off
    """ + SECTION.replace("{line}", """
    ApiGuardProvider key
    ApiGuardKeyFrom header:X-API-Key bearer
    ApiGuardHideCredentials key
    ApiGuardAnonymous off
    ApiGuardEnforce credential
    Require valid-user"""))
    assert web.get("/s/x/hello.html", key=web.keys.create()).status == 200


REFUSED = [
    ("Require api-role guest*", "guest*"), ("Require not api-scope admin:*", "admin:*"),
    ('Require api-scope ""', '""'), ("Require api-credential token", "token"),
    ('ApiGuardRequireClaim ""', "ApiGuardRequireClaim"), ('ApiGuardIssuer ""', "ApiGuardIssuer"),
    ('ApiGuardAudience ""', "ApiGuardAudience"),
    ("ApiGuardMaxLifetime 0", "ApiGuardMaxLifetime"),
]
METHODS = [
    "<Limit GET>\nApiGuardAnonymous on\n</Limit>", "<Limit GET>\nApiGuardRateLimit off\n</Limit>",
    "<LimitExcept POST>\nApiGuardEnforce require\n</LimitExcept>",
    "<LimitExcept POST>\nApiGuardKeyFrom bearer\n</LimitExcept>",
]


@pytest.fixture(scope="module")
def unstarted(make_httpd):
    return make_httpd(start=False)


def configtest(server, line):
    server.configure(f"<Location \"/s/x/\">\nAuthType ApiGuard\n<RequireAll>\nRequire valid-user\n"
                     f"{line if line.startswith('Require ') else ''}\n</RequireAll>\n"
                     f"{'' if line.startswith('Require ') else line}\n</Location>\n")
    return server.configtest()


@pytest.mark.parametrize("line, named", REFUSED)
def test_a_word_that_could_never_fit_is_refused(unstarted, line, named):
    """Such a line would shut everybody out, or under `not` nobody."""
    good, said = configtest(unstarted, line)
    assert not good and named in said, said


@pytest.mark.parametrize("line", METHODS)
def test_a_directive_for_some_methods_only_is_refused(unstarted, line):
    """httpd would apply it to all methods."""
    good, said = configtest(unstarted, line)
    assert not good and "within <Limit" in said, said
