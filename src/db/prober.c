/* The prober: one thread that connects, and nobody else does. */
#include "db/prober.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "db/outage.h"

enum {
	CHECK_TIME = 5 * 1000,      /* milliseconds for the checks of a new connection */
	BACKOFF_MAX = 1000,         /* milliseconds between two tries, at most */
	PAUSE = 20,                 /* milliseconds between two looks at the desk */
};

struct prober {
	pthread_t      thread;
	struct desk   *desk;
	const char    *conninfo;
	const char    *call_timezone;
	struct backoff backoff;
	atomic_bool    stopping;
};

/* Looking up names and connecting may take as long as they like here. */
static void
make_connection(struct prober *prober)
{
	struct db *db = db_new(prober->conninfo, prober->call_timezone);
	bool connected = db_connect(db, clock_monotonic() + CHECK_TIME) && db_check(db, clock_monotonic() + CHECK_TIME);

	if (!connected) {
		outage_note(db_problem(db));
		db_free(db);
	} else {
		/* a database that lets everybody in and stores nothing is not stormed either */
		if (!desk_is_failing(prober->desk))
			backoff_reset(&prober->backoff);
		desk_give(prober->desk, db);
	}
	desk_set_tried(prober->desk);
}

static void *
run(void *argument)
{
	static const struct timespec pause = { .tv_nsec = PAUSE * 1000000L };
	struct prober *prober = argument;

	while (!prober->stopping)
		if (desk_is_wanted(prober->desk) && backoff_is_over(&prober->backoff))
			make_connection(prober);
		else
			nanosleep(&pause, NULL);
	return NULL;
}

struct prober *
prober_start(struct desk *desk, const char *conninfo, const char *call_timezone)
{
	struct prober *prober = memory_zalloc(sizeof *prober);

	prober->desk = desk;
	prober->conninfo = conninfo;
	prober->call_timezone = call_timezone;
	backoff_init(&prober->backoff, BACKOFF_MAX);
	prober->thread = thread_start(run, prober, "the prober");
	return prober;
}

void
prober_stop(struct prober *prober)
{
	prober->stopping = true;
	pthread_join(prober->thread, NULL);
	memory_free(prober);
}
