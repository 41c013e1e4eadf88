/* The listening socket: handed over, or made here. */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

struct listener {
	int   descriptor;    /* non-blocking; -1: none */
	bool  handed_over;   /* somebody else's: it lives on without us */
	char *path;          /* of our own unix socket; NULL: none */
	dev_t device;        /* which tell our own socket from one that took its place */
	ino_t inode;
	int   watch;         /* readable when something happens in the folder of path; -1: nobody says so */
};

/* A socket handed over on descriptor 0 (spawn-fcgi, mod_fcgid) or by systemd.  False when there is none. */
bool listen_inherit(struct listener *listener);

/*
 * Creates one: "unix:/path" (mode 0660; what a dead process left there is replaced) or "host:port" ("[::1]:port",
 * "*:port").  False, logged, when it cannot.
 */
bool listen_open(struct listener *listener, const char *where);

/* Logs what it means when the socket can be reached from other machines. */
void listen_warn_if_open(const struct listener *listener);

/* Whether the path of our own unix socket still leads to it; true for any other socket. */
bool listen_is_reachable(struct listener *listener);

/*
 * Puts a new unix socket into the place of one that cannot be reached any more, under the same descriptor, which
 * leaves the epoll sets it was in.  False, with errno, when it cannot: there is no folder, or somebody else listens
 * there.
 */
bool listen_renew(struct listener *listener) __attribute__((warn_unused_result));

/* Removes the path of our own socket, so that nobody connects any more; existing connections stay. */
void listen_remove_path(struct listener *listener);

/* Closes it; the path of our own goes with it. */
void listen_close(struct listener *listener);

#endif
