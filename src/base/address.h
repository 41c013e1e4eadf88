/* Where a server listens, as it is written in a configuration: "unix:/path", "host:port", "[::1]:port" or "*:port". */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
	bool               is_unix;
	struct sockaddr_un unix_socket;    /* when it is one */
	char               host[256];      /* else; "" for any */
	char               port[32];
};

/* False, with errno, when text is no address: EINVAL, or ENAMETOOLONG for the path of a unix socket. */
bool address_parse(struct address *address, const char *text) __attribute__((warn_unused_result));

/* The addresses of host and port, to be given to freeaddrinfo; flags as in addrinfo(3).  NULL: they are not known. */
struct addrinfo *address_resolve(const struct address *address, int flags);

/*
 * Whether a process listens there.  It connects, which starts a service that systemd starts on demand.  A full
 * backlog counts as listening.
 */
bool address_is_served(const struct sockaddr *address, socklen_t size);

#endif
