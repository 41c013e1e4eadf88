/* What doctor checks of the role that callresultd connects as: privileges and connections. */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/doctor.h"

/* --- privileges -------------------------------------------------------------------------------------------- */

static void
check_missing_privileges(struct doctor *doctor)
{
	struct db_rows *rows = doctor_ask(doctor, "privileges", "SELECT current_user,"
	    " has_schema_privilege(n.oid, 'usage'),"
	    " coalesce((SELECT bool_and(has_function_privilege(p.oid, 'execute')) FROM pg_proc p"
	    "  WHERE p.pronamespace = n.oid AND p.proname = 'store'), false),"
	    " coalesce((SELECT has_table_privilege(c.oid, 'select') FROM pg_class c"
	    "  WHERE c.relnamespace = n.oid AND c.relname = 'schema_version'), false),"
	    " current_setting('server_version_num')::int >= 160000"
	    " FROM pg_namespace n WHERE n.nspname = 'callresult'");
	char cure[256];

	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 1) {
		snprintf(cure, sizeof cure, "grant callresult_writer to \"%.64s\"%s", doctor_cell(rows, 0),
		    doctor_is(rows, 4, "t") ? ", as a superuser or as a role that has it with admin option (CREATEROLE"
		    " alone is not enough)" : "");
		if (doctor_is(rows, 1, "t") && doctor_is(rows, 2, "t") && doctor_is(rows, 3, "t"))
			doctor_add_ok(doctor, "role %s has the privileges it needs", doctor_cell(rows, 0));
		else
			doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_STORED, cure, "role %s may not %s",
			    doctor_cell(rows, 0), !doctor_is(rows, 1, "t") ? "use the schema" :
			    !doctor_is(rows, 2, "t") ? "execute callresult.store" :
			    "read callresult.schema_version");
	}
	db_rows_free(rows);
}

static void
check_excess_privileges(struct doctor *doctor)
{
	struct db_rows *rows = doctor_ask(doctor, "privileges beyond need", "SELECT current_user, concat_ws(', ',"
	    " CASE WHEN r.rolsuper THEN 'is a superuser' END,"
	    " CASE WHEN r.rolcreaterole THEN 'may create roles' END,"
	    " CASE WHEN r.rolreplication THEN 'may replicate' END,"
	    " CASE WHEN NOT r.rolsuper AND pg_has_role(n.nspowner, 'member') THEN 'is or can be the owner of the"
	    " schema' END,"
	    " CASE WHEN NOT r.rolsuper THEN (SELECT 'may read or change tables (' || count(*) || ')' FROM pg_class c"
	    "  WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND c.relname <> 'schema_version'"
	    "  AND has_table_privilege(c.oid, 'select, insert, update, delete, truncate') HAVING count(*) > 0) END)"
	    " FROM pg_roles r, pg_namespace n WHERE r.rolname = current_user AND n.nspname = 'callresult'");

	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 1 && !doctor_is(rows, 1, ""))
		doctor_add(doctor, FINDING_WARNING, "anyone who breaks into the worker gets these privileges, and with"
		    " them the results", "give the worker a role of its own: create role callresultd login in role"
		    " callresult_writer", "role %s %s", doctor_cell(rows, 0), doctor_cell(rows, 1));
	else if (db_rows_count(rows) == 1)
		doctor_add_ok(doctor, "role %s has no more privileges than it needs", doctor_cell(rows, 0));
	db_rows_free(rows);
}

/* --- connections ------------------------------------------------------------------------------------------- */

static void
check_connections(struct doctor *doctor)
{
	struct db_rows *rows = doctor_ask(doctor, "connections", "SELECT"
	    " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
	    " (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),"
	    " (SELECT datconnlimit FROM pg_database WHERE datname = current_database())");
	/* one for the replay and one for the housekeeper; where there are fewer, all share those */
	int wanted = (int)doctor->ctl->settings.writers + 2;

	if (rows == NULL)
		return;
	for (int i = 0; i < 3; i++) {
		static const char *const whose[] = { "the server allows", "the role is allowed",
			"the database allows" };
		int limit = atoi(doctor_cell(rows, i));

		if (limit >= 0 && limit < wanted)
			doctor_add(doctor, limit > 0 ? FINDING_WARNING : FINDING_FAULT, limit > 0 ?
			    "pushes, replay and housekeeper share those there are, and wait for each other" :
			    DOCTOR_NOT_STORED,
			    "lower [database] writers, or raise max_connections or the connection limit of the role or"
			    " the database", "%s %d connections, but callresultd wants %d", whose[i], limit, wanted);
		else
			doctor_add_ok(doctor, "%s the %d connections that callresultd wants", whose[i], wanted);
	}
	db_rows_free(rows);
}

void
doctor_role(struct doctor *doctor)
{
	check_missing_privileges(doctor);
	check_excess_privileges(doctor);
	check_connections(doctor);
}
