/* Whose fault an SQLSTATE is, from one table. */
#ifndef SQLSTATE_H
#define SQLSTATE_H

#include <stdbool.h>

enum sqlstate_fault {
	FAULT_SERVER,     /* trouble that may pass: try again later, on a new connection */
	FAULT_OPERATOR,   /* of the set-up: it does not pass by itself */
	FAULT_CONFLICT,   /* with another transaction: try again at once */
	FAULT_RECORD,     /* the server refuses the data */
	FAULT_UNKNOWN,    /* the code does not say: as the server's, unless one push meets it again and again */
};

/* sqlstate: five characters, or NULL, as libpq has it when the connection is lost. */
enum sqlstate_fault sqlstate_fault(const char *sqlstate);

/* Whether the server's message with this code never quotes data, so that a log may show it. */
bool sqlstate_message_is_public(const char *sqlstate);

#endif
