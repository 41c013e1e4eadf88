/* One push: what arrived, what it was read as, and how it ended. */
#ifndef PUSH_H
#define PUSH_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/slice.h"
#include "push/outcome.h"
#include "push/push_id.h"
#include "push/record_list.h"

enum { PUSH_SHA256_SIZE = 32, PUSH_SOURCE_SIZE = 65 };

struct push {
	struct push_id     id;
	int64_t            received_at;                     /* clock_timestamp() at arrival */
	char               remote_addr[INET6_ADDRSTRLEN];   /* of the sender; "" when unknown */
	int64_t            clock_ahead;                     /* clock_ahead() at arrival */
	char               source[PUSH_SOURCE_SIZE];        /* the name of its token; "": none was asked for */
	struct slice       body;                            /* the push's own; empty until body_read */
	size_t             bytes;                           /* of the body as sent, kept or not */
	unsigned char      sha256[PUSH_SHA256_SIZE];        /* of the body, when it is kept */
	struct record_list list;                            /* its rejects point into the body */
	const char        *fault;                           /* why the body is refused whole; NULL: it is not */
	bool               spooled;                         /* it comes from the spool, */
	int64_t            place;                           /* where its row had this number when it was read */
	bool               dated;                           /* it is imported, and arrived when received_at says */

	void              *request;                         /* request.c's, which waits for its outcome */

	/* queue.c's, under its mutex */
	int64_t            deadline;                        /* clock_ms() by which it is answered */
	enum outcome       outcome;                         /* how storing it ended, once it is done */
	bool               waiting;                         /* no writer has taken it */
	bool               pending;                         /* it has no outcome yet, and somebody waits for it */
	TAILQ_ENTRY(push)  in_line;                         /* among those that wait */
	LIST_ENTRY(push)   among_pending;
	struct push       *next;                            /* among the done */

	atomic_int         references;
};

/* A push that arrives now, with one reference.  remote_addr may be NULL; what is no IP address is dropped. */
struct push *push_new(const char *remote_addr);

/* Sets its body, which it owns from here on (memory_free), and the body's digest. */
void push_set_body(struct push *push, struct slice body);

/*
 * The last reference frees the push: a writer may still have one when the sender's time is up.  Safe in any thread;
 * push_unref() takes NULL.
 */
struct push *push_ref(struct push *push);
void push_unref(struct push *push);

/* Makes one reject of the whole body, where it is kept, in place of what was read from it.  reason is copied. */
void push_refuse(struct push *push, const char *reason);

#endif
