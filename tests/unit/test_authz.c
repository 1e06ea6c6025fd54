/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Require rules: what holds, what does not, what cannot be told yet, and what stops the start.
 */
#include "unit.h"

#include <apr_hash.h>

#include <unistd.h>

#include "../../src/authz/authz.h"
#include "../../src/authz/ip_source.h"
#include "../../src/core/open.h"

static const char *claims_text =
    "{\"iss\":\"https://id.example\",\"org\":\"acme\",\"n\":7,\"big\":9007199254740993,"
    "\"yes\":true,\"no\":false,\"nil\":null,\"real\":1.5,\"empty\":\"\","
    "\"groups\":[\"dev\",\"ops\",7,true],\"realm_access\":{\"roles\":[\"admin\",\"user\"]},"
    "\"https://x.example/roles\":\"boss\",\"a.b\":\"dotted\",\"with space\":\"one two\","
    "\"https://x.example:8443/port.s\":\"eighty\",\"none\":[],\"deep\":[[\"admin\"]]}";

static json_t *parse_claims(ag_principal_t *who, apr_pool_t *p)
{
    return ag_json_object(who->raw, who->raw_size, p);
}

static ag_words_t words_of(const char *line, apr_pool_t *p)
{
    ag_words_t words;

    assert_null(ag_text_words(&words, line, p));
    return words;
}

static ag_principal_t *make_who(const char *kind, const char *client, apr_pool_t *p)
{
    ag_principal_t *who = apr_pcalloc(p, sizeof *who);

    who->kind = kind;
    who->wildcards = strcmp(kind, "key") == 0;
    who->client = client;
    who->scopes = words_of("read orders:* pay", p);
    who->roles = words_of("dev ops:*", p);
    who->parse_claims = parse_claims;
    who->raw = claims_text;
    who->raw_size = strlen(claims_text);
    return who;
}

static ag_rule_t *rule_of(const char *name, const char *line, apr_pool_t *p)
{
    ag_setting_call_t call = {.p = p};
    ag_rule_t *rule;
    const char *error = ag_rule_parse(&rule, name, line, &call);

    if (error) {
        fail_msg("%s", error);
    }
    return rule;
}

/* A request from `address`. */
static ag_request_t from(const char *address, apr_pool_t *p)
{
    ag_request_t request = make_request(NULL, p);

    assert_true(ag_ip_parse(&request.ip, address));
    return request;
}

static ag_rule_e ask(const char *name, const char *line, ag_principal_t *who, apr_pool_t *p)
{
    ag_verdict_t verdict = {.who = who};
    ag_request_t request = from("192.0.2.1", p);

    return ag_rule_test(rule_of(name, line, p), &verdict, &request);
}

typedef struct {
    const char *line;
    int yes;
} case_t;

static void run(const char *name, const case_t *cases, int n, ag_principal_t *who, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        ag_rule_e answer = ask(name, cases[i].line, who, p);

        if (answer != (cases[i].yes ? AG_RULE_YES : AG_RULE_NO)) {
            fail_msg("Require %s %s: %d", name, cases[i].line, (int)answer);
        }
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

static void test_client_of_key(void **state)
{
    static const case_t cases[] = {
        {"acme", 1},      {"key:acme", 1},    {"other acme", 1}, {"ac*", 1},    {"*", 1},
        {"key:*", 1},     {"key:ac*", 1},     {"Acme", 0},       {"acm", 0},    {"acme2", 0},
        {"jwt:acme", 0},  {"jwt:*", 0},       {"key:", 0},       {"other", 0},  {"KEY:acme", 0},
        {"acme*", 1},     {"anonymous:*", 0},
    };
    static const case_t colon[] = {{"urn:acme", 1}, {"key:urn:acme", 1}, {"urn:*", 1}};

    run("api-client", cases, N_OF(cases), make_who("key", "acme", *state), *state);
    run("api-client", colon, N_OF(colon), make_who("key", "urn:acme", *state), *state);
}

/* Names of keys and of tokens are two name spaces: neither can pose as the other's. */
static void test_client_of_token(void **state)
{
    static const case_t cases[] = {
        {"jwt:acme", 1}, {"jwt:*", 1}, {"jwt:ac*", 1}, {"acme", 0}, {"*", 0}, {"key:acme", 0},
        {"key:*", 0},
    };
    static const case_t posing[] = {{"jwt:acme", 0}, {"jwt:*", 0}, {"key:jwt:acme", 1}};
    static const case_t token[] = {{"key:acme", 0}, {"key:*", 0}, {"jwt:key:acme", 1}};
    static const case_t nobody[] = {{"*", 0}, {"jwt:*", 0}, {"jwt:", 0}};
    static const case_t anonymous[] = {{"anonymous", 0}, {"*", 0}, {"key:*", 0}};

    run("api-client", cases, N_OF(cases), make_who("jwt", "acme", *state), *state);
    run("api-client", posing, N_OF(posing), make_who("key", "jwt:acme", *state), *state);
    run("api-client", token, N_OF(token), make_who("jwt", "key:acme", *state), *state);
    run("api-client", nobody, N_OF(nobody), make_who("jwt", NULL, *state), *state);
    run("api-client", anonymous, N_OF(anonymous), make_who("anonymous", "anonymous", *state),
        *state);
}

/* "jwt:ISSUER:CLIENT"; a plain "jwt:CLIENT" does not say whose it is. */
static void test_client_of_an_issuer(void **state)
{
    static const struct {
        const char *client, *line;
        ag_rule_e answer;
    } asked[] = {
        {"acme", "jwt:staff:acme", AG_RULE_YES},  {"acme", "jwt:staff:*", AG_RULE_YES},
        {"acme", "jwt:*", AG_RULE_YES},           {"acme", "jwt:acme", AG_RULE_UNKNOWN},
        {"acme", "jwt:ac*", AG_RULE_UNKNOWN},     {"acme", "jwt:other", AG_RULE_NO},
        {"acme", "jwt:else:acme", AG_RULE_NO},    {"acme", "jwt:acme jwt:staff:acme", AG_RULE_YES},
        {"else:acme", "jwt:else:acme", AG_RULE_NO}, {"acme", "acme key:acme", AG_RULE_NO},
        {"staff:acme", "jwt:staff:acme", AG_RULE_NO},
        {"staff:acme", "jwt:staff:staff:acme", AG_RULE_YES},
    };
    static const char *names[] = {"staff", "else"};
    int i;

    for (i = 0; i < N_OF(asked); i++) {
        ag_principal_t *who = make_who("jwt", asked[i].client, *state);

        who->issuer = "https://staff.example";
        who->issuer_name = "staff";
        who->several = 1;
        who->issuers.n = 2;
        who->issuers.v = names;
        assert_int_equal(ask("api-client", asked[i].line, who, *state), asked[i].answer);
        who->several = who->issuers.n = 0;
        assert_int_not_equal(ask("api-client", asked[i].line, who, *state), AG_RULE_UNKNOWN);
    }
}

static void test_issuer(void **state)
{
    static const case_t cases[] = {
        {"staff", 1}, {"https://a", 1}, {"x staff", 1}, {"Staff", 0}, {"https://a/", 0}, {"key", 0},
    };
    static const case_t none[] = {{"staff", 0}, {"key", 0}, {"x", 0}};
    ag_principal_t *who = make_who("jwt", "acme", *state);

    who->issuer = "https://a";
    who->issuer_name = "staff";
    run("api-issuer", cases, N_OF(cases), who, *state);
    who = make_who("key", "acme", *state);
    run("api-issuer", none, N_OF(none), who, *state);
    who->issuer = "";
    who->issuer_name = "key";
    run("api-issuer", none, N_OF(none), who, *state);
}

static void test_scope(void **state)
{
    static const case_t cases[] = {
        {"read", 1},        {"write read", 1}, {"orders:read", 1}, {"orders:", 1},
        {"write", 0},       {"rea", 0},        {"reads", 0},       {"READ", 0},
        {"orders", 0},      {"pay:all", 0},
        {"\"read write\"", 0},
    };
    static const case_t all[] = {{"anything", 1}, {"else", 1}};
    ag_principal_t *who = make_who("key", "acme", *state);

    run("api-scope", cases, N_OF(cases), who, *state);
    who->scopes = words_of("*", *state);
    run("api-scope", all, N_OF(all), who, *state);
    who->scopes = words_of("", *state);
    assert_int_equal(ask("api-scope", "read", who, *state), AG_RULE_NO);
}

/* RFC 6749 s3.3: a token's scope is a word, whatever signs it holds. */
static void test_literal_scope(void **state)
{
    static const case_t cases[] = {
        {"read", 1}, {"orders:read", 0}, {"orders:", 0}, {"anything", 0},
    };
    ag_principal_t *who = make_who("jwt", "acme", *state);

    run("api-scope", cases, N_OF(cases), who, *state);
    who->scopes = words_of("*", *state);
    assert_int_equal(ask("api-scope", "read", who, *state), AG_RULE_NO);
    who->wildcards = 1; /* ApiGuardClaimMap wildcards */
    assert_int_equal(ask("api-scope", "read", who, *state), AG_RULE_YES);
}

/* As with scopes: one that a key holds may end in `*`. */
static void test_role(void **state)
{
    static const case_t cases[] = {
        {"dev", 1}, {"admin dev", 1}, {"ops:x", 1}, {"ops", 0}, {"Dev", 0}, {"admin", 0},
        {"de", 0},
    };

    run("api-role", cases, N_OF(cases), make_who("key", "acme", *state), *state);
    assert_int_equal(ask("api-role", "ops:x", make_who("jwt", "acme", *state), *state),
                     AG_RULE_NO);
}

static void test_credential(void **state)
{
    static const case_t key[] = {{"key", 1}, {"jwt", 0}, {"jwt key", 1}, {"anonymous", 0}};
    static const case_t anonymous[] = {{"anonymous", 1}, {"key jwt", 0}};

    run("api-credential", key, N_OF(key), make_who("key", "acme", *state), *state);
    run("api-credential", anonymous, N_OF(anonymous),
        make_who("anonymous", "anonymous", *state), *state);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void test_claim(void **state)
{
    static const case_t cases[] = {
        {"org:acme", 1},
        {"org:Acme", 0},
        {"org:acm", 0},
        {"org:acme2", 0},
        {"org:other org:acme", 1},
        {"org:other iss:https://id.example", 1},
        {"org:other nope:acme", 0},
        {"org:", 0},
        {"empty:", 1},
        {"empty:\"\"", 1},
        {"nope:", 0},
        {"n:7", 1},
        {"n:07", 0},
        {"n:7.0", 0},
        {"big:9007199254740993", 1},
        {"big:9007199254740992", 0},
        {"yes:true", 1},
        {"yes:1", 0},
        {"no:false", 1},
        {"no:true", 0},
        {"nil:null", 0},
        {"nil:", 0},
        {"real:1.5", 0},
        {"groups:ops", 1},
        {"groups:7", 1},
        {"groups:true", 1},
        {"groups:qa", 0},
        {"none:", 0},
        {"deep:admin", 0},
        {"realm_access.roles:admin", 1},
        {"realm_access.roles:boss", 0},
        {"realm_access:admin", 0},
        {"a\\.b:dotted", 1},
        {"\"a.b\":dotted", 1},
        {"\"https://x.example/roles\":boss", 1},
        {"\"https://x.example/roles\":admin", 0},
        {"\"with space\":\"one two\"", 1},
        {"\"with space\":one", 0},
        {"\"realm_access.roles\":admin", 1}, /* quoted or not: as it stands, then as a path */
        {"a.b:dotted", 1},
        {"https://x.example/roles:boss", 1},
        {"https://x.example/roles:admin", 0},
        {"https://x.example/roles~bo.*", 1},
        {"https://x.example:8443/port.s:eighty", 1},
        {"\"https://x.example:8443/port.s\":eighty", 1},
        {"https://x.example/roles:admin https://x.example/roles:boss", 1},
        {"  org:acme  ", 1},
    };

    run("api-claim", cases, N_OF(cases), make_who("jwt", "acme", *state), *state);
}

/* A regex fits all of a value or not at all. */
static void test_claim_regex(void **state)
{
    static const case_t cases[] = {
        {"org~acme", 1},        {"org~ac", 0},          {"org~cme", 0},      {"org~ac.*", 1},
        {"org~x|acme", 1},      {"org~acm|acme", 1},    {"org~^acme$", 1},   {"org~(?i)ACME", 1},
        {"groups~o.s", 1},      {"groups~o", 0},        {"n~[0-9]+", 1},     {"yes~t.*", 1},
        {"nil~.*", 0},          {"nope~.*", 0},         {"none~.*", 0},      {"empty~.*", 1},
        {"real~.*", 0},         {"org~\"ac(m|x) ?e\"", 1}, {"realm_access.roles~adm.*", 1},
        {"\"https://x.example/roles\"~bo.*", 1},        {"\"with space\"~\"one two\"", 1},
        {"org~", 0},            {"empty~", 1},
    };

    run("api-claim", cases, N_OF(cases), make_who("jwt", "acme", *state), *state);
}

static void test_no_claims(void **state)
{
    ag_principal_t *who = make_who("key", "acme", *state);

    who->parse_claims = NULL;
    assert_int_equal(ask("api-claim", "org:acme", who, *state), AG_RULE_NO);
    who = make_who("jwt", "acme", *state);
    who->raw_size--; /* no JSON any more */
    assert_int_equal(ask("api-claim", "org:acme", who, *state), AG_RULE_NO);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void test_ip(void **state)
{
    static const case_t cases[] = {
        {"192.0.2.1", 1},          {"192.0.2.2", 0},       {"10.0.0.0/8 192.0.2.0/24", 1},
        {"192.0.2.9/24", 1},       {"192.0.2", 1},         {"192.0.3", 0},
        {"\"192.0.2.1\"", 1},      {"0.0.0.0/0", 1},       {"::/0", 0},
        {"::ffff:192.0.2.1", 1},   {"192.0.2.0/255.255.255.0", 1},
    };

    run("api-ip", cases, N_OF(cases), NULL, *state); /* nobody is needed */
    run("api-ip", cases, N_OF(cases), make_who("key", "acme", *state), *state);
}

/* The warning of the last one opened. */
static const char *opened_with;

/* Opens a rule's file with this content; the error, or NULL with *rule ready. */
static const char *open_file(ag_rule_t **rule, const char *content, apr_pool_t *p)
{
    apr_array_header_t *opens = apr_array_make(p, 1, sizeof(ag_open_t));
    ag_setting_call_t call = {.p = p, .opens = opens, .root = "/tmp"};
    char *path = apr_pstrdup(p, "/tmp/test_authz_XXXXXX");
    int fd = mkstemp(path);
    ag_opening_t opening = {p, p, p, NULL};
    const ag_open_t *task;
    const char *error;

    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    error = ag_rule_parse(rule, "api-ip", apr_pstrcat(p, "file:", path + 5, NULL), &call);
    assert_null(error);
    assert_int_equal(opens->nelts, 1);
    task = &APR_ARRAY_IDX(opens, 0, ag_open_t);
    error = task->open(task->ctx, &opening);
    opened_with = opening.warning;
    unlink(path);
    return error;
}

static int file_holds(const char *content, const char *address, apr_pool_t *p)
{
    ag_request_t request = from(address, p);
    ag_verdict_t verdict = {0};
    ag_rule_t *rule;
    ag_rule_e answer;

    assert_null(open_file(&rule, content, p));
    answer = ag_rule_test(rule, &verdict, &request);
    assert_int_not_equal(answer, AG_RULE_UNKNOWN);
    return answer == AG_RULE_YES;
}

static void test_ip_file(void **state)
{
    static const char list[] = "# partners\n\n 192.0.2.0/24 # one\r\n\t10.1\n2001:db8::/32";
    ag_request_t request = from("192.0.2.1", *state);
    ag_verdict_t verdict = {0};
    ag_rule_t *rule;

    assert_true(file_holds(list, "192.0.2.77", *state));
    assert_true(file_holds(list, "10.1.255.1", *state));
    assert_true(file_holds(list, "2001:db8::1", *state));
    assert_false(file_holds(list, "10.2.0.0", *state));
    assert_false(file_holds("# 192.0.2.1\n", "192.0.2.1", *state)); /* an empty list matches nobody */
    assert_non_null(strstr(open_file(&rule, "", *state), "is empty")); /* a download that failed */
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_UNKNOWN);
    assert_non_null(open_file(&rule, "nonsense", *state)); /* one that was not read cannot tell */
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_UNKNOWN);
    assert_int_equal(verdict.candidate, AG_R_NONE);
}

/* A file with a line that is no network is asked all the same, but says "no" to nobody: the line may be
 * what should have kept an address out. */
static void unsure(const char *content, const char *wanted, apr_pool_t *p)
{
    ag_request_t in = from("192.0.2.1", p), out = from("198.51.100.1", p);
    ag_verdict_t one = {0}, two = {0};
    ag_rule_t *rule;

    assert_null(open_file(&rule, content, p));
    assert_non_null(opened_with);
    assert_non_null(strstr(opened_with, "file:/tmp/test_authz_"));
    assert_non_null(strstr(opened_with, wanted));
    assert_int_equal(ag_rule_test(rule, &one, &in), AG_RULE_YES);
    assert_int_equal(ag_rule_test(rule, &two, &out), AG_RULE_UNKNOWN);
}

static void test_ip_file_wrong(void **state)
{
    ag_rule_t *rule;
    const char *error;

    unsure("192.0.2.1\n\nnonsense\nmore\n", ", line 3: \"nonsense\" is not an address or network",
           *state);
    unsure("192.0.2.1\n192.0.2.2 192.0.2.3\n", ", line 2: \"192.0.2.3\" is too many", *state);
    error = open_file(&rule, "<html>\nnonsense\n", *state); /* nothing of it could ever match */
    assert_non_null(error);
    assert_non_null(strstr(error, ", line 1: "));
    error = open_file(&rule, "\xFF\xFE" "1\0002", *state);
    assert_non_null(error);
}

/* As others write such files: with a byte order mark, CRLF, comments behind a semicolon. */
static void test_ip_file_of_others(void **state)
{
    static const char list[] =
        "\xEF\xBB\xBF; Spamhaus DROP List\r\n192.0.2.0/24 ; SBL256894\r\n2001:db8::/32;x\r\n";

    assert_true(file_holds(list, "192.0.2.77", *state));
    assert_true(file_holds(list, "2001:db8::1", *state));
    assert_false(file_holds(list, "198.51.100.1", *state));
    assert_null(opened_with);
    assert_true(file_holds("\xEF\xBB\xBF" "192.0.2.1\r\n", "192.0.2.1", *state));
}

/* ---- who, candidates, mistakes --------------------------------------------------------------- */

/* What was logged: how often, and the last line. */
static int logged;
static char last_line[1024];

static void write_log(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    (void)log;
    (void)level;
    (void)rv;
    logged++;
    apr_cpystrn(last_line, text, sizeof last_line);
}

static const ag_log_t test_log = {.write = write_log, .level = AG_LOG_DEBUG};

static void put(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

/* Is the address in the file, after `looks` looks a second apart? */
static ag_ip_answer_e after(ag_ip_source_t *source, int looks, const char *address, apr_pool_t *p)
{
    static apr_time_t now = NOW;
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, address));
    for (; looks > 0; looks--) {
        now += apr_time_from_sec(1);
        ag_ip_file_poll(source, now, &test_log, p);
    }
    return ag_ipshare_ask(source->share, &ip, now);
}

static void test_file_again(void **state)
{
    apr_array_header_t *opens = apr_array_make(*state, 1, sizeof(ag_open_t));
    apr_array_header_t *sources = apr_array_make(*state, 1, sizeof(ag_ip_source_t *));
    ag_setting_call_t call = {.p = *state, .opens = opens, .sources = sources,
                              .source_names = apr_hash_make(*state), .root = "/tmp"};
    ag_opening_t opening = {*state, *state, *state, NULL};
    char path[] = "/tmp/test_authz_XXXXXX";
    ag_ip_source_t *source, *same;
    int fd = mkstemp(path);
    const char *name;

    logged = 0;
    close(fd);
    name = apr_pstrcat(*state, "file:", path, NULL);
    put(path, "192.0.2.1\n");
    assert_null(ag_ip_source_of(&source, name, &call));
    assert_null(ag_ip_source_of(&same, name, &call));
    assert_ptr_equal(source, same); /* two rules, one file, read once */
    assert_int_equal(opens->nelts, 1);
    assert_null(ag_ip_file_open(source, &opening));
    assert_int_equal(after(source, 3, "192.0.2.1", *state), AG_IP_YES);
    assert_int_equal(logged, 0); /* nothing has changed, nothing is read */
    put(path, "192.0.2.2\n198.51.100.0/24\n");
    assert_int_equal(after(source, 1, "192.0.2.1", *state), AG_IP_YES); /* is it still written to? */
    assert_int_equal(after(source, 1, "192.0.2.1", *state), AG_IP_NO);
    assert_int_equal(after(source, 0, "198.51.100.9", *state), AG_IP_YES);
    assert_int_equal(logged, 1);
    put(path, "192.0.2.3\nrubbish\n");
    assert_int_equal(after(source, 5, "192.0.2.2", *state), AG_IP_YES); /* the last good set */
    assert_int_equal(after(source, 0, "192.0.2.3", *state), AG_IP_NO);
    assert_int_equal(logged, 2);
    assert_non_null(strstr(last_line, "line 2: \"rubbish\""));
    unlink(path);
    assert_int_equal(after(source, 5, "192.0.2.2", *state), AG_IP_YES);
    assert_int_equal(logged, 3);
    put(path, "");
    assert_int_equal(after(source, 2, "192.0.2.2", *state), AG_IP_YES); /* a download that failed */
    assert_int_equal(logged, 4);
    put(path, "# nobody\n");
    assert_int_equal(after(source, 2, "192.0.2.2", *state), AG_IP_NO);
    unlink(path);
}

/* A list that nobody has read yet, alone and beside what can tell. */
static void test_unknown(void **state)
{
    apr_array_header_t *opens = apr_array_make(*state, 1, sizeof(ag_open_t));
    apr_array_header_t *sources = apr_array_make(*state, 1, sizeof(ag_ip_source_t *));
    ag_setting_call_t call = {.p = *state, .opens = opens, .sources = sources,
                              .source_names = apr_hash_make(*state), .root = "/tmp"};
    ag_request_t request = from("192.0.2.1", *state);
    ag_verdict_t verdict = {0};
    ag_ip_source_t *source;
    ag_rule_t *rule;

    assert_null(ag_rule_parse(&rule, "api-ip", "list:partners", &call));
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_UNKNOWN);
    assert_int_equal(verdict.candidate, AG_R_NONE);
    assert_null(ag_rule_parse(&rule, "api-ip", "10.0.0.0/8 list:partners", &call));
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_UNKNOWN);
    assert_null(ag_rule_parse(&rule, "api-ip", "list:partners 192.0.2.0/24", &call));
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_YES);
    assert_int_equal(sources->nelts, 1);
    call.server = "another"; /* another server's database has another list of that name */
    assert_null(ag_ip_source_of(&source, "list:partners", &call));
    assert_int_equal(sources->nelts, 2);
    call.opens = NULL; /* .htaccess: what the server reads anyway */
    assert_null(ag_rule_parse(&rule, "api-ip", "list:partners", &call));
    assert_int_equal(sources->nelts, 2);
    assert_non_null(ag_rule_parse(&rule, "api-ip", "list:other", &call));
}

static void test_host_bits(void **state)
{
    assert_null(rule_of("api-ip", "10.0.0.0/8 192.0.2.1", *state)->warning);
    assert_non_null(strstr(rule_of("api-ip", "192.0.2.1 10.0.0.1/8", *state)->warning,
                           "\"10.0.0.1/8\" has bits behind its mask"));
}

static void test_nobody_yet(void **state)
{
    static const struct {
        const char *name, *line;
    } rules[] = {{"api-client", "*"}, {"api-scope", "read"}, {"api-role", "dev"},
                 {"api-claim", "org:acme"}, {"api-credential", "key"}};
    int i;

    for (i = 0; i < N_OF(rules); i++) {
        ag_verdict_t verdict = {0};
        ag_request_t request = from("::", *state);

        assert_int_equal(ag_rule_test(rule_of(rules[i].name, rules[i].line, *state), &verdict,
                                      &request), AG_RULE_NO_WHO);
        assert_int_equal(verdict.candidate, AG_R_NONE); /* not a no: ask again */
    }
}

static void test_candidates(void **state)
{
    static const struct {
        const char *name, *line;
        ag_reason_e reason;
        const char *wanted;
    } rules[] = {
        {"api-client", "x", AG_R_CLIENT_DENIED, NULL},
        {"api-scope", "x", AG_R_SCOPE_INSUFFICIENT, "x"},
        {"api-scope", "x y  z", AG_R_SCOPE_INSUFFICIENT, "x y z"},
        {"api-role", "x y", AG_R_ROLE_INSUFFICIENT, NULL},
        {"api-claim", "x:y", AG_R_CLAIM_DENIED, NULL},
        {"api-ip", "10.0.0.0/8", AG_R_IP_DENIED, NULL},
        {"api-credential", "jwt", AG_R_CREDENTIAL_DENIED, NULL},
    };
    ag_principal_t *who = make_who("key", "acme", *state);
    ag_verdict_t first = {.who = who};
    ag_request_t request = from("::", *state);
    int i;

    for (i = 0; i < N_OF(rules); i++) {
        const ag_rule_t *rule = rule_of(rules[i].name, rules[i].line, *state);
        ag_verdict_t verdict = {.who = who};

        assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_NO);
        assert_int_equal(verdict.candidate, rules[i].reason);
        assert_int_equal(verdict.reason, AG_R_NONE);
        assert_string_equal(verdict.wanted ? verdict.wanted : "",
                            rules[i].wanted ? rules[i].wanted : "");
        assert_int_equal(ag_rule_test(rule, &first, &request), AG_RULE_NO);
    }
    assert_int_equal(first.candidate, AG_R_CLIENT_DENIED); /* the first one stays */
    assert_null(first.wanted);
    assert_int_equal(ag_rule_test(rule_of("api-scope", "read", *state), &first, &request),
                     AG_RULE_YES);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *name, *line, *error;
    } cases[] = {
        {"api-nothing", "x", "Require api-nothing: there is no such rule"},
        {"api-scope", "", "Require api-scope: a value is missing"},
        {"API-Scope", " \t ", "Require api-scope: a value is missing"},
        {"api-ip", "", "Require api-ip: a value is missing"},
        /* Of a carriage return alone a rule without words was made, whose first was then told of. */
        {"api-scope", "\r", "Require api-scope: a value is missing"},
        {"api-role", " \r\n", "Require api-role: a value is missing"},
        {"api-ip", "\r", "Require api-ip: a value is missing"},
        {"api-claim", "\n", "Require api-claim: a value is missing"},
        {"api-scope", "\"read", "Require api-scope: a quote is not closed"},
        {"api-client", "a*b", "Require api-client: \"a*b\" is not allowed: a * may only end a"},
        {"api-client", "ok **", "Require api-client: \"**\" is not allowed: a * may only end a"},
        {"api-scope", "read re*", "Require api-scope: \"re*\" is not allowed: a word without *"},
        {"api-scope", "\"\"", "Require api-scope: \"\" is not allowed: a word without *"},
        {"api-role", "*", "Require api-role: \"*\" is not allowed: a word without *"},
        {"api-credential", "cert", "Require api-credential: \"cert\" is not allowed: key, jwt or "
                                   "anonymous"},
        {"api-claim", "org", "Require api-claim: \"org\" is not allowed: NAME:VALUE or NAME~REGEX"},
        {"api-claim", ":x", "Require api-claim: \"\" is not allowed: NAME:VALUE or NAME~REGEX"},
        {"api-claim", "\"\":x", "Require api-claim: \"\" is not allowed: NAME:VALUE or NAME~REGEX"},
        {"api-claim", "org:acme admin",
         "Require api-claim: \"admin\" is not allowed: NAME:VALUE or NAME~REGEX"},
        {"api-claim", "\"org\" :x", "Require api-claim: \"org\" is not allowed: NAME:VALUE or "
                                    "NAME~REGEX"},
        {"api-claim", "\"org:x", "Require api-claim: \"org:x\" is not allowed: NAME:VALUE or "
                                 "NAME~REGEX"},
        {"api-claim", "org:\"x", "Require api-claim: a quote is not closed"},
        {"api-claim", "org~(", "Require api-claim: \"(\" is not a regular expression"},
        {"api-ip", "192.0.2.1 x", "Require api-ip: \"x\" is not an address or network"},
        {"api-ip", "fe80::1%eth0", "Require api-ip: \"fe80::1%eth0\" is not an address or network"},
        {"api-ip", "\"\"", "Require api-ip: \"\" is not an address or network"},
        {"api-ip", "file:/tmp/x", "Require api-ip: file: is not allowed in .htaccess"},
        {"api-ip", "10.0.0.0/8 file:/tmp/x", "Require api-ip: file: is not allowed in .htaccess"},
        {"api-ip", "list:", "Require api-ip: \"list:\" names no list: 1 to 63 letters, digits and . _ -"},
        {"api-ip", "\"list:a b\"", "Require api-ip: \"list:a b\" names no list"},
        {"api-ip", "list:a%", "Require api-ip: \"list:a%\" names no list"},
        {"api-ip", "list:partners", "Require api-ip: \"list:partners\" is not allowed in .htaccess "
                                    "unless the server's own configuration uses that list, too"},
    };
    ag_setting_call_t call = {.p = *state};
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_rule_t *rule;
        const char *error = ag_rule_parse(&rule, cases[i].name, cases[i].line, &call);

        if (!error || strncmp(error, cases[i].error, strlen(cases[i].error)) != 0) {
            fail_msg("Require %s %s: %s", cases[i].name, cases[i].line, error ? error : "(none)");
        }
    }
    call.opens = apr_array_make(*state, 1, sizeof(ag_open_t));
    call.root = "/tmp";
    assert_string_equal(ag_rule_parse(&(ag_rule_t *){0}, "api-ip", "file:", &call),
                        "Require api-ip: \"file:\" names no file");
    assert_int_equal(call.opens->nelts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_client_of_key), TEST(test_client_of_token), TEST(test_client_of_an_issuer), TEST(test_issuer),
        TEST(test_scope),
        TEST(test_literal_scope), TEST(test_role),
        TEST(test_credential), TEST(test_claim), TEST(test_claim_regex), TEST(test_no_claims),
        TEST(test_ip), TEST(test_ip_file), TEST(test_ip_file_wrong),
        TEST(test_ip_file_of_others), TEST(test_file_again), TEST(test_unknown), TEST(test_host_bits), TEST(test_nobody_yet),
        TEST(test_candidates), TEST(test_mistakes),
    };

    return cmocka_run_group_tests_name("authz", tests, NULL, NULL);
}
