/*
 * The database's limit: transactions over bare libpq, one after another on each connection, made ready before the time
 * runs.
 *
 *   database [-p] [-c connections] [-r records] [-s records a push] [-d percent] [-t seconds] run day conninfo
 *
 * A transaction is callresultd's own statement with its own parameters; with -p the same records go into the table
 * public.plain instead, without evidence, revisions or anything else.  The records are those of push.lua.  -d: so many
 * of them have been in an earlier transaction.  It prints what push.lua prints.
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "db/store_call.h"
#include "push/fold.h"
#include "push/push.h"

enum {
	RECORD_SIZE = 512,         /* bytes, at most, of a record's text */
	RECORDS_EXPECTED = 200000, /* a second, over all connections: made ready beforehand */
	CALLS_EXPECTED = 10000,    /* a second, over all connections */
	RECORDS_A_SECOND = 20,     /* of the time that the records tell */
	DUPLICATE_AGE = 64,        /* pushes between a record and its duplicate; as in push.lua */
};

struct plan {
	bool        plain;
	int         connections;
	int         records;       /* a transaction */
	int         push_records;  /* a push */
	int         duplicates;    /* of a push */
	int         seconds;
	const char *run;
	const char *day;
	const char *conninfo;
};

struct client {
	const struct plan *plan;
	int                number;
	pthread_t          thread;
	PGconn            *connection;
	struct store_call *calls;
	double            *times;    /* seconds each took */
	int                made, done;
};

/* The parameters are those of the call, up to the time zone. */
static const char plain_text[] =
    "INSERT INTO public.plain (push_id, received_at, arrived_at, campaign_id, call_time_local, call_time, called,"
    " session_id, call_id, vdn_id, call_status, fail_code, custom_field, record_path, cause_code, extra)"
    " SELECT ($1::uuid[])[r.push], ($2::timestamptz[])[r.push], ($2::timestamptz[])[r.push], r.campaign_id,"
    " r.call_time_local, r.call_time_local AT TIME ZONE $26, r.called, r.session_id, r.call_id, r.vdn_id,"
    " r.call_status, r.fail_code, r.custom_field, r.record_path, r.cause_code, r.extra"
    " FROM unnest($13::int[],$14::text[],$15::timestamp[],$16::text[],$17::text[],$18::text[],$19::int[],"
    "$20::smallint[],$21::text[],$22::text[],$23::text[],$24::text[],$25::jsonb[])"
    " AS r (push, campaign_id, call_time_local, called, session_id, call_id, vdn_id, call_status, fail_code,"
    " custom_field, record_path, cause_code, extra)"
    " ON CONFLICT DO NOTHING";

_Static_assert(R_PUSH == 12 && CALL_TIMEZONE == 25, "plain_text counts them");

static pthread_barrier_t everybody;

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* --- records ----------------------------------------------------------------------------------------------- */

/* Record "slot" of push n, as push.lua writes it. */
static int
write_record(char *text, const struct client *client, int n, int slot)
{
	static const char *const ends[] = { "6,\"failCode\":\"00000\"", "5,\"failCode\":\"00537\"",
	    "5,\"failCode\":\"00603\"",
		"5,\"failCode\":\"00538\"" };
	int second = (int)((long long)n * client->plan->push_records / RECORDS_A_SECOND % 86400);

	return snprintf(text, RECORD_SIZE,
	    "{\"campaignId\":\"%d\",\"vdnId\":11,\"callStatus\":%s,"
	    "\"sessionId\":\"%s.%d.%d-%09d\",\"called\":\"1%03d%09d\",\"callTimeStr\":\"%s %02d:%02d:%02d\","
	    "\"callId\":\"0023-%d-%09d\",\"recordPath\":\"Y:/1/11/3408/%d-%09d.V3\"}",
	    (n + slot) % 5 + 1, ends[(n + slot) % 4], client->plan->run, client->number, slot, n, slot, n,
	    client->plan->day, second / 3600, second / 60 % 60, second % 60, slot, n, slot, n);
}

/* The first slots of a push repeat what later slots of an earlier push brought. */
static int
write_slot(char *text, const struct client *client, int n, int slot)
{
	const struct plan *plan = client->plan;

	if (slot >= plan->duplicates || n < DUPLICATE_AGE)
		return write_record(text, client, n, slot);
	return write_record(text, client, n - DUPLICATE_AGE,
	    plan->duplicates + slot % (plan->push_records - plan->duplicates));
}

static struct push *
make_push(const struct client *client, int n)
{
	int records = client->plan->push_records;
	char *body = memory_alloc((size_t)records * (RECORD_SIZE + 1) + 2);
	size_t length = 0;
	struct push *push = push_new("127.0.0.1");

	for (int slot = 0; slot < records; slot++) {
		body[length++] = slot == 0 ? '[' : ',';
		length += (size_t)write_slot(body + length, client, n, slot);
	}
	body[length++] = ']';
	push->body = (struct slice){ body, length };
	push->bytes = length;
	if (record_list_parse(&push->list, push->body) != OUTCOME_OK || push->list.record_count != (size_t)records)
		log_fatal("a push is bad");
	return push;
}

static void
make_call(struct client *client, struct fold *fold)
{
	int count = client->plan->records / client->plan->push_records;
	struct push **pushes = memory_resize(NULL, (size_t)count, sizeof *pushes);

	for (int i = 0; i < count; i++)
		pushes[i] = make_push(client, client->made * count + i);
	if (fold_pushes(fold, pushes, count) != count)
		log_fatal("the pushes do not go together");
	store_call_fill(&client->calls[client->made++], pushes, count, fold, "Asia/Shanghai",
	    client->plan->duplicates > 0);
	for (int i = 0; i < count; i++)
		push_unref(pushes[i]);
	memory_free(pushes);
}

static void
make_calls(struct client *client)
{
	const struct plan *plan = client->plan;
	int wanted = RECORDS_EXPECTED / plan->records;
	struct fold fold = { 0 };

	if (wanted > CALLS_EXPECTED)
		wanted = CALLS_EXPECTED;
	wanted = wanted * plan->seconds / plan->connections + 1;
	client->calls = memory_zalloc((size_t)wanted * sizeof *client->calls);
	client->times = memory_zalloc((size_t)wanted * sizeof *client->times);
	while (client->made < wanted)
		make_call(client, &fold);
	fold_free(&fold);
}

/* --- the database ------------------------------------------------------------------------------------------ */

static void
check(const struct client *client, PGresult *result, ExecStatusType status)
{
	if (PQresultStatus(result) != status)
		log_fatal("%s", PQerrorMessage(client->connection));
	PQclear(result);
}

static void
prepare(struct client *client)
{
	const struct store_call *call = &client->calls[0];
	bool plain = client->plan->plain;
	int count = plain ? CALL_TIMEZONE + 1 : STORE_PARAMETERS;

	client->connection = PQconnectdb(client->plan->conninfo);
	if (PQstatus(client->connection) != CONNECTION_OK)
		log_fatal("%s", PQerrorMessage(client->connection));
	check(client, PQprepare(client->connection, "store", plain ? plain_text : call->text, count,
	    call->types), PGRES_COMMAND_OK);
}

static void
store(const struct client *client, const struct store_call *call)
{
	bool plain = client->plan->plain;
	int count = plain ? CALL_TIMEZONE + 1 : STORE_PARAMETERS;

	check(client, PQexecPrepared(client->connection, "store", count, call->values, call->lengths,
	    call->formats, 0), plain ? PGRES_COMMAND_OK : PGRES_TUPLES_OK);
}

static void *
run(void *argument)
{
	struct client *client = argument;
	double start, end;

	make_calls(client);
	prepare(client);
	pthread_barrier_wait(&everybody);    /* all is made */
	pthread_barrier_wait(&everybody);    /* go */
	start = now();
	end = start + client->plan->seconds;
	while (client->done < client->made && start < end) {
		double before = start;

		store(client, &client->calls[client->done]);
		start = now();
		client->times[client->done++] = start - before;
	}
	pthread_barrier_wait(&everybody);
	PQfinish(client->connection);
	return NULL;
}

/* --- figures ----------------------------------------------------------------------------------------------- */

static int
compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print_figures(const struct plan *plan, const struct client *clients, double elapsed)
{
	double *times = NULL;
	int count = 0;

	for (int i = 0; i < plan->connections; i++) {
		times = memory_resize(times, (size_t)(count + clients[i].done), sizeof *times);
		memcpy(times + count, clients[i].times, (size_t)clients[i].done * sizeof *times);
		count += clients[i].done;
	}
	qsort(times, (size_t)count, sizeof *times, compare_times);
	printf("pushes=%lld seconds=%.6f p50=%.0f p99=%.0f failures=0\n",
	    (long long)count * plan->records / plan->push_records, elapsed, times[count / 2] * 1e6,
	    times[count * 99 / 100] * 1e6);
	memory_free(times);
}

/* Says when all is made and waits for a line, so that what it took is not measured with the rest. */
static double
run_clients(const struct plan *plan, struct client *clients)
{
	double start;

	for (int i = 0; i < plan->connections; i++) {
		clients[i] = (struct client){ .plan = plan, .number = i };
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			log_fatal("no thread");
	}
	pthread_barrier_wait(&everybody);
	puts("ready");
	fflush(stdout);
	while (getchar() != '\n' && !feof(stdin))
		;
	pthread_barrier_wait(&everybody);
	start = now();
	pthread_barrier_wait(&everybody);
	return now() - start;
}

static struct plan
read_options(int argc, char **argv)
{
	struct plan plan = { .connections = 1, .records = 1000, .push_records = 100, .seconds = 5 };
	int option, percent = 0;

	while ((option = getopt(argc, argv, "pc:r:s:d:t:")) != -1) {
		switch (option) {
		case 'p': plan.plain = true; break;
		case 'c': plan.connections = atoi(optarg); break;
		case 'r': plan.records = atoi(optarg); break;
		case 's': plan.push_records = atoi(optarg); break;
		case 'd': percent = atoi(optarg); break;
		case 't': plan.seconds = atoi(optarg); break;
		default: exit(2);
		}
	}
	if (argc - optind != 3)
		log_fatal("usage: database [-p] [-c connections] [-r records] [-s records a push] [-d percent]"
		    " [-t seconds] run day conninfo");
	plan.duplicates = plan.push_records * percent / 100;
	plan.run = argv[optind];
	plan.day = argv[optind + 1];
	plan.conninfo = argv[optind + 2];
	return plan;
}

int
main(int argc, char **argv)
{
	struct plan plan = read_options(argc, argv);
	struct client *clients = memory_zalloc((size_t)plan.connections * sizeof *clients);
	double elapsed;

	pthread_barrier_init(&everybody, NULL, (unsigned int)plan.connections + 1);
	elapsed = run_clients(&plan, clients);
	print_figures(&plan, clients, elapsed);
	return 0;
}
