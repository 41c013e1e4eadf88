/* Where a server listens, as configurations have it: "unix:/path", "host:port", "[::1]:port" or "*:port". */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
	bool               is_unix;
	struct sockaddr_un unix_socket;    /* when is_unix */
	char               host[256];      /* when not; "" for any */
	char               port[32];       /* a number or the name of a service */
};

/* False when text is no address, with errno EINVAL, or ENAMETOOLONG for the path of a unix socket. */
bool address_parse(struct address *address, const char *text) __attribute__((warn_unused_result));

/* The addresses of host and port, for freeaddrinfo(3); flags are getaddrinfo(3)'s.  NULL when it finds none. */
struct addrinfo *address_resolve(const struct address *address, int flags);

/*
 * Whether a process listens at address.  Connects to find out, and so starts a service that systemd starts on demand.
 * A full backlog counts as listening.
 */
bool address_is_served(const struct sockaddr *address, socklen_t size);

#endif
