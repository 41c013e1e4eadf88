/* The listening socket: handed over, or made here. */
#include "front/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/address.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/systemd.h"

static bool
is_listening(int descriptor)
{
	int listening = 0;
	socklen_t size = sizeof listening;

	return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

void
listen_inherit(struct listener *listener)
{
	int descriptor = is_listening(STDIN_FILENO) ? STDIN_FILENO : systemd_socket();

	*listener = (struct listener){ .descriptor = descriptor, .handed_over = true, .watch = -1 };
	if (descriptor != -1)
		fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

/* Removes nothing but a socket: anything else is somebody's file, and bind(2) fails on it. */
static void
remove_stale(const char *path)
{
	struct stat found;

	if (stat(path, &found) == 0 && S_ISSOCK(found.st_mode))
		unlink(path);
}

static bool
bind_unix(struct listener *listener, const struct sockaddr_un *address)
{
	mode_t mask;
	int bound;

	if (address_is_served((const struct sockaddr *)address, sizeof *address)) {
		errno = EADDRINUSE;
		return false;
	}
	remove_stale(address->sun_path);
	/* mode 0660 from the first moment: the web server is in the group */
	mask = umask(0117);
	bound = bind(listener->descriptor, (const struct sockaddr *)address, sizeof *address);
	umask(mask);
	return bound == 0 && listen(listener->descriptor, SOMAXCONN) == 0;
}

/* Watches the folder, because cleaners of /tmp and careless services remove sockets. */
static void
watch_path(struct listener *listener)
{
	char folder[PATH_MAX];

	if (listener->watch != -1 && (!path_folder(folder, listener->path) || inotify_add_watch(listener->watch, folder,
	    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF) == -1)) {
		close(listener->watch);
		listener->watch = -1;
	}
}

static bool
open_unix(struct listener *listener, const struct address *address)
{
	const char *path = address->unix_socket.sun_path;
	struct stat made;

	listener->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->descriptor == -1 || !bind_unix(listener, &address->unix_socket) || stat(path, &made) != 0)
		return false;
	listener->path = memory_strdup(path);
	listener->device = made.st_dev;
	listener->inode = made.st_ino;
	watch_path(listener);
	return true;
}

/* Binds the first address that can be bound. */
static bool
bind_first(struct listener *listener, const struct addrinfo *addresses)
{
	int on = 1;

	for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next) {
		listener->descriptor = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (listener->descriptor == -1)
			continue;
		setsockopt(listener->descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (bind(listener->descriptor, a->ai_addr, a->ai_addrlen) == 0 &&
		    listen(listener->descriptor, SOMAXCONN) == 0)
			return true;
		close(listener->descriptor);
		listener->descriptor = -1;
	}
	return false;
}

static bool
open_tcp(struct listener *listener, const struct address *address)
{
	struct addrinfo *addresses = address_resolve(address, AI_PASSIVE);
	bool bound;

	if (addresses == NULL) {
		errno = EADDRNOTAVAIL;
		return false;
	}
	bound = bind_first(listener, addresses);
	freeaddrinfo(addresses);
	return bound;
}

bool
listen_open(struct listener *listener, const char *where)
{
	struct address address;

	*listener = (struct listener){ .descriptor = -1, .watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK) };
	if (address_parse(&address, where) &&
	    (address.is_unix ? open_unix(listener, &address) : open_tcp(listener, &address)))
		return true;
	log_error("cannot listen on %s: %s", where, strerror(errno));
	listen_close(listener);
	return false;
}

static bool
is_loopback(const struct sockaddr_storage *address)
{
	const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;

	if (address->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return address->ss_family != AF_INET6 || IN6_IS_ADDR_LOOPBACK(six) ||
	    (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == IN_LOOPBACKNET);
}

void
listen_warn_if_open(const struct listener *listener)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;

	if (getsockname(listener->descriptor, (struct sockaddr *)&address, &size) == 0 && !is_loopback(&address))
		log_warning("the FastCGI port can be reached from other machines: whoever connects bypasses the web "
		    "server's TLS and limits; let only the web server through the firewall");
}

bool
listen_is_reachable(struct listener *listener)
{
	struct stat found;
	char ignored[4096];

	while (listener->watch != -1 && read(listener->watch, ignored, sizeof ignored) > 0)
		;
	return listener->path == NULL || (stat(listener->path, &found) == 0 && found.st_dev == listener->device &&
	    found.st_ino == listener->inode);
}

bool
listen_renew(struct listener *listener)
{
	struct listener fresh = { .descriptor = -1, .watch = listener->watch };
	struct address address = { .is_unix = true, .unix_socket.sun_family = AF_UNIX };
	bool renewed;

	strcpy(address.unix_socket.sun_path, listener->path);
	renewed = open_unix(&fresh, &address) && dup3(fresh.descriptor, listener->descriptor, O_CLOEXEC) != -1;
	if (fresh.descriptor != -1)
		close(fresh.descriptor);
	memory_free(renewed ? listener->path : fresh.path);
	listener->watch = fresh.watch;
	if (renewed) {
		listener->path = fresh.path;
		listener->device = fresh.device;
		listener->inode = fresh.inode;
	}
	return renewed;
}

void
listen_remove_path(struct listener *listener)
{
	/* a process started since may have put its own socket there */
	if (listener->path != NULL && listen_is_reachable(listener))
		unlink(listener->path);
	memory_free(listener->path);
	listener->path = NULL;
}

void
listen_close(struct listener *listener)
{
	listen_remove_path(listener);
	if (listener->descriptor != -1)
		close(listener->descriptor);
	if (listener->watch != -1)
		close(listener->watch);
	listener->descriptor = listener->watch = -1;
}
