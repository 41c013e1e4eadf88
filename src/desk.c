/* Where connections change hands. */
#include "desk.h"

#include <stdatomic.h>
#include <stddef.h>

#include "memory.h"

struct desk {
	_Atomic(struct db *) offered;
	atomic_int           wanted;
	atomic_bool          tried;
};

struct desk *
desk_new(void)
{
	return memory_zalloc(sizeof(struct desk));
}

void
desk_free(struct desk *desk)
{
	struct db *left = desk_take(desk);

	if (left != NULL)
		db_free(left);
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
	struct db *db = atomic_exchange(&desk->offered, NULL);

	if (db != NULL)
		desk->wanted--;
	return db;
}

bool
desk_is_wanted(struct desk *desk)
{
	return desk->wanted > 0 && desk->offered == NULL;
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
desk_give(struct desk *desk, struct db *db)
{
	desk->offered = db;
}
