/* What is counted, and its text for Prometheus. */
#include "metrics.h"

#include <inttypes.h>
#include <stdatomic.h>

static struct {
	int             status;
	_Atomic int64_t count;
} answers[] = { { 200, 0 }, { 400, 0 }, { 403, 0 }, { 404, 0 }, { 405, 0 }, { 413, 0 }, { 415, 0 }, { 503, 0 } };

static _Atomic int64_t unwritten_answers;
static _Atomic int64_t records_inserted, records_updated, records_duplicates, records_quarantined;
static _Atomic int64_t spooled;
static atomic_int connections;
static struct spool *spool;

void
metrics_count_answer(int status)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (answers[i].status == status)
			answers[i].count++;
}

void
metrics_count_unwritten_answer(void)
{
	unwritten_answers++;
}

void
metrics_count_records(int64_t inserted, int64_t updated, int64_t duplicates, int64_t quarantined)
{
	records_inserted += inserted;
	records_updated += updated;
	records_duplicates += duplicates;
	records_quarantined += quarantined;
}

void
metrics_count_spooled(int count)
{
	spooled += count;
}

void
metrics_set_spool(struct spool *used)
{
	spool = used;
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

static void
write_head(FILE *file, const char *name, const char *type, const char *help)
{
	fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_answers(FILE *file)
{
	write_head(file, "callresultd_pushes_total", "counter", "Answers given to pushes, by HTTP status.");
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		fprintf(file, "callresultd_pushes_total{status=\"%d\"} %" PRId64 "\n", answers[i].status,
		    answers[i].count);
	write_head(file, "callresultd_unwritten_answers_total", "counter",
	    "Answers that could not be written because the web server had gone.");
	fprintf(file, "callresultd_unwritten_answers_total %" PRId64 "\n", unwritten_answers);
}

static void
write_records(FILE *file)
{
	write_head(file, "callresultd_records_total", "counter", "Records that are durable, by fate.");
	fprintf(file,
	    "callresultd_records_total{fate=\"inserted\"} %" PRId64 "\n"
	    "callresultd_records_total{fate=\"updated\"} %" PRId64 "\n"
	    "callresultd_records_total{fate=\"duplicate\"} %" PRId64 "\n"
	    "callresultd_records_total{fate=\"quarantined\"} %" PRId64 "\n",
	    records_inserted, records_updated, records_duplicates, records_quarantined);
}

static void
write_spool(FILE *file)
{
	struct spool_depth depth = { 0 };

	write_head(file, "callresultd_spooled_pushes_total", "counter", "Pushes that went to the spool.");
	fprintf(file, "callresultd_spooled_pushes_total %" PRId64 "\n", spooled);
	if (spool == NULL)
		return;
	depth = spool_depth(spool);
	write_head(file, "callresultd_spool_pushes", "gauge", "Pushes that wait in the spool.");
	fprintf(file, "callresultd_spool_pushes %" PRId64 "\n", depth.pushes);
	write_head(file, "callresultd_spool_bytes", "gauge", "Bytes of the bodies that wait in the spool.");
	fprintf(file, "callresultd_spool_bytes %" PRId64 "\n", depth.bytes);
}

void
metrics_write(FILE *file)
{
	write_answers(file);
	write_records(file);
	write_spool(file);
	write_head(file, "callresultd_database_up", "gauge", "Whether a writer stands with the database (1) or none (0).");
	fprintf(file, "callresultd_database_up %d\n", metrics_database_is_up());
	write_head(file, "callresultd_build_info", "gauge", "The version that runs, as a label; always 1.");
	fprintf(file, "callresultd_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
}
