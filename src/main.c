/* callresultd stores the call results that a call-centre platform pushes.  Its start, in order, and its end. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_writer.h"
#include "base/memory.h"
#include "base/streams.h"
#include "base/systemd.h"
#include "db/pool.h"
#include "front/admission.h"
#include "front/cgi.h"
#include "front/gateway.h"
#include "front/listen.h"
#include "front/request.h"
#include "front/server.h"
#include "metrics/metrics.h"
#include "settings.h"
#include "spool/spool.h"
#include "store/housekeeper.h"
#include "store/queue.h"
#include "store/replay.h"
#include "store/writer.h"

enum {                          /* milliseconds */
	CGI_TIME = 2000,        /* that a CGI program works in the background after its answer */
	BEYOND_TIME = 5000,     /* beyond a push's deadline: for a writer to spool it, or to be idle */
};

struct options {
	const char *config;
	bool        check_only;
};

/*
 * Whether a web server started the process to serve one request by CGI: there is no FastCGI socket, but a CGI variable.
 * Either variable is enough, because a wrong "no" would let the sender of the request choose our options.
 */
static bool
is_cgi(const struct listener *inherited)
{
	return inherited->descriptor == -1 && (getenv("GATEWAY_INTERFACE") != NULL || getenv("REQUEST_METHOD") != NULL);
}

static void
usage(FILE *file)
{
	fputs("usage: callresultd [-hnV] [-c file]\n", file);
}

static void
help(void)
{
	usage(stdout);
	fputs("  -c file  the configuration; else $CALLRESULTD_CONF, else " CONFIG_FILE "\n"
	    "  -n       check the configuration and exit\n"
	    "  -V       print the version and exit\n"
	    "  -h       print this and exit\n", stdout);
}

static struct options
default_options(void)
{
	const char *config = getenv("CALLRESULTD_CONF");

	return (struct options){ .config = config != NULL ? config : CONFIG_FILE };
}

static struct options
read_options(int argc, char **argv)
{
	struct options options = default_options();
	int option;

	while ((option = getopt(argc, argv, "c:hnV")) != -1) {
		switch (option) {
		case 'c':
			options.config = optarg;
			break;
		case 'n':
			options.check_only = true;
			break;
		case 'V':
			puts(PACKAGE_STRING);
			exit(0);
		case 'h':
			help();
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(2);
	}
	return options;
}

/* Every thread inherits the mask, so that only wait_for_end() gets these signals. */
static sigset_t
block_signals(void)
{
	sigset_t handled;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);       /* beyond a limit on file sizes write(2) then fails, and does not kill us */
	sigemptyset(&handled);
	sigaddset(&handled, SIGTERM);
	sigaddset(&handled, SIGINT);
	sigaddset(&handled, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &handled, NULL);
	return handled;
}

/* As many connections as the system allows: an idle one costs a descriptor and nothing else. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Reads the log level and the tokens again.  A bad file changes nothing. */
static void
reload(const char *config, struct admission *admission)
{
	struct settings fresh;
	bool read = settings_read(&fresh, config);

	if (read)
		log_set_level((enum log_level)fresh.log_level);
	settings_free(&fresh);
	if (admission_reload(admission) && read)
		log_info("reloaded the tokens and the log level");
	else
		log_error("reload failed: the previous contents of each bad file stay in force");
}

/* Waits for SIGTERM or SIGINT; SIGHUP reloads what may change while running. */
static void
wait_for_end(const sigset_t *handled, const char *config, struct admission *admission)
{
	int number;

	while (sigwait(handled, &number) == 0 && number == SIGHUP)
		reload(config, admission);
}

/* What is behind the requests: queue, pool, spool, and the threads that store. */
struct storage {
	struct queue       *queue;
	struct pool        *pool;
	struct spool       *spool;
	struct replay      *replay;
	struct housekeeper *housekeeper;   /* NULL: none yet */
	struct writer     **writers;
	int64_t             writer_count;
	bool                hangs;         /* the replay did not end, and uses pool and spool */
};

static struct storage
storage_open(const struct settings *settings, bool cgi)
{
	struct storage storage = { .writer_count = cgi ? 1 : settings->writers };

	storage.queue = queue_new((size_t)settings->batch_records);
	storage.spool = spool_open(settings->spool_path, settings->spool_max_size);
	metrics_set(METRIC_SPOOL_UP, 0);
	metrics_register(spool_collect, storage.spool);
	storage.pool = pool_start(settings->conninfo, settings->call_timezone, (int)storage.writer_count);
	storage.replay = replay_start(storage.pool, storage.spool);
	storage.writers = memory_resize(NULL, (size_t)storage.writer_count, sizeof *storage.writers);
	for (int64_t i = 0; i < storage.writer_count; i++)
		storage.writers[i] = writer_start(storage.queue, storage.pool, storage.spool);
	if (!cgi)
		storage.housekeeper = housekeeper_start(storage.pool);
	return storage;
}

/* Ends the replay and the housekeeper at the time at (clock_ms(), ms), or before that when they have nothing to do. */
static void
end_background(struct storage *storage, int64_t at)
{
	pool_end_background(storage->pool, at);
	storage->hangs = !replay_stop(storage->replay, at);
	if (storage->housekeeper != NULL)
		housekeeper_stop(storage->housekeeper, at);
}

/* A CGI program has no other time to replay the spool and to keep house. */
static void
work_in_background(struct storage *storage)
{
	pool_end_pushes(storage->pool);
	if (pool_stored_count(storage->pool) > 0)
		storage->housekeeper = housekeeper_start(storage->pool);
	end_background(storage, clock_ms() + CGI_TIME);
}

/* Closes the stages in the order in which pushes pass them: no new push comes, and the writers finish the others. */
static void
storage_close(struct storage *storage, bool cgi)
{
	queue_close(storage->queue);
	for (int64_t i = 0; i < storage->writer_count; i++)
		writer_join(storage->writers[i]);
	memory_free(storage->writers);
	if (cgi)
		work_in_background(storage);
	if (storage->hangs)
		exit(0);
	pool_stop(storage->pool);
	metrics_unregister(storage->spool);
	spool_close(storage->spool);
	queue_free(storage->queue);
}

/* Serves until a signal.  The background may hang with the database, so it ends while the server still serves. */
static void
run(struct listener *listener, struct service *service, struct storage *storage, const struct settings *settings,
    const char *config, const sigset_t *handled)
{
	struct server *server;

	systemd_watchdog_init(settings->reply_deadline + BEYOND_TIME);
	server = server_start(listener, (int)settings->threads, service);

	log_info("callresultd %s serves listen=%s threads=%d", PACKAGE_VERSION,
	    listener->handed_over ? "handed-over" : settings->listen, (int)settings->threads);
	listen_warn_if_open(listener);
	systemd_notify("READY=1");
	wait_for_end(handled, config, service->admission);
	systemd_notify("STOPPING=1");
	end_background(storage, clock_ms());
	server_stop(server);
	log_info("shutdown complete: every accepted push was answered");
}

/* Serves until a signal ends it, or, as a CGI program, one request.  Returns the exit status. */
static int
serve(struct listener *listener, bool cgi, const struct settings *settings, const char *config,
    struct admission *admission)
{
	struct service service = { .admission = admission, .max_body = (size_t)settings->max_body,
		.reply_deadline = settings->reply_deadline };
	sigset_t handled = block_signals();
	struct request *request = cgi ? cgi_begin(&service) : NULL;
	struct storage storage;

	if (cgi && request == NULL)
		return 0;
	if (!cgi && listener->descriptor == -1 && !listen_open(listener, settings->listen))
		return 1;
	storage = storage_open(settings, cgi);
	service.queue = storage.queue;
	service.pool = storage.pool;
	service.spool = storage.spool;
	if (cgi)
		cgi_serve(request, &service);
	else
		run(listener, &service, &storage, settings, config, &handled);
	storage_close(&storage, cgi);
	return 0;
}

/* A metrics_collect. */
static void
collect_log(void *context)
{
	(void)context;
	metrics_set(METRIC_LOG_LINES_DROPPED, log_writer_dropped());
}

int
main(int argc, char **argv)
{
	struct listener listener;
	struct options options;
	struct settings settings;
	struct admission *admission = NULL;
	int status = 1;
	bool cgi;

	streams_fill();
	listen_inherit(&listener);
	/* the arguments of a CGI program are the sender's: the query string, when it has no "=" (RFC 3875, 4.4) */
	cgi = is_cgi(&listener);
	options = cgi ? default_options() : read_options(argc, argv);
	memory_init();
	log_open(LOG_LEVEL_INFO, false);
	if (settings_read(&settings, options.config))
		admission = admission_new(settings.tokens, settings.allow_anonymous);
	if (admission != NULL && options.check_only) {
		printf("%s: the configuration is fine\n", options.config);
		status = 0;
	} else if (admission != NULL) {
		log_open((enum log_level)settings.log_level, settings.log_to_syslog);
		log_writer_start();
		metrics_register(collect_log, NULL);
		raise_descriptor_limit();
		gateway_init();
		status = serve(&listener, cgi, &settings, options.config, admission);
	}
	admission_free(admission);
	settings_free(&settings);
	return status;
}
