/*
 * callresultctl push: posts a file to the callBackUrl as the platform does: without a Content-Type, once more at once
 * after anything but 200, and in further pairs of pushes after a wait.  The only user of libcurl.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "ctl/commands.h"
#include "ctl/intake.h"
#include "ctl/token_file.h"

enum { URL_SIZE = 2048, BODY_MAX = 1024 * 1024 * 1024, ANSWER_SIZE = 512 };
enum { TIMES = 2, TIMES_MAX = 6, WAIT = 600, TIMEOUT = 30 };      /* unless given */

/* How the platform is imitated: pushes at most, and the seconds between pairs and for an answer. */
struct pace {
	int64_t times, wait, timeout;
};

/* How one push went. */
struct answer {
	long   status;              /* 0: there was none */
	double seconds;
	char   text[ANSWER_SIZE];   /* the beginning of the answer, or what went wrong */
	size_t length;
};

/* --- the URL ----------------------------------------------------------------------------------------------- */

static bool
read_url_file(const char *path, char url[URL_SIZE])
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	bool read;

	if (file == NULL) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	read = fgets(url, URL_SIZE, file) != NULL;
	if (!is_stdin)
		fclose(file);
	if (!read) {
		log_error("%s: the file contains no URL", path);
		return false;
	}
	url[strcspn(url, " \t\r\n")] = '\0';
	return true;
}

static bool
add_token(struct ctl *ctl, const char *name, const char *mount, char url[URL_SIZE])
{
	struct token_file *file = ctl_read_settings(ctl) ? ctl_open_tokens(ctl, false) : NULL;
	const char *token = file != NULL ? token_file_find(file, name) : NULL;

	if (token != NULL)
		token_file_url(url, URL_SIZE, mount, token);
	else if (file != NULL)
		log_error("there is no token of that name");
	if (file != NULL)
		token_file_close(file);
	return token != NULL;
}

/* The URL from where the command line says it is.  In the list of processes it is overwritten as soon as possible. */
static bool
find_url(struct ctl *ctl, char url[URL_SIZE])
{
	char *given = ctl->argv[0];
	const char *name = ctl_option(ctl, "token"), *path = ctl_option(ctl, "url-file");
	bool found = true;

	if (path != NULL || strcmp(given, "-") == 0) {
		found = read_url_file(path != NULL ? path : given, url);
	} else if (name != NULL) {
		found = add_token(ctl, name, given, url);
	} else {
		snprintf(url, URL_SIZE, "%s", given);
		memset(given, 'x', strlen(given));
	}
	if (found && strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) {
		log_error("the URL must begin with https:// or http://");
		found = false;
	}
	return found;
}

/* --- one push ---------------------------------------------------------------------------------------------- */

/* Keeps the beginning of the answer. */
static size_t
take_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	size_t room = sizeof answer->text - 1 - answer->length;
	size_t taken = size * count < room ? size * count : room;

	memcpy(answer->text + answer->length, bytes, taken);
	answer->length += taken;
	return size * count;
}

static struct curl_slist *
no_headers(void)
{
	static const char *const names[] = { "Content-Type:", "Expect:", "Accept:", "User-Agent:" };
	struct curl_slist *headers = NULL;

	for (int i = 0; i < ELEMENTS(names); i++)
		headers = curl_slist_append(headers, names[i]);
	if (headers == NULL)
		log_fatal("out of memory");
	return headers;
}

static CURL *
prepare(struct ctl *ctl, const char *url, struct slice body, int64_t timeout, struct curl_slist *headers)
{
	CURL *curl = curl_easy_init();
	const char *cacert = ctl_option(ctl, "cacert");

	if (curl == NULL)
		log_fatal("cannot initialise libcurl");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.bytes);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.length);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)timeout);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	if (cacert != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, cacert);
	return curl;
}

/* curl_easy_strerror names no URL, unlike the text in CURLOPT_ERRORBUFFER. */
static void
push_once(CURL *curl, struct answer *answer)
{
	CURLcode code;

	*answer = (struct answer){ 0 };
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &answer->seconds);
	if (code == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
	else
		snprintf(answer->text, sizeof answer->text, "%s", curl_easy_strerror(code));
}

/* --- the command ------------------------------------------------------------------------------------------- */

/* A server may quote the URL, which ends with the token. */
static void
hide_token(char *text, const char *url)
{
	const char *token = url + strlen(url);
	size_t length;

	while (token > url && token[-1] != '/' && token[-1] != '=')
		token--;
	length = strlen(token);
	while (length > 0 && (text = strstr(text, token)) != NULL) {
		memset(text, 'x', length);
		text += length;
	}
}

static void
add_answer(struct table *table, int64_t number, struct answer *answer, const char *url)
{
	char seconds[32];

	hide_token(answer->text, url);
	snprintf(seconds, sizeof seconds, "%.3f", answer->seconds);
	table_add_number(table, number);
	table_add_number_if(table, answer->status != 0, answer->status);
	table_add(table, seconds);
	table_add(table, answer->text);
}

/* The second push of a pair follows the first at once. */
static bool
push_until_taken(CURL *curl, const char *url, const struct pace *pace, struct table *table)
{
	struct answer answer;

	for (int64_t number = 1; number <= pace->times; number++) {
		if (number > 1 && number % 2 == 1) {
			if (isatty(STDERR_FILENO) == 1)
				fprintf(stderr, "next push in %lld s\n", (long long)pace->wait);
			thread_sleep(1000 * pace->wait);
		}
		push_once(curl, &answer);
		add_answer(table, number, &answer, url);
		if (answer.status == 200)
			return true;
	}
	return false;
}

static bool
push_body(struct ctl *ctl, const char *url, struct slice body, const struct pace *pace)
{
	static const struct column columns[] = { { "push", COLUMN_NUMBER }, { "status", COLUMN_NUMBER },
		{ "seconds", COLUMN_NUMBER }, { "answer", COLUMN_TEXT } };
	struct table *table = table_new("pushes", TABLE_ROWS, columns, ELEMENTS(columns));
	struct curl_slist *headers;
	CURL *curl;
	bool taken;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		log_fatal("cannot initialise libcurl");
	headers = no_headers();
	curl = prepare(ctl, url, body, pace->timeout, headers);
	taken = push_until_taken(curl, url, pace, table);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	ctl_print(ctl, &table, 1);
	return taken;
}

static bool
check_arguments(const struct ctl *ctl)
{
	bool from_file = ctl_option(ctl, "url-file") != NULL;

	if (from_file && ctl_option(ctl, "token") != NULL)
		ctl_usage_error(ctl, "give either --url-file or --token, not both");
	else if (ctl->argc != (from_file ? 1 : 2))
		ctl_usage_error(ctl, from_file ? "with --url-file, give the FILE alone" : "give the URL and the FILE");
	else
		return true;
	return false;
}

int
cmd_push(struct ctl *ctl)
{
	const char *path = ctl->argv[ctl->argc - 1], *problem;
	char url[URL_SIZE] = "";
	struct slice body;
	struct pace pace;
	bool taken;

	if (!check_arguments(ctl) || !ctl_number_option(ctl, "times", TIMES, 1, TIMES_MAX, &pace.times) ||
	    !ctl_number_option(ctl, "wait", WAIT, 0, 86400, &pace.wait) ||
	    !ctl_number_option(ctl, "timeout", TIMEOUT, 1, 3600, &pace.timeout))
		return CTL_USAGE;
	if (!find_url(ctl, url))
		return CTL_WRONG;
	if (!intake_read_file(path, BODY_MAX, &body, &problem)) {
		log_error("%s: %s", path, problem);
		return CTL_WRONG;
	}
	taken = push_body(ctl, url, body, &pace);
	memory_free(body.bytes);
	return taken ? CTL_FINE : CTL_WRONG;
}
