/* Where connections change hands. */
#include "db/desk.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/memory.h"
#include "metrics/metrics.h"

static atomic_int connections;

struct desk {
	_Atomic(struct db *) offered;
	atomic_int           wanted;
	atomic_bool          tried;
	atomic_bool          failing;
};

struct desk *
desk_new(void)
{
	return memory_zalloc(sizeof(struct desk));
}

void
desk_free(struct desk *desk)
{
	db_free(desk->offered);
	memory_free(desk);
}

void
desk_want(struct desk *desk)
{
	desk->wanted++;
}

struct db *
desk_take(struct desk *desk)
{
	struct db *db;

	/* the wish goes first: the other way round the prober could see it without its connection, and make another */
	desk->wanted--;
	db = atomic_exchange(&desk->offered, NULL);
	if (db == NULL)
		desk->wanted++;
	return db;
}

bool
desk_is_wanted(struct desk *desk)
{
	return desk->wanted > 0 && desk->offered == NULL;
}

void
desk_give(struct desk *desk, struct db *db)
{
	desk->offered = db;
}

void
desk_set_tried(struct desk *desk)
{
	desk->tried = true;
}

bool
desk_is_tried(struct desk *desk)
{
	return desk->tried;
}

void
desk_count_connection(int difference)
{
	metrics_set(METRIC_DATABASE_UP, atomic_fetch_add(&connections, difference) + difference > 0);
}

bool
desk_has_connection(void)
{
	return connections > 0;
}

void
desk_set_failing(struct desk *desk, bool failing)
{
	desk->failing = failing;
}

bool
desk_is_failing(struct desk *desk)
{
	return desk->failing;
}
