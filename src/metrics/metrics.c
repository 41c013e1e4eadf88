/* Counts, and writes what was counted. */
#include "metrics/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "metrics/histogram.h"
#include "metrics/process_metrics.h"

enum { COLLECTORS_MAX = 8, SOURCES_MAX = 256, SOURCE_SIZE = 65 };

enum type { COUNTER, GAUGE };

static const char *const type_names[] = { [COUNTER] = "counter", [GAUGE] = "gauge" };

static const struct {
	const char *name;
	const char *labels;
	enum type   type;
	int64_t     unit;
	const char *help;
} table[METRICS] = {
#define METRIC(symbol, name, labels, type, unit, help) { name, labels, type, unit, help },
#include "metrics/metrics.def"
#undef METRIC
};

static _Atomic int64_t values[METRICS];
static atomic_bool known[METRICS];      /* a gauge: somebody has set it */

/* Guards what follows, and keeps a transaction's figures in values together. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct collector { metrics_collect *collect; void *context; } collectors[COLLECTORS_MAX];
static struct { char name[SOURCE_SIZE]; int64_t pushes, latest; } sources[SOURCES_MAX];
static int source_count;

static const int64_t times[] = {        /* microseconds */
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 0
};
static const int64_t sizes[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 0 };

static struct histogram answer_time = {
	"callresultd_answer_duration_seconds", "Time from the start of a push's request to its answer.", 1000000,
	times, { 0 }, 0
};
static struct histogram commit_time = {
	"callresultd_commit_duration_seconds", "Duration of a committed transaction, from BEGIN to COMMIT.", 1000000,
	times, { 0 }, 0
};
static struct histogram batch_pushes = {
	"callresultd_batch_pushes", "Pushes stored in one transaction.", 1, sizes, { 0 }, 0
};
static struct histogram batch_records = {
	"callresultd_batch_records", "Records stored in one transaction.", 1, sizes, { 0 }, 0
};

/* --- counting ---------------------------------------------------------------------------------------------- */

void
metrics_add(enum metric metric, int64_t difference)
{
	atomic_fetch_add_explicit(&values[metric], difference, memory_order_relaxed);
}

void
metrics_set(enum metric metric, int64_t value)
{
	values[metric] = value;
	known[metric] = true;
}

void
metrics_count_answer(int status, int64_t duration)
{
	static const int statuses[] = { 200, 400, 403, 404, 405, 413, 415, 503 };

	_Static_assert(METRIC_ANSWERS_503 - METRIC_ANSWERS_200 + 1 == sizeof statuses / sizeof *statuses,
	    "a metric for each status, in this order");
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i] == status)
			metrics_add(METRIC_ANSWERS_200 + (enum metric)i, 1);
	/* the body of what is answered 400 or 415 is in quarantine */
	if (status == 413 || status == 503)
		metrics_add(METRIC_REFUSED_PUSHES, 1);
	histogram_observe(&answer_time, duration);
}

void
metrics_count_source(const char *source)
{
	int i = 0;

	pthread_mutex_lock(&mutex);
	while (i < source_count && strncmp(sources[i].name, source, SOURCE_SIZE - 1) != 0)
		i++;
	if (i == source_count && source_count < SOURCES_MAX)
		strncpy(sources[source_count++].name, source, SOURCE_SIZE - 1);
	if (i < source_count) {
		sources[i].pushes++;
		sources[i].latest = time(NULL);
	}
	pthread_mutex_unlock(&mutex);
}

void
metrics_count_stored(const struct metrics_stored *more)
{
	pthread_mutex_lock(&mutex);
	metrics_add(METRIC_STORED_PUSHES, more->pushes);
	metrics_add(METRIC_REPLAYED_PUSHES, more->replayed);
	metrics_add(METRIC_QUARANTINED_BODIES, more->bad_bodies);
	metrics_add(METRIC_RECORDS_RECEIVED, more->records);
	metrics_add(METRIC_INSERTED, more->inserted);
	metrics_add(METRIC_UPDATED, more->updated);
	metrics_add(METRIC_DUPLICATES, more->duplicates);
	metrics_add(METRIC_QUARANTINED, more->quarantined);
	pthread_mutex_unlock(&mutex);
	histogram_observe(&commit_time, more->duration);
	histogram_observe(&batch_pushes, more->pushes);
	histogram_observe(&batch_records, more->records);
}

/* --- collecting -------------------------------------------------------------------------------------------- */

void
metrics_register(metrics_collect *collect, void *context)
{
	int i = 0;

	pthread_mutex_lock(&mutex);
	while (i < COLLECTORS_MAX && collectors[i].collect != NULL)
		i++;
	if (i == COLLECTORS_MAX)
		abort();
	collectors[i].collect = collect;
	collectors[i].context = context;
	pthread_mutex_unlock(&mutex);
}

void
metrics_unregister(void *context)
{
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < COLLECTORS_MAX; i++)
		if (collectors[i].context == context)
			collectors[i].collect = NULL;
	pthread_mutex_unlock(&mutex);
}

/* --- writing ----------------------------------------------------------------------------------------------- */

static void
write_head(FILE *file, const char *name, const char *type, const char *help)
{
	fprintf(file, "# HELP callresultd_%s %s\n# TYPE callresultd_%s %s\n", name, help, name, type);
}

static void
write_row(FILE *file, enum metric metric, int64_t value)
{
	if (*table[metric].help != '\0')
		write_head(file, table[metric].name, type_names[table[metric].type], table[metric].help);
	fprintf(file, "callresultd_%s%s ", table[metric].name, table[metric].labels);
	if (table[metric].unit == 1)
		fprintf(file, "%" PRId64 "\n", value);
	else
		fprintf(file, "%.3f\n", (double)value / (double)table[metric].unit);
}

/* A label's value, escaped as the format has it. */
static void
write_label(FILE *file, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			fputc('\\', file);
		fputc(*name, file);
	}
}

static void
write_sources(FILE *file, const char *name, const char *type, const char *help, bool latest)
{
	write_head(file, name, type, help);
	for (int i = 0; i < source_count; i++) {
		fprintf(file, "callresultd_%s{source=\"", name);
		write_label(file, sources[i].name);
		fprintf(file, "\"} %" PRId64 "\n", latest ? sources[i].latest : sources[i].pushes);
	}
}

/* Calls them without the mutex: what a collector waits for must not hold up a push. */
static void
collect(void)
{
	struct collector current[COLLECTORS_MAX];

	pthread_mutex_lock(&mutex);
	memcpy(current, collectors, sizeof current);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < COLLECTORS_MAX; i++)
		if (current[i].collect != NULL)
			current[i].collect(current[i].context);
}

void
metrics_write(FILE *file)
{
	int64_t now[METRICS];

	collect();
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < METRICS; i++)
		now[i] = values[i];
	write_sources(file, "source_pushes_total", "counter", "Pushes answered 200, by token name.", false);
	write_sources(file, "source_last_push_timestamp_seconds", "gauge",
	    "Time of the last push answered 200, by token name.", true);
	pthread_mutex_unlock(&mutex);
	for (enum metric i = 0; i < METRICS; i++)
		if (table[i].type == COUNTER || known[i])
			write_row(file, i, now[i]);
	histogram_write(file, &answer_time);
	histogram_write(file, &batch_pushes);
	histogram_write(file, &batch_records);
	histogram_write(file, &commit_time);
	write_head(file, "build_info", "gauge", "The running version, as a label; always 1.");
	fprintf(file, "callresultd_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	process_metrics_write(file);
}
