/* Whether callresultd listens where it is configured to, as status and doctor see it. */
#ifndef PROBE_H
#define PROBE_H

enum probe {
	PROBE_NOBODY,       /* no process listens there */
	PROBE_WAITING,      /* a process listens that is no callresultd: systemd, while the service is stopped */
	PROBE_SERVING,      /* a callresultd listens */
	PROBE_UNKNOWN,      /* a process listens, and this user cannot see which */
};

/*
 * Who listens at where, "unix:/path" or "host:port".  Looks into /proc and leaves the socket alone, since a connection
 * would start a service that is stopped.  It connects only where /proc cannot tell: when a callresultd runs whose files
 * this user may not see, which is then taken for the listener, or when the socket is in no table of this network
 * namespace.
 */
enum probe probe_listens(const char *where);

#endif
