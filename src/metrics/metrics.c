/* What is counted, and its text for Prometheus. */
#include "metrics/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "metrics/histogram.h"
#include "metrics/process_metrics.h"

static struct {
	int             status;
	_Atomic int64_t count;
} answers[] = { { 200, 0 }, { 400, 0 }, { 403, 0 }, { 404, 0 }, { 405, 0 }, { 413, 0 }, { 415, 0 }, { 503, 0 } };

static _Atomic int64_t unwritten_answers;
static _Atomic int64_t spooled;
static atomic_int connections;
static struct spool *spool;
static int64_t spool_max_size;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct metrics_stored stored;    /* under the mutex: of all transactions together */

static const int64_t times[] = {        /* microseconds */
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 0
};
static const int64_t sizes[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 0 };

static struct histogram answer_time = {
	"callresultd_answer_duration_seconds", "Time from the start of a push's request to its answer.", 1000000, times, { 0 }, 0
};
static struct histogram commit_time = {
	"callresultd_commit_duration_seconds", "Time of a transaction that was committed, from BEGIN to COMMIT.", 1000000, times,
	{ 0 }, 0
};
static struct histogram batch_pushes = {
	"callresultd_batch_pushes", "Pushes stored in one transaction.", 1, sizes, { 0 }, 0
};
static struct histogram batch_records = {
	"callresultd_batch_records", "Records stored in one transaction.", 1, sizes, { 0 }, 0
};

/* --- counting ---------------------------------------------------------------------------------------------- */

void
metrics_count_answer(int status, int64_t time)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (answers[i].status == status)
			answers[i].count++;
	histogram_observe(&answer_time, time);
}

void
metrics_count_unwritten_answer(void)
{
	unwritten_answers++;
}

void
metrics_count_stored(const struct metrics_stored *more)
{
	pthread_mutex_lock(&mutex);
	stored.pushes += more->pushes;
	stored.replayed += more->replayed;
	stored.bad_bodies += more->bad_bodies;
	stored.records += more->records;
	stored.inserted += more->inserted;
	stored.updated += more->updated;
	stored.duplicates += more->duplicates;
	stored.quarantined += more->quarantined;
	pthread_mutex_unlock(&mutex);
	histogram_observe(&commit_time, more->time);
	histogram_observe(&batch_pushes, more->pushes);
	histogram_observe(&batch_records, more->records);
}

void
metrics_count_spooled(int count)
{
	spooled += count;
}

void
metrics_set_spool(struct spool *used, int64_t max_size)
{
	spool = used;
	spool_max_size = max_size;
}

void
metrics_add_connection(int difference)
{
	connections += difference;
}

bool
metrics_database_is_up(void)
{
	return connections > 0;
}

bool
metrics_spool_is_well(void)
{
	return spool != NULL && spool_is_well(spool);
}

/* --- writing ----------------------------------------------------------------------------------------------- */

static void
write_head(FILE *file, const char *name, const char *type, const char *help)
{
	fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_one(FILE *file, const char *name, const char *type, int64_t value, const char *help)
{
	write_head(file, name, type, help);
	fprintf(file, "%s %" PRId64 "\n", name, value);
}

/* What was answered 413 or 503 is kept nowhere; of what was answered 400 or 415, the body is in quarantine. */
static void
write_answers(FILE *file)
{
	int64_t refused = 0;

	write_head(file, "callresultd_pushes_total", "counter", "Answers given to pushes, by HTTP status.");
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		int64_t count = answers[i].count;

		fprintf(file, "callresultd_pushes_total{status=\"%d\"} %" PRId64 "\n", answers[i].status, count);
		if (answers[i].status == 413 || answers[i].status == 503)
			refused += count;
	}
	write_one(file, "callresultd_refused_pushes_total", "counter", refused,
	    "Pushes with a valid token that are kept nowhere (413, 503): each may be lost.");
	write_one(file, "callresultd_unwritten_answers_total", "counter", unwritten_answers,
	    "Answers that could not be written because the web server had gone.");
	histogram_write(file, &answer_time);
}

static void
write_stored(FILE *file)
{
	struct metrics_stored now;

	pthread_mutex_lock(&mutex);
	now = stored;
	pthread_mutex_unlock(&mutex);
	write_head(file, "callresultd_records_total", "counter", "Records that are durable in the database, by fate.");
	fprintf(file,
	    "callresultd_records_total{fate=\"inserted\"} %" PRId64 "\n"
	    "callresultd_records_total{fate=\"updated\"} %" PRId64 "\n"
	    "callresultd_records_total{fate=\"duplicate\"} %" PRId64 "\n"
	    "callresultd_records_total{fate=\"quarantined\"} %" PRId64 "\n",
	    now.inserted, now.updated, now.duplicates, now.quarantined);
	write_one(file, "callresultd_records_received_total", "counter", now.records,
	    "Records of the pushes that are in the database: the sum of the fates.");
	write_one(file, "callresultd_stored_pushes_total", "counter", now.pushes, "Pushes that are in the database.");
	write_one(file, "callresultd_replayed_pushes_total", "counter", now.replayed,
	    "Pushes that came into the database from the spool.");
	write_one(file, "callresultd_quarantined_bodies_total", "counter", now.bad_bodies,
	    "Bodies that went to quarantine whole.");
	histogram_write(file, &batch_pushes);
	histogram_write(file, &batch_records);
	histogram_write(file, &commit_time);
}

static int64_t
age_of(int64_t stamp)
{
	int64_t now = clock_stamp();

	return stamp != 0 && now > stamp ? now - stamp : 0;
}

static void
write_spool(FILE *file)
{
	struct spool_depth depth = { 0 };

	write_one(file, "callresultd_spooled_pushes_total", "counter", spooled, "Pushes that went to the spool.");
	write_one(file, "callresultd_spool_up", "gauge", metrics_spool_is_well(),
	    "Whether the spool could take a push (1), or not, or there is none (0).");
	if (spool == NULL)
		return;
	depth = spool_depth(spool);
	write_one(file, "callresultd_spool_pushes", "gauge", depth.pushes, "Pushes that wait in the spool.");
	write_one(file, "callresultd_spool_bytes", "gauge", depth.bytes, "Bytes of the bodies that wait in the spool.");
	write_one(file, "callresultd_spool_max_bytes", "gauge", spool_max_size, "The size that the spool may grow to.");
	write_head(file, "callresultd_spool_oldest_age_seconds", "gauge",
	    "How long the push that waits longest in the spool has done so; 0 for none.");
	fprintf(file, "callresultd_spool_oldest_age_seconds %.3f\n", (double)age_of(spool_oldest_stamp(spool)) / 1e6);
}

void
metrics_write(FILE *file)
{
	write_answers(file);
	write_stored(file);
	write_spool(file);
	write_one(file, "callresultd_database_up", "gauge", metrics_database_is_up(),
	    "Whether a writer stands with the database (1) or none (0).");
	write_head(file, "callresultd_build_info", "gauge", "The version that runs, as a label; always 1.");
	fprintf(file, "callresultd_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	process_metrics_write(file);
}
