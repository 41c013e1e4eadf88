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
 * Whether somebody listens there.  It connects, so a service that systemd starts on demand starts.  One that has no
 * room for another connection listens too.
 */
bool address_is_served(const struct sockaddr *address, socklen_t size);

#endif
