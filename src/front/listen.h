/* The listening socket: handed over, or made here. */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

struct listener {
	int   descriptor;    /* nonblocking, as several threads may accept at once; -1: none */
	bool  handed_over;   /* somebody else's: it stays open without us */
	char *path;          /* of our own unix socket; NULL: none */
	dev_t device;        /* this and inode tell our own socket from one in its place */
	ino_t inode;
	int   watch;         /* readable when the folder of path changes; -1: that cannot be watched */
};

/* Takes a socket handed over on descriptor 0 (spawn-fcgi, mod_fcgid) or by systemd, if there is one. */
void listen_inherit(struct listener *listener);

/*
 * Makes one, where as in address.h.  A unix socket has mode 0660 and replaces one that a dead process left.  False,
 * logged, when it cannot.
 */
bool listen_open(struct listener *listener, const char *where) __attribute__((warn_unused_result));

/* Warns in the log when the socket can be reached from other machines. */
void listen_warn_if_open(const struct listener *listener);

/* Whether the path of our own unix socket still leads to it; true for any other socket.  Empties watch. */
bool listen_is_reachable(struct listener *listener);

/*
 * Makes our own unix socket anew at its path, under the same descriptor, which leaves the epoll sets it was in.  False,
 * with errno, when it cannot: there is no folder, or somebody else listens there.
 */
bool listen_renew(struct listener *listener) __attribute__((warn_unused_result));

/* Removes the path of our own socket, so that nobody connects any more; connections stay. */
void listen_remove_path(struct listener *listener);

/* Closes it, and removes its path. */
void listen_close(struct listener *listener);

#endif
