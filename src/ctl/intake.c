/* Stores bodies that come from elsewhere than the web server, as pushes are stored. */
#include "ctl/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "push/fold.h"
#include "store/store.h"

enum {
	TRIES = 5,
	/* milliseconds */
	PAUSE = 1000,                       /* between two tries */
	TRY_LOG_PAUSE = 10 * 1000,          /* between two messages */
	STORE_TIME = 10 * 60 * 1000,        /* for a push: nobody waits for its answer */
	CONNECT_TIME = 10 * 1000,
	HOUSE_TIME = 30 * 1000,
	/* bytes */
	READ_SIZE = 64 * 1024,
	PART_BYTES = 16 * 1024 * 1024,
};

/* --- files ------------------------------------------------------------------------------------------------- */

bool
intake_read(int descriptor, size_t max, struct slice *body)
{
	size_t capacity = 0, length = 0;
	char *bytes = NULL;
	ssize_t count = 0;

	while (length <= max) {
		bytes = memory_grow(bytes, &capacity, length + READ_SIZE, 1);
		count = read(descriptor, bytes + length, capacity - length);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		length += (size_t)count;
	}
	if (length > max)
		errno = EFBIG;
	*body = length <= max && count == 0 ? (struct slice){ bytes, length } : (struct slice){ NULL, 0 };
	if (body->bytes == NULL)
		memory_free(bytes);
	return body->bytes != NULL;
}

bool
intake_read_file(const char *path, size_t max, struct slice *body, const char **problem)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int descriptor = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	*problem = NULL;
	*body = (struct slice){ NULL, 0 };
	if (descriptor < 0 || !intake_read(descriptor, max, body))
		*problem = errno == EFBIG ? "the file is too large: split it" : strerror(errno);
	if (descriptor >= 0 && !is_stdin)
		close(descriptor);
	return *problem == NULL;
}

/* --- pushes ------------------------------------------------------------------------------------------------ */

struct push *
intake_push(struct slice body, int64_t received_at)
{
	struct push *push = push_new(NULL);

	if (received_at != 0) {
		push->received_at = received_at;
		push->dated = true;
		push->id = push_id_new(received_at);
	}
	push_set_body(push, body);
	push->bytes = body.length;
	return push;
}

struct push *
intake_part(const struct record *records, size_t count, int64_t received_at)
{
	struct push *part = intake_push((struct slice){ NULL, 0 }, received_at);
	struct record_list *list = &part->list;

	while (list->record_count < count && part->bytes < PART_BYTES)
		part->bytes += records[list->record_count++].raw.length;
	list->records = memory_resize(NULL, list->record_count, sizeof *list->records);
	if (list->record_count > 0)
		memcpy(list->records, records, list->record_count * sizeof *list->records);
	return part;
}

struct settled {
	bool             stored;
	struct db_counts counts;
};

/* A store_settled. */
static void
settle(void *context, struct push **pushes, int count, const struct db_counts *counts)
{
	struct settled *settled = context;

	(void)pushes;
	(void)count;
	settled->stored = counts != NULL;
	if (counts != NULL)
		settled->counts = *counts;
}

static struct settled
store_once(struct db *db, struct fold *fold, struct push *push)
{
	static struct log_limit limit;
	struct settled settled = { 0 };
	int64_t now = clock_ms();

	if (db_is_connected(db) || (db_connect(db, now + CONNECT_TIME) && db_check(db, now + CONNECT_TIME)))
		store_pushes(db, fold, &push, 1, now + STORE_TIME, settle, &settled);
	if (!db_is_connected(db) && log_limit_allows(&limit, TRY_LOG_PAUSE))
		log_error("database: %s", db_problem(db));
	return settled;
}

/*
 * If the answer to the first COMMIT was lost, the repetition found everything stored already, and its counts say
 * nothing.  Those of the push's own row do, where this role may read it.
 */
static void
read_evidence(struct db *db, const struct push *push, struct db_counts *counts)
{
	char id[PUSH_ID_TEXT_SIZE], received_at[24];
	const char *parameters[] = { push_id_write(id, &push->id), received_at };
	struct db_rows *rows;

	snprintf(received_at, sizeof received_at, "%" PRId64, push->received_at);
	rows = db_query(db, "SELECT inserted, updated, duplicates FROM callresult.push"
	    " WHERE id = $1::uuid AND received_at = 'epoch'::timestamptz + $2::bigint * interval '1 microsecond'",
	    parameters, 2, clock_ms() + CONNECT_TIME);
	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 1) {
		counts->inserted = atoll(db_rows_text(rows, 0, 0));
		counts->updated = atoll(db_rows_text(rows, 0, 1));
		counts->duplicates = atoll(db_rows_text(rows, 0, 2));
	}
	db_rows_free(rows);
}

void
intake_add(struct db_counts *total, const struct db_counts *counts)
{
	total->pushes += counts->pushes;
	total->inserted += counts->inserted;
	total->updated += counts->updated;
	total->duplicates += counts->duplicates;
	total->quarantined += counts->quarantined;
}

bool
intake_store(struct db *db, struct push *push, struct db_counts *counts, const char **problem)
{
	struct fold fold = { 0 };
	struct settled settled;
	int tries = 0;

	while (!(settled = store_once(db, &fold, push)).stored && ++tries < TRIES) {
		/* on the last try, records refused with a code that does not say whose fault it is go to quarantine */
		db_blame_data(db, tries == TRIES - 1);
		thread_sleep(PAUSE);
	}
	db_blame_data(db, false);
	fold_free(&fold);
	*problem = settled.stored ? NULL : "the database did not store it";
	if (!settled.stored)
		return false;
	if (tries > 0)
		read_evidence(db, push, &settled.counts);
	settled.counts.quarantined = (int64_t)push->list.bad_count;
	intake_add(counts, &settled.counts);
	return true;
}

void
intake_keep_house(struct db *db)
{
	int64_t end = clock_ms() + HOUSE_TIME;
	struct db_house house = { .more = true };
	bool kept = true;

	while (kept && house.more && clock_ms() < end)
		kept = db_keep_house(db, &house, end);
	if (!kept || house.problem[0] != '\0')
		log_warning("housekeeper: the worker's will try again; what is stored is not affected: %s",
		    kept ? house.problem : db_problem(db));
}
