/* What status and doctor both look at on this machine. */
#include "probe.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HOST_SIZE = 256 };

static bool
connects(int family, const struct sockaddr *address, socklen_t size)
{
	int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected = descriptor >= 0 && connect(descriptor, address, size) == 0;

	if (descriptor >= 0)
		close(descriptor);
	return connected;
}

static bool
unix_listens(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path)
		return false;
	strcpy(address.sun_path, path);
	return connects(AF_UNIX, (const struct sockaddr *)&address, sizeof address);
}

/* "*" and no host stand for any address, and so for our own. */
static bool
tcp_listens(const char *where)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found, *address;
	const char *colon = strrchr(where, ':');
	char host[HOST_SIZE];
	bool listens = false;

	if (colon == NULL || (size_t)(colon - where) >= sizeof host)
		return false;
	snprintf(host, sizeof host, "%.*s", (int)(colon - where), where);
	if (host[0] == '[') {
		memmove(host, host + 1, strlen(host));
		host[strcspn(host, "]")] = '\0';
	}
	if (getaddrinfo(host[0] == '\0' || strcmp(host, "*") == 0 ? NULL : host, colon + 1, &hints, &found) != 0)
		return false;
	for (address = found; address != NULL && !listens; address = address->ai_next)
		listens = connects(address->ai_family, address->ai_addr, address->ai_addrlen);
	freeaddrinfo(found);
	return listens;
}

bool
probe_listens(const char *where)
{
	return strncmp(where, "unix:", 5) == 0 ? unix_listens(where + 5) : tcp_listens(where);
}
