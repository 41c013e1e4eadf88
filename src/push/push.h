/* One push: what arrived, what it was read as, and how it ended. */
#ifndef PUSH_H
#define PUSH_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/crypto.h"
#include "base/slice.h"
#include "push/outcome.h"
#include "push/push_id.h"
#include "push/record_list.h"

enum { PUSH_SHA256_SIZE = CRYPTO_SHA256_SIZE, PUSH_SOURCE_SIZE = 65 };
enum { PUSH_TIMES = 12 };       /* times its size: the most memory that a push takes until it is stored */

struct request;

struct push {
	atomic_int         references;

	/* what arrived */
	struct push_id     id;
	int64_t            received_at;                     /* clock_timestamp() at arrival */
	int64_t            clock_ahead;                     /* clock_ahead() at arrival */
	char               remote_addr[INET6_ADDRSTRLEN];   /* of the sender; "" when unknown */
	char               source[PUSH_SOURCE_SIZE];        /* the name of its token; "": none was asked for */
	struct slice       body;                            /* the push owns it; empty until push_set_body() */
	size_t             bytes;                           /* of the body as sent, kept or not */
	unsigned char      sha256[PUSH_SHA256_SIZE];        /* of the body, when it is kept */
	bool               dated;                           /* an import says when it was received */

	/* the spool's */
	bool               spooled;                         /* it was read from the spool */
	int64_t            spool_seq;                       /* spooled: the seq of its row when it was read */

	/* what its body was read as */
	struct record_list list;                            /* points into the body */
	const char        *fault;                           /* why the body is refused whole; NULL: it is not */

	/* the front's */
	struct request    *request;                         /* waits for the outcome; NULL: nobody does */

	/* the queue's: deadline is set once, the others are under its mutex, outcome and next until the push is done */
	int64_t            deadline;                        /* clock_ms() by which it must be answered */
	bool               waiting;                         /* no writer has taken it */
	bool               kept;                            /* whoever posted it stores and answers it */
	bool               pending;                         /* it has no outcome yet, and somebody waits for it */
	TAILQ_ENTRY(push)  in_line;                         /* among those that wait */
	LIST_ENTRY(push)   among_pending;
	enum outcome       outcome;                         /* how storing it ended, once it is done */
	struct push       *next;                            /* among the done */
};

/* Makes a push that arrives now, with one reference.  Drops remote_addr unless it is an IP address; it may be NULL. */
struct push *push_new(const char *remote_addr);

/* Copies a name as far as there is room for it, as text that the database takes: with "?" for every other byte. */
void push_copy_source(char source[PUSH_SOURCE_SIZE], const char *name, size_t length);

/* Sets its body, which it owns from here on (memory_free), and the body's digest. */
void push_set_body(struct push *push, struct slice body);

/*
 * Adds and gives up a reference; the last one given up frees the push.  A writer may still have one after the sender's
 * time is up.  Safe in any thread; push_unref() takes NULL.
 */
struct push *push_ref(struct push *push);
void push_unref(struct push *push);

/* A copy of what arrived, without what was read from it.  It borrows the body; only its list is to be freed. */
struct push push_arrived_as(const struct push *push);

/* Replaces all that was read from the body by one reject: the whole body, if it is kept.  Copies reason. */
void push_refuse(struct push *push, const char *reason);

#endif
