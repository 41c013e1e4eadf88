/* Whose fault an SQLSTATE is (PostgreSQL manual, appendix A): whole codes before classes. */
#include "db/sqlstate.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char         *prefix;
	enum sqlstate_fault fault;
	bool                public;   /* the message never quotes data */
} table[] = {
	{ "40001", FAULT_CONFLICT, true },    /* serialization failure */
	{ "40P01", FAULT_CONFLICT, true },    /* deadlock */
	{ "22023", FAULT_UNKNOWN,  false },   /* a time zone the server no longer knows, or an owner's trigger */
	{ "22",    FAULT_RECORD,   false },   /* data exception */
	{ "23",    FAULT_RECORD,   false },   /* integrity constraint */
	{ "28",    FAULT_OPERATOR, true },    /* authorization */
	{ "3D",    FAULT_OPERATOR, true },    /* no such database */
	{ "3F",    FAULT_OPERATOR, true },    /* no such schema */
	{ "42",    FAULT_OPERATOR, true },    /* privilege, missing table or function */
	{ "08",    FAULT_SERVER,   true },    /* connection */
	{ "25006", FAULT_SERVER,   true },    /* read-only: a standby after a failover */
	{ "53",    FAULT_SERVER,   true },    /* resources: disk full, too many connections */
	{ "55P03", FAULT_SERVER,   true },    /* lock not available */
	{ "57",    FAULT_SERVER,   true },    /* shutdown, statement timeout */
	{ "58",    FAULT_SERVER,   true },    /* input or output of the server */
	/* 54000 and whatever else: not known to be the record's, so nothing good may be quarantined for it */
};

static int
find(const char *sqlstate)
{
	if (sqlstate != NULL)
		for (size_t i = 0; i < sizeof table / sizeof *table; i++)
			if (strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)) == 0)
				return (int)i;
	return -1;
}

enum sqlstate_fault
sqlstate_fault(const char *sqlstate)
{
	int i = find(sqlstate);

	return i >= 0 ? table[i].fault : sqlstate != NULL ? FAULT_UNKNOWN : FAULT_SERVER;
}

bool
sqlstate_message_is_public(const char *sqlstate)
{
	int i = find(sqlstate);

	return i >= 0 && table[i].public;
}
