/* What status and doctor both look at on this machine. */
#include "ctl/probe.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	HOST_SIZE = 256,
	LINE_SIZE = 512,
	SOCKETS = 16,               /* that listen at one place, at most */
	UNIX_LISTENS = 0x10000,     /* a flag in /proc/net/unix: the kernel's __SO_ACCEPTCON */
	TCP_LISTENS = 0x0a,         /* a state in /proc/net/tcp */
};

/* Listening sockets, by their inodes. */
struct sockets {
	unsigned long inodes[SOCKETS];
	int           count;
};

/* --- what listens ------------------------------------------------------------------------------------------ */

static void
add_socket(struct sockets *sockets, unsigned long inode)
{
	if (sockets->count < SOCKETS)
		sockets->inodes[sockets->count++] = inode;
}

static void
find_unix(struct sockets *sockets, const char *path)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[LINE_SIZE], bound[LINE_SIZE], real[PATH_MAX];
	unsigned long inode;
	unsigned flags;

	if (realpath(path, real) == NULL)
		snprintf(real, sizeof real, "%s", path);
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "%*s %*s %*s %x %*s %*s %lu %511[^\n]", &flags, &inode, bound) == 3 && (flags & UNIX_LISTENS) != 0 &&
		    (strcmp(bound, path) == 0 || strcmp(bound, real) == 0))
			add_socket(sockets, inode);
	if (file != NULL)
		fclose(file);
}

/* By the port alone: that two workers share one on two addresses is not worth the trouble. */
static void
find_tcp(struct sockets *sockets, const char *table, unsigned wanted)
{
	FILE *file = fopen(table, "re");
	char line[LINE_SIZE];
	unsigned long inode;
	unsigned port, state;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "%*s %*[^:]:%x %*s %x %*s %*s %*s %*s %*s %lu", &port, &state, &inode) == 3 && port == wanted &&
		    state == TCP_LISTENS)
			add_socket(sockets, inode);
	if (file != NULL)
		fclose(file);
}

/* --- who has it -------------------------------------------------------------------------------------------- */

static bool
is_callresultd(const char *process)
{
	char path[PATH_MAX], name[LINE_SIZE] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%s/comm", process);
	file = fopen(path, "re");
	if (file != NULL && fgets(name, sizeof name, file) == NULL)
		*name = '\0';
	if (file != NULL)
		fclose(file);
	return strcmp(name, "callresultd\n") == 0;
}

static bool
is_one_of(const struct sockets *sockets, const char *link)
{
	unsigned long inode;

	if (sscanf(link, "socket:[%lu]", &inode) != 1)
		return false;
	for (int i = 0; i < sockets->count; i++)
		if (sockets->inodes[i] == inode)
			return true;
	return false;
}

/* Whether a process has one of the sockets; *hidden is set when this user may not see what it has. */
static bool
has_socket(const char *process, const struct sockets *sockets, bool *hidden)
{
	char path[PATH_MAX], link[LINE_SIZE];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%s/fd", process);
	folder = opendir(path);
	if (folder == NULL) {
		*hidden |= errno == EACCES;
		return false;
	}
	while (!found && (entry = readdir(folder)) != NULL) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);

		*hidden |= length < 0 && errno == EACCES;
		link[length > 0 ? length : 0] = '\0';
		found = is_one_of(sockets, link);
	}
	closedir(folder);
	return found;
}

static bool
callresultd_has(const struct sockets *sockets, bool *hidden)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (processes != NULL && !found && (entry = readdir(processes)) != NULL)
		found = *entry->d_name >= '0' && *entry->d_name <= '9' && is_callresultd(entry->d_name) &&
		    has_socket(entry->d_name, sockets, hidden);
	if (processes != NULL)
		closedir(processes);
	return found;
}

/* --- connecting -------------------------------------------------------------------------------------------- */

/* One that has no room for another connection listens, too: EAGAIN. */
static bool
connects(int family, int how, const struct sockaddr *address, socklen_t size)
{
	int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | how, 0);
	bool connected = descriptor >= 0 && (connect(descriptor, address, size) == 0 || errno == EAGAIN);

	if (descriptor >= 0)
		close(descriptor);
	return connected;
}

static bool
unix_connects(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path)
		return false;
	strcpy(address.sun_path, path);
	return connects(AF_UNIX, SOCK_NONBLOCK, (const struct sockaddr *)&address, sizeof address);
}

static bool
tcp_connects(const struct addrinfo *addresses)
{
	for (; addresses != NULL; addresses = addresses->ai_next)
		if (connects(addresses->ai_family, 0, addresses->ai_addr, addresses->ai_addrlen))
			return true;
	return false;
}

/* --- all together ------------------------------------------------------------------------------------------ */

/* "*" and no host stand for any address, and so for our own.  NULL when it is no address. */
static struct addrinfo *
read_address(const char *where)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	const char *colon = strrchr(where, ':');
	char host[HOST_SIZE];

	if (colon == NULL || (size_t)(colon - where) >= sizeof host)
		return NULL;
	snprintf(host, sizeof host, "%.*s", (int)(colon - where), where);
	if (host[0] == '[') {
		memmove(host, host + 1, strlen(host));
		host[strcspn(host, "]")] = '\0';
	}
	if (getaddrinfo(host[0] == '\0' || strcmp(host, "*") == 0 ? NULL : host, colon + 1, &hints, &found) != 0)
		return NULL;
	return found;
}

static unsigned
port_of(const struct addrinfo *address)
{
	/* the port is at the same place in both families' addresses */
	return ntohs(((const struct sockaddr_in *)(const void *)address->ai_addr)->sin_port);
}

enum probe
probe_listens(const char *where)
{
	const char *path = strncmp(where, "unix:", 5) == 0 ? where + 5 : NULL;
	struct addrinfo *addresses = path == NULL ? read_address(where) : NULL;
	struct sockets sockets = { .count = 0 };
	bool hidden = false, has, connected = false;

	if (path != NULL) {
		find_unix(&sockets, path);
	} else if (addresses != NULL) {
		find_tcp(&sockets, "/proc/net/tcp", port_of(addresses));
		find_tcp(&sockets, "/proc/net/tcp6", port_of(addresses));
	}
	has = sockets.count > 0 && callresultd_has(&sockets, &hidden);
	if (!has && (sockets.count == 0 || hidden))
		connected = path != NULL ? unix_connects(path) : tcp_connects(addresses);
	if (addresses != NULL)
		freeaddrinfo(addresses);
	if (has || connected)
		return PROBE_SERVING;
	if (sockets.count == 0)
		return PROBE_NOBODY;
	return hidden || access("/proc/1", F_OK) != 0 ? PROBE_UNKNOWN : PROBE_WAITING;
}
