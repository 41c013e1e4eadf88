/* Whether doctor can connect as callresultd does, and what cures it where it cannot. */
#include <string.h>

#include "ctl/doctor.h"

/* What libpq or the server says, and what cures it; the first that fits counts. */
static const struct {
	const char *words;
	const char *cure;
} troubles[] = {
	{ "Connection refused", "nothing listens at this address: start PostgreSQL (systemctl start postgresql), or"
	    " set host and port in conninfo to an address it listens on (listen_addresses)" },
	{ "No such file or directory", "no server has its socket in this folder: start PostgreSQL (systemctl start"
	    " postgresql), or correct host in conninfo" },
	{ "could not translate host name", "correct the host in conninfo, or repair name resolution (getent hosts"
	    " NAME)" },
	{ "timeout expired", "nothing answers at this address: check host and port in conninfo, the firewall, and the"
	    " server" },
	{ "could not receive data", "the server accepted the connection and then fell silent: check its load and its"
	    " log" },
	{ "No route to host", "check the network, and host in conninfo" },
	{ "Network is unreachable", "check the network, and host in conninfo" },
	{ "no password supplied", "supply a password: in /etc/callresultd/pgpass for the packaged service, else with"
	    " passfile= in conninfo" },
	{ "password authentication failed", "set the password again (alter role ROLE password 'NEW') and put the same"
	    " one into the password file; the server also gives this answer when the role does not exist" },
	{ "Peer authentication failed", "run doctor as root, which then checks as the user of callresultd; if it still"
	    " fails, set user= in conninfo to a role with that user's name, or map the user in pg_ident.conf" },
	{ "Ident authentication failed", "let the role log in with a password: scram-sha-256 in pg_hba.conf" },
	{ "no pg_hba.conf entry", "add a line for this role, database and address to pg_hba.conf and reload the"
	    " server" },
	{ "is not permitted to log in", "alter role ROLE login" },
	{ "too many connections", "raise the connection limit of the role or the database" },
	{ "remaining connection slots", "raise max_connections, or put a connection pooler in front of the server" },
	{ "too many clients", "raise max_connections, or put a connection pooler in front of the server" },
	{ "permission denied for database", "grant connect on database NAME to callresult_writer" },
	{ "database system is starting up", "wait: the server is starting" },
	{ "database system is shutting down", "start the server again" },
	{ "database system is in recovery mode", "wait: the server is recovering from a crash" },
	{ "session is not read-write", "none of the hosts is a primary: repair the cluster, or correct host in"
	    " conninfo" },
	{ "session is read-only", "none of the hosts is a primary: repair the cluster, or correct host in conninfo" },
	{ "SSL was required", "enable ssl on the server, or change sslmode in conninfo" },
	{ "certificate", "correct sslrootcert, sslcert or the host name in conninfo, or replace the server's"
	    " certificate" },
	{ "definition of service", "correct service= in conninfo, or the service file" },
	{ "no such user", "correct user= in conninfo" },
};

static const char *
cure_of(const char *problem)
{
	for (int i = 0; i < ELEMENTS(troubles); i++)
		if (strstr(problem, troubles[i].words) != NULL)
			return troubles[i].cure;
	if (strstr(problem, "role \"") != NULL && strstr(problem, "does not exist") != NULL)
		return "create role ROLE login in role callresult_writer, or set user= in conninfo to an existing role";
	if (strstr(problem, "database \"") != NULL && strstr(problem, "does not exist") != NULL)
		return "createdb NAME and install the schema (psql -d NAME -f " DATA_DIR "/sql/install.sql), or set"
		    " dbname in conninfo";
	return "run doctor as root, which then checks as the user of callresultd; if it still fails, check conninfo,"
	    " pg_hba.conf and the server's log";
}

bool
doctor_connection(struct doctor *doctor)
{
	if (db_attach(doctor->db)) {
		doctor_add_ok(doctor, "the database can be reached");
		return true;
	}
	doctor_add(doctor, FINDING_FAULT, "while callresultd cannot connect, pushes go to the spool until it is full;"
	    " doctor could check nothing else about the database", cure_of(db_problem(doctor->db)),
	    "callresultd cannot connect to the database: %s", db_problem(doctor->db));
	return false;
}
