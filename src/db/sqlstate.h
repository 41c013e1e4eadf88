/* Whose fault an SQLSTATE is, from one table. */
#ifndef SQLSTATE_H
#define SQLSTATE_H

#include <stdbool.h>

enum sqlstate_fault {
	FAULT_SERVER,     /* trouble that may pass: try again later, on a new connection */
	FAULT_OPERATOR,   /* set-up: will not pass by itself, and is logged loudly */
	FAULT_CONFLICT,   /* with another transaction: try again at once */
	FAULT_RECORD,     /* the data itself is refused */
	FAULT_UNKNOWN,    /* nobody knows: treated as the server's, unless it is one push's again and again */
};

/* sqlstate: five characters, or NULL, which libpq gives for a connection that is lost. */
enum sqlstate_fault sqlstate_fault(const char *sqlstate);

/* Whether the server's message to this code speaks of the set-up only, so that a log may show it. */
bool sqlstate_message_is_public(const char *sqlstate);

#endif
