/* The listening socket: handed over, or made here. */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

struct listener {
	int   descriptor;    /* nonblocking, as several threads may accept at once; -1: none */
	bool  handed_over;   /* somebody else made it, and keeps it open without us */
	char *path;          /* of our own unix socket; NULL: none */
	dev_t device;        /* with inode it tells our own socket from another at the same path */
	ino_t inode;
	int   watch;         /* of inotify(7): readable when the folder of path changes; -1: it cannot be watched */
};

/* Takes a socket handed over on descriptor 0 (spawn-fcgi, mod_fcgid) or by systemd, if there is one. */
void listen_inherit(struct listener *listener);

/*
 * Makes a listening socket at an address as in address.h.  A unix socket has mode 0660 and replaces one that a dead
 * process left.  False, logged, on failure.
 */
bool listen_open(struct listener *listener, const char *where) __attribute__((warn_unused_result));

/* Warns in the log when the socket can be reached from other machines. */
void listen_warn_if_open(const struct listener *listener);

/* Whether the path of our own unix socket still leads to it; true for any other socket.  Empties watch. */
bool listen_is_reachable(struct listener *listener);

/*
 * Makes our own unix socket anew at its path.  Its descriptor keeps its number, but leaves the epoll sets it was in.
 * False, with errno, on failure: the folder is gone, or somebody else listens there.
 */
bool listen_renew(struct listener *listener) __attribute__((warn_unused_result));

/* Removes the path of our own socket, so that nobody connects any more.  Connections stay open. */
void listen_remove_path(struct listener *listener);

/* Closes the socket and removes its path. */
void listen_close(struct listener *listener);

#endif
