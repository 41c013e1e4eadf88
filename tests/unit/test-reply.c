/* The answers, byte for byte, caught by a gateway made up here. */
#include "unit.h"

#include <ctype.h>
#include <json-c/json.h>

#include "front/gateway.h"
#include "front/reply.h"
#include "metrics/metrics.h"

/* What the web server would get. */
struct gateway {
	char   bytes[65536];
	size_t length;
};

static struct gateway answer;

void
gateway_write(struct gateway *gateway, const char *bytes, size_t length)
{
	assert_true(gateway->length + length < sizeof gateway->bytes);
	memcpy(gateway->bytes + gateway->length, bytes, length);
	gateway->length += length;
	gateway->bytes[gateway->length] = '\0';
}

static const struct {
	enum outcome outcome;
	int          status;
	bool         to_push;
} expected[] = {
	{ OUTCOME_OK, 200, true },
	{ OUTCOME_BODY_EMPTY, 400, true },
	{ OUTCOME_BODY_CUT_SHORT, 400, true },
	{ OUTCOME_BODY_NOT_UTF8, 400, true },
	{ OUTCOME_BODY_NOT_JSON, 400, true },
	{ OUTCOME_BODY_TRAILING, 400, true },
	{ OUTCOME_BODY_NOT_LIST, 400, true },
	{ OUTCOME_BODY_ENCODED, 415, true },
	{ OUTCOME_FORBIDDEN, 403, true },
	{ OUTCOME_NOT_FOUND, 404, true },
	{ OUTCOME_METHOD_NOT_ALLOWED, 405, true },
	{ OUTCOME_BODY_TOO_LARGE, 413, true },
	{ OUTCOME_UNAVAILABLE, 503, true },
	{ OUTCOME_LIVE, 200, false },
	{ OUTCOME_READY, 200, false },
	{ OUTCOME_READY_UNSPOOLED, 200, false },
	{ OUTCOME_DEGRADED, 200, false },
	{ OUTCOME_NOT_READY, 503, false },
	{ OUTCOME_METRICS, 200, false },
};

/* The answer to outcome; its body, behind the empty line, is given back. */
static const char *
body_of(enum outcome outcome)
{
	const char *end;

	answer.length = 0;
	reply_send(&answer, outcome);
	end = strstr(answer.bytes, "\r\n\r\n");
	assert_non_null(end);
	return end + 4;
}

/* The value of a header that has to be there once; NULL when it is not there. */
static const char *
header_of(enum outcome outcome, const char *name)
{
	static char value[256];
	const char *end = body_of(outcome) - 2, *found = NULL;

	for (const char *line = answer.bytes; line < end; line = strstr(line, "\r\n") + 2)
		if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
			assert_null(found);
			found = line + strlen(name) + 1;
			found += strspn(found, " ");
		}
	if (found != NULL)
		snprintf(value, sizeof value, "%.*s", (int)strcspn(found, "\r"), found);
	return found != NULL ? value : NULL;
}

/* The JSON object of an answer; to be put. */
static struct json_object *
json_of(enum outcome outcome)
{
	enum json_tokener_error error;
	struct json_object *tree = json_tokener_parse_verbose(body_of(outcome), &error);

	if (error != json_tokener_success || !json_object_is_type(tree, json_type_object))
		fail_msg("outcome %d: %s", (int)outcome, body_of(outcome));
	return tree;
}

static const char *
member_of(struct json_object *tree, const char *name)
{
	struct json_object *member;

	assert_true(json_object_object_get_ex(tree, name, &member));
	assert_true(json_object_is_type(member, json_type_string));
	return json_object_get_string(member);
}

static void
success_is_what_the_interface_documents(void **state)
{
	assert_string_equal(body_of(OUTCOME_OK), "{\"retCode\":\"0\",\"retMsg\":\"success\"}");
}

static void
every_outcome_is_in_the_table(void **state)
{
	assert_int_equal(COUNT(expected), OUTCOMES);
	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		assert_int_equal(expected[outcome].outcome, outcome);
}

static void
every_outcome_has_its_status(void **state)
{
	for (size_t i = 0; i < COUNT(expected); i++) {
		const char *status = header_of(expected[i].outcome, "Status");

		assert_non_null(status);
		assert_int_equal(atoi(status), expected[i].status);
		assert_int_equal(reply_status(expected[i].outcome), expected[i].status);
		assert_int_equal(reply_is_to_push(expected[i].outcome), expected[i].to_push);
	}
}

static void
the_length_is_right(void **state)
{
	for (size_t i = 0; i < COUNT(expected); i++) {
		const char *text = header_of(expected[i].outcome, "Content-Length");

		assert_non_null(text);
		/* of the same answer: the metrics of the next one may be a digit longer */
		assert_int_equal(strtoul(text, NULL, 10), strlen(strstr(answer.bytes, "\r\n\r\n") + 4));
		assert_int_equal(answer.length, strlen(answer.bytes));
	}
}

static void
the_head_is_lines_of_headers(void **state)
{
	for (size_t i = 0; i < COUNT(expected); i++) {
		const char *end = body_of(expected[i].outcome) - 2;

		for (const char *line = answer.bytes; line < end; line = strstr(line, "\r\n") + 2) {
			size_t name = strcspn(line, ":\r\n");

			assert_int_equal(line[name], ':');
			assert_true(name > 0 && isalpha((unsigned char)*line));
			assert_int_equal(line[strcspn(line, "\r\n")], '\r');
		}
	}
}

static void
all_but_metrics_are_json_with_a_code_and_a_sentence(void **state)
{
	for (size_t i = 0; i < COUNT(expected); i++) {
		struct json_object *tree;
		char code[16];

		if (expected[i].outcome == OUTCOME_METRICS)
			continue;
		assert_string_equal(header_of(expected[i].outcome, "Content-Type"), "application/json");
		tree = json_of(expected[i].outcome);
		snprintf(code, sizeof code, "%d", expected[i].status == 200 ? 0 : expected[i].status);
		assert_string_equal(member_of(tree, "retCode"), code);
		assert_true(strlen(member_of(tree, "retMsg")) > 0);
		json_object_put(tree);
	}
}

static void
each_fault_has_a_sentence_of_its_own(void **state)
{
	for (int a = 0; a < OUTCOME_LIVE; a++) {
		struct json_object *tree = json_of((enum outcome)a);

		assert_string_equal(member_of(tree, "retMsg"), outcome_sentence((enum outcome)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(outcome_sentence((enum outcome)a), outcome_sentence((enum outcome)b));
		json_object_put(tree);
	}
}

static void
another_method_is_told_which_one(void **state)
{
	for (size_t i = 0; i < COUNT(expected); i++) {
		const char *allow = header_of(expected[i].outcome, "Allow");

		if (expected[i].status == 405)
			assert_string_equal(allow, "POST");
		else
			assert_null(allow);
	}
}

static void
what_may_pass_says_when_to_come_again(void **state)
{
	for (size_t i = 0; i < COUNT(expected); i++) {
		const char *after = header_of(expected[i].outcome, "Retry-After");

		if (expected[i].status == 503)
			assert_in_range(atoi(after), 1, 600);
		else
			assert_null(after);
	}
}

static void
readiness_says_which_store_is_there(void **state)
{
	static const char *const stores[] = { "database", "spool" };
	static const enum outcome outcomes[] = { OUTCOME_READY, OUTCOME_NOT_READY };

	for (size_t i = 0; i < COUNT(outcomes); i++) {
		struct json_object *tree = json_of(outcomes[i]), *member;
		bool some = false;

		for (size_t s = 0; s < COUNT(stores); s++) {
			assert_true(json_object_object_get_ex(tree, stores[s], &member));
			assert_true(json_object_is_type(member, json_type_boolean));
			some |= json_object_get_boolean(member);
		}
		assert_int_equal(some, outcomes[i] == OUTCOME_READY);
		json_object_put(tree);
	}
}

static void
metrics_are_text_for_prometheus(void **state)
{
	const char *type = header_of(OUTCOME_METRICS, "Content-Type"), *body;

	assert_memory_equal(type, "text/plain; version=0.0.4", 25);
	body = body_of(OUTCOME_METRICS);
	assert_int_equal(body[strlen(body) - 1], '\n');
	for (const char *line = body; *line != '\0'; line = strchr(line, '\n') + 1)
		assert_true(strncmp(line, "# HELP ", 7) == 0 || strncmp(line, "# TYPE ", 7) == 0 ||
		    strncmp(line, "callresultd_", 12) == 0 || strncmp(line, "process_", 8) == 0);
}

static void
what_is_counted_is_in_the_metrics(void **state)
{
	static const struct metrics_stored stored = { .pushes = 3, .replayed = 1, .records = 10, .inserted = 1,
	    .updated = 2,
		.duplicates = 3, .quarantined = 4 };

	metrics_count_answer(200, 900);
	metrics_count_answer(200, 1100);
	metrics_count_answer(403, 10);
	metrics_count_answer(413, 10);
	metrics_count_answer(503, 10);
	metrics_count_stored(&stored);
	metrics_set(METRIC_DATABASE_UP, 1);
	metrics_count_source("platform");
	metrics_count_source("a \"b\\");
	metrics_count_source("platform");
	body_of(OUTCOME_METRICS);
	assert_non_null(strstr(answer.bytes, "\ncallresultd_pushes_total{status=\"200\"} 2\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_pushes_total{status=\"403\"} 1\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_records_total{fate=\"inserted\"} 1\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_records_total{fate=\"updated\"} 2\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_records_total{fate=\"duplicate\"} 3\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_records_total{fate=\"quarantined\"} 4\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_records_received_total 10\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_stored_pushes_total 3\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_replayed_pushes_total 1\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_refused_pushes_total 2\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_answer_duration_seconds_bucket{le=\"0.001\"} 4\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_database_up 1\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_source_pushes_total{source=\"platform\"} 2\n"));
	assert_non_null(strstr(answer.bytes, "\ncallresultd_source_pushes_total{source=\"a \\\"b\\\\\"} 1\n"));
	/* what nobody has set is not shown */
	assert_null(strstr(answer.bytes, "callresultd_spool_pushes"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_is_what_the_interface_documents),
		cmocka_unit_test(every_outcome_is_in_the_table),
		cmocka_unit_test(every_outcome_has_its_status),
		cmocka_unit_test(the_length_is_right),
		cmocka_unit_test(the_head_is_lines_of_headers),
		cmocka_unit_test(all_but_metrics_are_json_with_a_code_and_a_sentence),
		cmocka_unit_test(each_fault_has_a_sentence_of_its_own),
		cmocka_unit_test(another_method_is_told_which_one),
		cmocka_unit_test(what_may_pass_says_when_to_come_again),
		cmocka_unit_test(readiness_says_which_store_is_there),
		cmocka_unit_test(metrics_are_text_for_prometheus),
		cmocka_unit_test(what_is_counted_is_in_the_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
