/* The connection that callresultd makes: whether it stands, and what cures it where it does not. */
#include <string.h>

#include "ctl/doctor.h"

/* What libpq or the server says, and what cures it; the first that fits. */
static const struct {
	const char *words;
	const char *cure;
} troubles[] = {
	{ "Connection refused", "nothing listens there: start PostgreSQL (systemctl start postgresql), or set host and"
	  " port in conninfo to where it listens (listen_addresses)" },
	{ "No such file or directory", "no PostgreSQL has its socket there: start it (systemctl start postgresql), or"
	  " set host in conninfo" },
	{ "could not translate host name", "fix the host in conninfo, or the name service (getent hosts NAME)" },
	{ "timeout expired", "nothing answers: fix host and port in conninfo, a firewall between, or the server" },
	{ "could not receive data", "the server took the connection and did not go on: look at its load and at its"
	    " log" },
	{ "No route to host", "fix the network, or host in conninfo" },
	{ "Network is unreachable", "fix the network, or host in conninfo" },
	{ "no password supplied", "give a password: /etc/callresultd/pgpass with the packaged service, or passfile= in"
	    " conninfo" },
	{ "password authentication failed", "the password is another one: alter role ROLE password 'NEW', and the same"
	  " into the password file; a role that does not exist is told with the same words" },
	{ "Peer authentication failed", "run this as root, which looks as the user of callresultd; if it fails there"
	  " too, set user= in conninfo to a role of that user's name, or map it in pg_ident.conf" },
	{ "Ident authentication failed", "let the role log in by password: scram-sha-256 in pg_hba.conf" },
	{ "no pg_hba.conf entry", "add a line for this role, database and address to pg_hba.conf, and reload the"
	    " server" },
	{ "is not permitted to log in", "alter role ROLE login" },
	{ "too many connections", "set the connection limit of role or database higher" },
	{ "remaining connection slots", "set max_connections higher, or put a pooler in front" },
	{ "too many clients", "set max_connections higher, or put a pooler in front" },
	{ "permission denied for database", "grant connect on database NAME to callresult_writer" },
	{ "database system is starting up", "wait: the server starts" },
	{ "database system is shutting down", "start the server again" },
	{ "database system is in recovery mode", "wait: the server recovers from a crash" },
	{ "session is not read-write", "none of the hosts is a primary: fix the cluster, or host in conninfo" },
	{ "session is read-only", "none of the hosts is a primary: fix the cluster, or host in conninfo" },
	{ "SSL was required", "turn on ssl at the server, or set sslmode in conninfo" },
	{ "certificate", "fix sslrootcert, sslcert or the host's name in conninfo, or the server's certificate" },
	{ "definition of service", "fix service= in conninfo, or the service file" },
	{ "no such user", "fix user= in conninfo" },
};

static const char *
cure_of(const char *problem)
{
	for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++)
		if (strstr(problem, troubles[i].words) != NULL)
			return troubles[i].cure;
	if (strstr(problem, "role \"") != NULL && strstr(problem, "does not exist") != NULL)
		return "create role ROLE login in role callresult_writer, or set user= in conninfo to one that exists";
	if (strstr(problem, "database \"") != NULL && strstr(problem, "does not exist") != NULL)
		return "createdb NAME and install the schema (psql -d NAME -f " DATA_DIR "/sql/install.sql), or set"
		    " dbname in conninfo";
	return "run this as root, which looks as the user of callresultd; if it fails there too, fix conninfo,"
	    " pg_hba.conf or the server";
}

bool
doctor_connection(struct doctor *doctor)
{
	if (db_attach(doctor->db)) {
		doctor_add(doctor, FINDING_OK, NULL, NULL, "the database can be reached");
		return true;
	}
	doctor_add(doctor, FINDING_FAULT, "while callresultd cannot connect, pushes go to the spool until it is full;"
	    " nothing else about the database could be checked", cure_of(db_problem(doctor->db)),
	    "no connection to the database as callresultd makes it: %s", db_problem(doctor->db));
	return false;
}
