# SPDX-License-Identifier: Apache-2.0
# The one list of sources, read by both builds.

ag_core_c = \
	src/base/cache.c src/base/digest.c src/base/json.c src/base/lock.c src/base/log.c \
	src/base/measure.c src/base/process.c src/base/regex.c src/base/text.c src/core/open.c src/core/principal.c src/core/reason.c \
	src/core/setting.c src/core/setting_kinds.c src/core/sql_text.c src/core/statement.c src/core/verdict.c src/ipset/ipset.c \
	src/ipset/ipshare.c src/ipset/iptable.c src/ipset/iptable_make.c \
	src/keys/budget.c src/keys/flight.c src/keys/key_format.c src/keys/key_row.c src/keys/keys.c src/keys/keys_bcrypt.c src/keys/keys_dbd.c src/keys/keys_poll.c src/keys/keys_record.c src/keys/nodes.c src/keys/notice.c \
	src/limit/algo_bucket.c src/limit/algo_fixed.c src/limit/algo_sliding.c src/limit/breaker.c src/limit/central.c \
	src/limit/entry.c src/limit/fleet.c src/limit/lease.c src/limit/lease_back.c src/limit/lease_reset.c src/limit/lease_restore.c src/limit/lease_table.c src/limit/lease_visit.c \
	src/limit/limit.c src/limit/limit_lookup.c src/limit/limit_parse.c src/limit/limit_subject.c \
	src/limit/store_lease.c src/limit/store_memcached.c src/limit/store_shm.c src/limit/table.c src/limit/tickets.c src/authz/authz.c \
	src/authz/ip_file.c src/authz/ip_list.c src/authz/ip_source.c \
	src/authz/rule_claim.c src/authz/rule_ip.c src/authz/rule_words.c src/reply/challenge.c src/reply/problem.c \
	src/reply/quota.c src/watch/audit.c src/watch/repeats.c src/watch/usage.c src/watch/usage_dbd.c src/cred/cred.c src/cred/cred_jwt.c src/cred/cred_key.c \
	src/cred/cred_place.c src/cred/jwk.c src/cred/jwks.c src/cred/jwt.c src/cred/jwt_alg.c \
	src/cred/jwt_check.c src/cred/jwt_claims.c src/cred/jwt_key.c src/cred/token_memo.c \
	src/guard/ban.c src/guard/ban_rule.c src/guard/ban_step.c src/guard/bill.c src/guard/desk.c src/guard/charge.c src/guard/enter.c src/guard/identify.c src/guard/kinds.c src/guard/kinds_site.c \
	src/guard/kinds_token.c src/guard/methods.c src/guard/watch.c src/guard/policy.c

ag_core_h = \
	src/base/cache.h src/base/digest.h src/base/json.h src/base/lock.h src/base/log.h \
	src/base/measure.h src/base/process.h src/base/regex.h src/base/speed.h src/base/text.h src/core/open.h src/core/ports.h \
	src/core/principal.h src/core/quota.h src/core/reason.h src/core/reasons.def src/core/request.h \
	src/core/setting.h src/core/sql_text.h src/core/statement.h src/core/verdict.h src/ipset/ipset.h src/ipset/ipshare.h src/ipset/iptable.h \
	src/ipset/iptable_layout.h src/keys/key_format.h \
	src/keys/budget.h src/keys/flight.h src/keys/keys_bcrypt.h \
	src/keys/key_row.h src/keys/keys.h src/keys/keys_poll.h src/keys/keys_record.h src/keys/notice.h src/limit/algo.h \
	src/limit/breaker.h src/limit/by.h src/limit/central.h src/limit/entry.h src/limit/fleet.h \
	src/limit/lease.h src/limit/lease_reset.h src/limit/lease_restore.h src/limit/limit.h src/limit/store_lease.h src/limit/table.h src/limit/tickets.h \
	src/authz/authz.h src/authz/ip_source.h src/authz/rules.def src/authz/rules.h src/reply/reply.h src/watch/audit.h src/watch/repeats.h src/watch/usage.h src/cred/cred.h \
	src/cred/jwk.h src/cred/jwt.h src/cred/jwt_alg.h src/cred/jwt_claims.h src/cred/jwt_lib.h \
	src/cred/token_memo.h src/guard/ban.h src/guard/bill.h src/guard/desk.h src/guard/guard.h src/guard/kinds.h src/guard/policy.def \
	src/guard/policy.h src/guard/site.def

ag_httpd_c = \
	src/httpd/access.c src/httpd/configtest.c src/httpd/desk.c src/httpd/desk_limits.c src/httpd/dbd.c src/httpd/directives.c src/httpd/exchange.c \
	src/httpd/expr.c src/httpd/filters.c src/httpd/hide.c src/httpd/identity.c src/httpd/lists.c src/httpd/log.c \
	src/httpd/leases.c src/httpd/memory.c src/httpd/refusal.c src/httpd/require.c src/httpd/startup.c src/httpd/trailers.c \
	src/httpd/notice.c src/httpd/usage.c src/httpd/watchdog.c

ag_ctl_c = \
	src/ctl/chart.c src/ctl/cmd_ban.c src/ctl/cmd_init.c src/ctl/cmd_usage.c src/ctl/cmd_ip.c src/ctl/cmd_ip_review.c src/ctl/cmd_key.c src/ctl/cmd_key_create.c \
	src/ctl/cmd_key_export.c src/ctl/cmd_key_find.c src/ctl/cmd_key_import.c src/ctl/cmd_key_rotate.c \
	src/ctl/cmd_limit.c src/ctl/cmd_plan.c \
	src/ctl/cmd_template.c src/ctl/cmd_token.c src/ctl/commands.c src/ctl/complete.c src/ctl/csv.c \
	src/ctl/database.c src/ctl/desk.c src/ctl/draft.c src/ctl/draft_write.c src/ctl/help.c src/ctl/import.c \
	src/ctl/input.c src/ctl/key_make.c src/ctl/key_match.c src/ctl/key_name.c src/ctl/key_rules.c \
	src/ctl/key_view.c src/ctl/leak.c src/ctl/main.c src/ctl/notify.c src/ctl/options.c src/ctl/output.c \
	src/ctl/records.c src/ctl/script.c src/ctl/upgrade.c src/ctl/view.c src/cred/jwt_lib.c

ag_ctl_h = \
	src/ctl/chart.h src/ctl/csv.h src/ctl/ctl.h src/ctl/draft.h src/ctl/import.h src/ctl/ip.h src/ctl/key.h src/ctl/leak.h src/ctl/records.h \
	src/ctl/schema.h src/ctl/view.h
