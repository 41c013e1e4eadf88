/* Where a server listens. */
#include "base/address.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char unix_prefix[] = "unix:";

static bool
parse_unix(struct address *address, const char *path)
{
	struct sockaddr_un *to = &address->unix_socket;

	if (*path == '\0' || strlen(path) >= sizeof to->sun_path) {
		errno = *path == '\0' ? EINVAL : ENAMETOOLONG;
		return false;
	}
	address->is_unix = true;
	to->sun_family = AF_UNIX;
	strcpy(to->sun_path, path);
	return true;
}

/* An IPv6 address needs brackets, because it has colons of its own. */
static bool
parse_host(struct address *address, const char *text, size_t length)
{
	bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';

	if (bracketed) {
		text++;
		length -= 2;
	}
	if (length >= sizeof address->host || (!bracketed && memchr(text, ':', length) != NULL))
		return false;
	if (length != 1 || *text != '*')
		memcpy(address->host, text, length);
	return true;
}

bool
address_parse(struct address *address, const char *text)
{
	const char *colon = strrchr(text, ':');

	*address = (struct address){ .is_unix = false };
	if (strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0)
		return parse_unix(address, text + sizeof unix_prefix - 1);
	errno = EINVAL;
	if (colon == NULL || colon[1] == '\0' || strlen(colon + 1) >= sizeof address->port ||
	    strchr(colon, ']') != NULL || !parse_host(address, text, (size_t)(colon - text)))
		return false;
	strcpy(address->port, colon + 1);
	return true;
}

struct addrinfo *
address_resolve(const struct address *address, int flags)
{
	const struct addrinfo hints = { .ai_flags = flags, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	if (getaddrinfo(*address->host != '\0' ? address->host : NULL, address->port, &hints, &found) != 0)
		return NULL;
	return found;
}

bool
address_is_served(const struct sockaddr *address, socklen_t size)
{
	/* on a nonblocking unix socket a full backlog is an error at once; TCP has to wait for an answer */
	int how = address->sa_family == AF_UNIX ? SOCK_NONBLOCK : 0;
	int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | how, 0);
	bool served = descriptor >= 0 && (connect(descriptor, address, size) == 0 || errno == EAGAIN);

	if (descriptor >= 0)
		close(descriptor);
	return served;
}
