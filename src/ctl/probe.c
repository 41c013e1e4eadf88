/* Who listens where callresultd should: from /proc, without a connection wherever that will do. */
#include "ctl/probe.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"

enum {
	LINE_SIZE = 512,
	SOCKETS = 16,               /* at most, that listen at one place */
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
		if (sscanf(line, "%*s %*s %*s %x %*s %*s %lu %511[^\n]", &flags, &inode, bound) == 3 &&
		    (flags & UNIX_LISTENS) != 0 && (strcmp(bound, path) == 0 || strcmp(bound, real) == 0))
			add_socket(sockets, inode);
	if (file != NULL)
		fclose(file);
}

/* By the port alone: two workers that share one on two addresses are not worth the trouble. */
static void
find_tcp(struct sockets *sockets, const char *table, unsigned wanted)
{
	FILE *file = fopen(table, "re");
	char line[LINE_SIZE];
	unsigned long inode;
	unsigned port, state;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "%*s %*[^:]:%x %*s %x %*s %*s %*s %*s %*s %lu", &port, &state, &inode) == 3 &&
		    port == wanted && state == TCP_LISTENS)
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

/* Whether a process has one of the sockets.  Sets *hidden when this user may not see what it has. */
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

/* --- all together ------------------------------------------------------------------------------------------ */

static unsigned
port_of(const struct addrinfo *address)
{
	/* the port is at the same place in both families' addresses */
	return ntohs(((const struct sockaddr_in *)(const void *)address->ai_addr)->sin_port);
}

static bool
connects(const struct address *address, const struct addrinfo *addresses)
{
	if (address->is_unix)
		return address_is_served((const struct sockaddr *)&address->unix_socket, sizeof address->unix_socket);
	while (addresses != NULL && !address_is_served(addresses->ai_addr, addresses->ai_addrlen))
		addresses = addresses->ai_next;
	return addresses != NULL;
}

enum probe
probe_listens(const char *where)
{
	struct address address;
	bool parsed = address_parse(&address, where), hidden = false, has, connected = false;
	struct addrinfo *addresses = parsed && !address.is_unix ? address_resolve(&address, 0) : NULL;
	struct sockets sockets = { .count = 0 };

	if (parsed && address.is_unix) {
		find_unix(&sockets, address.unix_socket.sun_path);
	} else if (addresses != NULL) {
		find_tcp(&sockets, "/proc/net/tcp", port_of(addresses));
		find_tcp(&sockets, "/proc/net/tcp6", port_of(addresses));
	}
	has = sockets.count > 0 && callresultd_has(&sockets, &hidden);
	if (parsed && !has && (sockets.count == 0 || hidden))
		connected = connects(&address, addresses);
	if (addresses != NULL)
		freeaddrinfo(addresses);
	if (has || connected)
		return PROBE_SERVING;
	if (sockets.count == 0)
		return PROBE_NOBODY;
	return hidden || access("/proc/1", F_OK) != 0 ? PROBE_UNKNOWN : PROBE_WAITING;
}
