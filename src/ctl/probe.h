/* What status and doctor both look at on this machine. */
#ifndef PROBE_H
#define PROBE_H

enum probe {
	PROBE_NOBODY,       /* there is no such socket, or nobody listens there */
	PROBE_WAITING,      /* somebody listens and no callresultd does: systemd, while the service is stopped */
	PROBE_SERVING,      /* a process of callresultd has it */
	PROBE_UNKNOWN,      /* somebody listens, and other users' processes are hidden */
};

/*
 * Who listens where callresultd is configured to, "unix:/path" or "host:port".  Looks into /proc and leaves the socket
 * alone, since a connection would start a service that is stopped.  One is made only where /proc cannot tell: beside a
 * callresultd whose files this user may not see, which is taken for the one that listens, and where the socket is in no
 * table of this network namespace.
 */
enum probe probe_listens(const char *where);

#endif
