# SPDX-License-Identifier: Apache-2.0
# Every unit test: a program of its own from the .c file of its name.

ag_unit_tests = \
	tests/unit/test_audit \
	tests/unit/test_authz \
	tests/unit/test_authz_ip \
	tests/unit/test_ban \
	tests/unit/test_ban_wide \
	tests/unit/test_control \
	tests/unit/test_base_cache \
	tests/unit/test_base_cache_long \
	tests/unit/test_bill \
	tests/unit/test_base_digest \
	tests/unit/test_base_json \
	tests/unit/test_base_lock \
	tests/unit/test_base_measure \
	tests/unit/test_base_table \
	tests/unit/test_base_text \
	tests/unit/test_base_buffer \
	tests/unit/test_base_log \
	tests/unit/test_base_regex \
	tests/unit/test_core_open \
	tests/unit/test_core_setting \
	tests/unit/test_cred \
	tests/unit/test_cred_pairs \
	tests/unit/test_cred_jwt \
	tests/unit/test_cred_key \
	tests/unit/test_csv \
	tests/unit/test_guard_charge \
	tests/unit/test_ipset \
	tests/unit/test_ip_list \
	tests/unit/test_iptable \
	tests/unit/test_fetch \
	tests/unit/test_single_flight \
	tests/unit/test_jwks \
	tests/unit/test_jwt_check \
	tests/unit/test_jwt_issuer \
	tests/unit/test_jwt_key \
	tests/unit/test_jwt_lib \
	tests/unit/test_jwt_parse \
	tests/unit/test_jwt_verify \
	tests/unit/test_jwt_who \
	tests/unit/test_key_format \
	tests/unit/test_keys \
	tests/unit/test_keys_change \
	tests/unit/test_keys_down \
	tests/unit/test_keys_bcrypt \
	tests/unit/test_keys_dbd \
	tests/unit/test_limit_absurd \
	tests/unit/test_limit_algo \
	tests/unit/test_limit_reference \
	tests/unit/test_limit_flood \
	tests/unit/test_limit_few \
	tests/unit/test_limit_local \
	tests/unit/test_limit_log \
	tests/unit/test_limit_lease \
	tests/unit/test_limit_memcached \
	tests/unit/test_limit_reset \
	tests/unit/test_limit_servers \
	tests/unit/test_limit_true \
	tests/unit/test_lease_pace \
	tests/unit/test_lease_restore \
	tests/unit/test_limit_parse \
	tests/unit/test_limit_subject \
	tests/unit/test_limit_shm \
	tests/unit/test_limit_store \
	tests/unit/test_change_signal \
	tests/unit/test_policy \
	tests/unit/test_policy_merge \
	tests/unit/test_policy_values \
	tests/unit/test_realm \
	tests/unit/test_log_throttle \
	tests/unit/test_reply \
	tests/unit/test_shared_memory \
	tests/unit/test_inflight \
	tests/unit/test_statement \
	tests/unit/test_token_memo \
	tests/unit/test_usage \
	tests/unit/test_usage_dbd

ag_unit_h = \
	tests/unit/algo_fixture.h \
	tests/unit/authz_fixture.h \
	tests/unit/charge_fixture.h \
	tests/unit/cred_fixture.h \
	tests/unit/fetch_server.h \
	tests/unit/jwt_ask.h \
	tests/unit/jwt_maker.h \
	tests/unit/keys_fixture.h \
	tests/unit/limit_fixture.h \
	tests/unit/parse_fixture.h \
	tests/unit/policy_fixture.h \
	tests/unit/store_direct.h \
	tests/unit/unit.h

ag_fuzz_replays = tests/fuzz/replay_import tests/fuzz/replay_jwt
