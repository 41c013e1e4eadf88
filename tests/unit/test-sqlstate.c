/* Whose fault an SQLSTATE is: only the record's own may send it to quarantine. */
#include "unit.h"

#include "db/sqlstate.h"

static const char *const names[] = {
	[FAULT_SERVER] = "server",
	[FAULT_UNKNOWN] = "unknown",
	[FAULT_OPERATOR] = "operator",
	[FAULT_CONFLICT] = "conflict",
	[FAULT_RECORD] = "record",
};

static void
each_code_is_somebody_s_fault(void **state)
{
	static const struct {
		const char         *sqlstate;
		enum sqlstate_fault fault;
	} cases[] = {
		{ NULL, FAULT_SERVER },       /* the connection is lost */
		{ "08000", FAULT_SERVER }, { "08001", FAULT_SERVER }, { "08003", FAULT_SERVER },
		{ "08006", FAULT_SERVER }, { "08P01", FAULT_SERVER },
		{ "25006", FAULT_SERVER },    /* read-only: a standby */
		{ "53000", FAULT_SERVER }, { "53100", FAULT_SERVER }, { "53200", FAULT_SERVER },
		{ "53300", FAULT_SERVER },
		{ "55P03", FAULT_SERVER },    /* lock not available */
		{ "57000", FAULT_SERVER }, { "57014", FAULT_SERVER }, { "57P01", FAULT_SERVER },
		{ "57P02", FAULT_SERVER },
		{ "57P03", FAULT_SERVER }, { "57P05", FAULT_SERVER },
		{ "58000", FAULT_SERVER }, { "58030", FAULT_SERVER },
		{ "XX000", FAULT_UNKNOWN }, { "XX001", FAULT_UNKNOWN }, { "XX002", FAULT_UNKNOWN },
		{ "40001", FAULT_CONFLICT }, { "40P01", FAULT_CONFLICT },
		{ "28000", FAULT_OPERATOR }, { "28P01", FAULT_OPERATOR }, { "3D000", FAULT_OPERATOR },
		{ "42501", FAULT_OPERATOR }, { "42601", FAULT_OPERATOR }, { "42703", FAULT_OPERATOR },
		{ "42883", FAULT_OPERATOR }, { "42P01", FAULT_OPERATOR }, { "42P10", FAULT_OPERATOR },
		{ "22001", FAULT_RECORD }, { "22003", FAULT_RECORD }, { "22007", FAULT_RECORD },
		{ "22008", FAULT_RECORD },
		{ "22023", FAULT_UNKNOWN }, { "P0001", FAULT_UNKNOWN }, { "54000", FAULT_UNKNOWN },
		{ "22021", FAULT_RECORD }, { "22P02", FAULT_RECORD }, { "22P05", FAULT_RECORD },
		{ "23502", FAULT_RECORD }, { "23505", FAULT_RECORD }, { "23514", FAULT_RECORD },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum sqlstate_fault fault = sqlstate_fault(cases[i].sqlstate);

		if (fault != cases[i].fault)
			fail_msg("%s is the %s's", cases[i].sqlstate != NULL ? cases[i].sqlstate : "NULL",
			    names[fault]);
	}
}

static void
no_class_but_22_and_23_is_the_record_s(void **state)
{
	static const char signs[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char sqlstate[] = "??000";

	for (const char *first = signs; *first != '\0'; first++)
		for (const char *second = signs; *second != '\0'; second++) {
			sqlstate[0] = *first;
			sqlstate[1] = *second;
			if (sqlstate_fault(sqlstate) == FAULT_RECORD && memcmp(sqlstate, "22", 2) != 0 &&
			    memcmp(sqlstate, "23", 2) != 0)
				fail_msg("%s is the record's", sqlstate);
		}
}

static void
what_is_no_sqlstate_is_nobody_else_s_fault(void **state)
{
	static const char *const cases[] = { "", "2", "4", "0", "54000", "21000", "0A000", "P0001", "99999", "25P02" };

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_not_equal(sqlstate_fault(cases[i]), FAULT_RECORD);
}

static void
a_message_that_may_quote_data_is_not_public(void **state)
{
	static const char *const private[] = {
		NULL, "", "22001", "22007", "22P02", "23505", "23514", "XX000", "99999",
	};
	static const char *const public[] = { "28P01", "3D000", "42501", "53300", "57P03", "25006" };

	for (size_t i = 0; i < COUNT(private); i++)
		assert_false(sqlstate_message_is_public(private[i]));
	for (size_t i = 0; i < COUNT(public); i++)
		assert_true(sqlstate_message_is_public(public[i]));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_is_somebody_s_fault),
		cmocka_unit_test(no_class_but_22_and_23_is_the_record_s),
		cmocka_unit_test(what_is_no_sqlstate_is_nobody_else_s_fault),
		cmocka_unit_test(a_message_that_may_quote_data_is_not_public),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
