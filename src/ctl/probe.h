/* What status and doctor both look at on this machine. */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>

/* Whether somebody listens where callresultd is configured to, "unix:/path" or "host:port". */
bool probe_listens(const char *where);

#endif
