/* The configuration: each key, each fault with its place, and the documents that have to say the same. */
#include "unit.h"

#include <ctype.h>

#include "settings.h"

static char path[TEMPORARY_NAME_SIZE];
static struct settings settings;
static char *said;              /* on stderr, at the last reading */

static int
make_file(void **state)
{
	temporary_make(path, "");
	return 0;
}

static void
forget(void)
{
	settings_free(&settings);
	settings = (struct settings){ 0 };
	free(said);
	said = NULL;
}

static int
remove_file(void **state)
{
	forget();
	unlink(path);
	return 0;
}

static bool
read_file(const char *file)
{
	struct capture capture;
	bool fine;

	forget();
	capture = capture_start();
	fine = settings_read(&settings, file);
	said = capture_end(capture);
	return fine;
}

static bool
read_content(const char *content)
{
	temporary_write(path, content);
	return read_file(path);
}

static void
assert_fine(const char *content)
{
	if (!read_content(content))
		fail_msg("refused: %s: %s", content, said);
	assert_string_equal(said, "");
}

/* Refused with one line that names the file, the line and the key; what stands behind "=" is not shown. */
static void
assert_refused(const char *content, int line, const char *key)
{
	char place[32];

	if (read_content(content))
		fail_msg("taken: %.300s", content);
	snprintf(place, sizeof place, "line %d", line);
	if (lines_in(said) != 1 || strstr(said, path) == NULL || strstr(said, place) == NULL ||
	    isdigit((unsigned char)strstr(said, place)[strlen(place)]) || strstr(said, key) == NULL)
		fail_msg("%.300s: %s", content, said);
	if (strstr(said, "SECRET") != NULL)
		fail_msg("shown: %s", said);
}

static void
assert_defaults(void)
{
	assert_string_equal(settings.listen, "unix:/run/callresultd/callresultd.sock");
	assert_int_equal(settings.threads, 64);
	assert_int_equal(settings.max_body, 16 * 1024 * 1024);
	assert_int_equal(settings.reply_deadline, 3000);
	assert_string_equal(settings.tokens, "/etc/callresultd/tokens");
	assert_false(settings.allow_anonymous);
	assert_string_equal(settings.conninfo, "dbname=callresult");
	assert_int_equal(settings.writers, 2);
	assert_int_equal(settings.batch_records, 5000);
	assert_string_equal(settings.call_timezone, "Asia/Shanghai");
	assert_string_equal(settings.spool_path, "/var/lib/callresultd/spool.db");
	assert_int_equal(settings.spool_max_size, INT64_C(10) * 1024 * 1024 * 1024);
	assert_int_equal(settings.log_level, LOG_LEVEL_INFO);
	assert_false(settings.log_to_syslog);
}

/* --- values ------------------------------------------------------------------------------------------------ */

static void
an_empty_file_gives_the_defaults(void **state)
{
	static const char *const contents[] = {
		"", "\n", "; nothing\n# at all\n", "[server]\n[auth]\n[database]\n[spool]\n[log]\n",
		"\xef\xbb\xbf[server]\n",
	};

	for (size_t i = 0; i < COUNT(contents); i++) {
		assert_fine(contents[i]);
		assert_defaults();
	}
}

static void
every_key_is_read(void **state)
{
	assert_fine(
	    "[server]\nlisten = 127.0.0.1:9000\nthreads = 8\nmax_body = 2M\nreply_deadline = 1500ms\n"
	    "[auth]\ntokens = /tmp/tokens\nallow_anonymous = yes\n"
	    "[database]\nconninfo = host=a,b dbname=calls target_session_attrs=read-write\n"
	    "writers = 4\nbatch_records = 100\n"
	    "call_timezone = Europe/Berlin\n"
	    "[spool]\npath = /tmp/spool.db\nmax_size = 1G\n"
	    "[log]\nlevel = warning\nto = syslog\n");
	assert_string_equal(settings.listen, "127.0.0.1:9000");
	assert_int_equal(settings.threads, 8);
	assert_int_equal(settings.max_body, 2 * 1024 * 1024);
	assert_int_equal(settings.reply_deadline, 1500);
	assert_string_equal(settings.tokens, "/tmp/tokens");
	assert_true(settings.allow_anonymous);
	assert_string_equal(settings.conninfo, "host=a,b dbname=calls target_session_attrs=read-write");
	assert_int_equal(settings.writers, 4);
	assert_int_equal(settings.batch_records, 100);
	assert_string_equal(settings.call_timezone, "Europe/Berlin");
	assert_string_equal(settings.spool_path, "/tmp/spool.db");
	assert_int_equal(settings.spool_max_size, 1024 * 1024 * 1024);
	assert_int_equal(settings.log_level, LOG_LEVEL_WARNING);
	assert_true(settings.log_to_syslog);
}

static void
numbers_have_units(void **state)
{
	static const struct {
		const char *line;
		int64_t     max_body, reply_deadline;
	} cases[] = {
		{ "max_body = 1024", 1024, 3000 }, { "max_body = 1K", 1024, 3000 },
		{ "max_body = 64M", 64 << 20, 3000 },
		{ "max_body=65536K", 64 << 20, 3000 }, { "reply_deadline = 100ms", 16 << 20, 100 },
		{ "reply_deadline = 10s", 16 << 20, 10000 }, { "reply_deadline = 2m", 16 << 20, 120000 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char content[64];

		snprintf(content, sizeof content, "[server]\n%s\n", cases[i].line);
		assert_fine(content);
		assert_int_equal(settings.max_body, cases[i].max_body);
		assert_int_equal(settings.reply_deadline, cases[i].reply_deadline);
	}
}

static void
the_edges_of_each_number_are_taken_and_what_is_beyond_is_not(void **state)
{
	static const char *const units[] = { [SETTING_NUMBER] = "", [SETTING_SIZE] = "", [SETTING_TIME] = "ms" };

	for (size_t i = 0; i < settings_key_count; i++) {
		const struct settings_key *key = &settings_keys[i];
		const int64_t values[] = { key->min, key->max, key->min - 1, key->max < INT64_MAX ? key->max + 1 : -1 };
		char content[128];

		if (key->type != SETTING_NUMBER && key->type != SETTING_SIZE && key->type != SETTING_TIME)
			continue;
		for (size_t v = 0; v < COUNT(values); v++) {
			snprintf(content, sizeof content, "[%s]\n%s = %lld%s\n", key->section, key->name,
			    (long long)values[v], units[key->type]);
			if (v < 2)
				assert_fine(content);
			else
				assert_refused(content, 2, key->name);
		}
	}
}

static void
white_space_and_comments_do_not_count(void **state)
{
	assert_fine("; a comment\r\n\r\n  [server]  ; the server\r\nthreads=8\r\n"
	    "listen   =   127.0.0.1:9000   ; loopback\r\n"
	    "# max_body = x\r\n;reply_deadline = x\r\n[log]\nlevel = error");
	assert_int_equal(settings.threads, 8);
	assert_string_equal(settings.listen, "127.0.0.1:9000");
	assert_int_equal(settings.log_level, LOG_LEVEL_ERROR);
}

static void
a_section_may_be_opened_again(void **state)
{
	assert_fine("[server]\nthreads = 8\n[log]\nlevel = error\n[server]\nmax_body = 1M\n");
	assert_int_equal(settings.threads, 8);
	assert_int_equal(settings.max_body, 1 << 20);
}

static void
a_conninfo_may_be_long(void **state)
{
	static char content[4096];
	int length = snprintf(content, sizeof content,
	    "[database]\nconninfo = dbname=callresult password='SECRET' host=");
	const char *value = strstr(content, "dbname");

	for (int i = 0; i < 150; i++)
		length += snprintf(content + length, sizeof content - (size_t)length, "%sdb%d.example.com",
		    i > 0 ? "," : "", i);
	snprintf(content + length, sizeof content - (size_t)length, "\nwriters = 3\n");
	assert_fine(content);
	assert_memory_equal(settings.conninfo, value, strlen(settings.conninfo));
	assert_int_equal(settings.conninfo[strlen(settings.conninfo) - 1], 'm');
	assert_int_equal(settings.writers, 3);
}

static void
conninfo_is_whatever_libpq_takes(void **state)
{
	static const char *const values[] = {
		"callresult", "dbname=callresult", "service=calls",
		"postgresql://user:SECRET@host/calls?sslmode=require",
		"postgres://host1,host2/calls?target_session_attrs=read-write",
		"host=/run/postgresql dbname='call results'",
	};
	char content[256];

	for (size_t i = 0; i < COUNT(values); i++) {
		snprintf(content, sizeof content, "[database]\nconninfo = %s\n", values[i]);
		assert_fine(content);
		assert_string_equal(settings.conninfo, values[i]);
	}
}

static void
quotes_keep_semicolons_in_a_conninfo(void **state)
{
	static const char *const values[][2] = {
		{ "password='a ;b' dbname=x", "password='a ;b' dbname=x" },
		{ "password='a;b' dbname=x ; a comment; it's one", "password='a;b' dbname=x" },
		{ "password='it\\' ;s' dbname=x\t;SECRET", "password='it\\' ;s' dbname=x" },
		{ "password='a ; b ; c' ;", "password='a ; b ; c'" },
		{ "password=a;b", "password=a;b" },
	};
	char content[256];

	for (size_t i = 0; i < COUNT(values); i++) {
		snprintf(content, sizeof content, "[database]\nconninfo = %s\nwriters = 3 ; it's three\n",
		    values[i][0]);
		assert_fine(content);
		assert_string_equal(settings.conninfo, values[i][1]);
		assert_int_equal(settings.writers, 3);
	}
}

static void
a_place_to_listen_is_one(void **state)
{
	static const char *const values[] = { "127.0.0.1:9000", "localhost:fastcgi", "[::1]:9000", "*:9000", ":9000",
	    "unix:/run/x" };
	char content[256];

	for (size_t i = 0; i < COUNT(values); i++) {
		snprintf(content, sizeof content, "[server]\nlisten = %s\n", values[i]);
		assert_fine(content);
		assert_string_equal(settings.listen, values[i]);
	}
}

/* --- faults ------------------------------------------------------------------------------------------------ */

static void
a_bad_value_is_named_with_its_place(void **state)
{
	static const struct {
		const char *section, *key, *value;
	} cases[] = {
		{ "server", "listen", "" }, { "server", "listen", "here" }, { "server", "listen", "9000" },
		{ "server", "listen", "::1:9000" }, { "server", "listen", "localhost:" },
		{ "server", "listen", "unix:" },
		{ "server", "listen", "127.0.0.1:0" }, { "server", "listen", "127.0.0.1:65536" },
		{ "server", "listen", "127.0.0.1:-1" }, { "server", "listen", "/run/SECRET" },
		{ "server", "threads", "" }, { "server", "threads", "0" }, { "server", "threads", "-1" },
		{ "server", "threads", "SECRET" }, { "server", "threads", "64x" }, { "server", "threads", "6 4" },
		{ "server", "threads", "1.5" }, { "server", "threads", "+8" }, { "server", "threads", "0x10" },
		{ "server", "threads", "1K" }, { "server", "threads", "99999999999999999999" },
		{ "server", "max_body", "16MB" }, { "server", "max_body", "1T" }, { "server", "max_body", "M" },
		{ "server", "max_body", "-1M" }, { "server", "max_body", "1G" },
		{ "server", "max_body", "18014398509481985K" },
		{ "server", "reply_deadline", "3" }, { "server", "reply_deadline", "3h" },
		{ "server", "reply_deadline", "s" },
		{ "server", "reply_deadline", "3 SECRET" }, { "server", "reply_deadline", "0s" },
		{ "auth", "tokens", "" }, { "auth", "allow_anonymous", "" }, { "auth", "allow_anonymous", "true" },
		{ "auth", "allow_anonymous", "1" }, { "auth", "allow_anonymous", "yes no" },
		{ "database", "conninfo", "" }, { "database", "writers", "none" },
		{ "database", "batch_records", "5000.0" },
		{ "database", "call_timezone", "" },
		{ "spool", "path", "" }, { "spool", "path", ":memory:" }, { "spool", "path", "file:/x?mode=memory" },
		{ "spool", "path", "spool.db" }, { "spool", "max_size", "ten" }, { "spool", "max_size", "9999999999G" },
		{ "log", "level", "" }, { "log", "level", "loud" }, { "log", "to", "" }, { "log", "to", "SECRET" },
	};
	char content[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(content, sizeof content, "; first\n\n[%s]\n%s = %s\n; last\n", cases[i].section, cases[i].key,
		    cases[i].value);
		assert_refused(content, 4, cases[i].key);
	}
}

static void
a_file_of_utf_16_is_named_so(void **state)
{
	assert_refused("\xff\xfe[", 1, "UTF-16: save it as UTF-8");
	assert_refused("\xfe\xff", 1, "UTF-16: save it as UTF-8");
}

/* What follows would be passed over or cut off, and the defaults stand in for it. */
static void
a_control_character_is_named_with_its_place(void **state)
{
	static const char *const lines[] = { "; all one comment\r[server]\rthreads = 8", "[server]\rthreads = 8",
	    "threads = 8\rmax_body = 1M", "threads = 8\r\r", "threads = 8 ; \033", "\001" };
	char content[128];
	FILE *file;

	for (size_t i = 0; i < COUNT(lines); i++) {
		snprintf(content, sizeof content, "[server]\n\n%s\nwriters = 8\n", lines[i]);
		assert_refused(content, 3, "control character");
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("[log]\nlevel = error", file);
	fputc('\0', file);
	assert_int_equal(fclose(file), 0);
	assert_false(read_file(path));
	assert_non_null(strstr(said, "line 2: the line has a control character"));
}

static void
a_key_nobody_knows_is_named_with_its_place(void **state)
{
	static const struct {
		const char *content, *key;
		int         line;
	} cases[] = {
		{ "[server]\nthread = 8\n", "thread", 2 }, { "[server]\nThreads = 8\n", "Threads", 2 },
		{ "[server]\n\nlisten_to = SECRET\n", "listen_to", 3 }, { "[servers]\nthreads = 8\n", "servers", 2 },
		{ "[log]\nthreads = 8\n", "threads", 2 }, { "threads = 8\n", "threads", 1 },
		{ "[server]\nthreads = 8\n[database]\npassword = SECRET\n", "password", 4 },
		{ "[server]\nthreads = 8\nx = 1\ny = 2\n", "x", 3 },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].content, cases[i].line, cases[i].key);
}

static void
a_key_given_twice_is_named_with_its_second_place(void **state)
{
	for (size_t i = 0; i < settings_key_count; i++) {
		const struct settings_key *key = &settings_keys[i];
		char content[256];

		snprintf(content, sizeof content, "[%s]\n%s = %s\n\n[%s]\n%s = %s\n", key->section, key->name,
		    key->fallback, key->section, key->name, key->fallback);
		assert_refused(content, 5, key->name);
	}
}

static void
a_line_that_is_none_is_named(void **state)
{
	static const char *const lines[] = { "garbage", "[server", "threads 8", "]", "SECRET",
	    "[server] threads = 8", "[log] [server]", "[server]x" };
	char content[128];

	for (size_t i = 0; i < COUNT(lines); i++) {
		snprintf(content, sizeof content, "[server]\n; fine\n%s\nthreads = 8\n", lines[i]);
		assert_refused(content, 3, "");
	}
}

static void
a_line_too_long_is_named_and_never_cut_in_two(void **state)
{
	static const int lengths[] = { 4096, 4097, 5000, 8191, 8192, 8193, 100000 };
	static char content[110000];

	for (size_t i = 0; i < COUNT(lengths); i++) {
		int start = snprintf(content, sizeof content, "[database]\nwriters = 1\nconninfo = password=SECRET ");
		int line = start - (int)strlen("[database]\nwriters = 1\n");

		memset(content + start, ' ', (size_t)(lengths[i] - line));
		strcpy(content + start + lengths[i] - line - 6, "SECRET\nbatch_records = 9\n");
		assert_refused(content, 3, "");
	}
}

static void
a_file_that_cannot_be_read_is_named(void **state)
{
	assert_false(read_file("no-such-directory/callresultd.conf"));
	assert_non_null(strstr(said, "no-such-directory/callresultd.conf: No such file"));
	assert_int_equal(lines_in(said), 1);
}

static void
a_file_that_opens_and_cannot_be_read_is_named(void **state)
{
	assert_false(read_file("."));
	assert_int_equal(lines_in(said), 1);
}

static void
a_secret_in_conninfo_is_never_shown(void **state)
{
	static const struct {
		const char *lines;
		int         line;
	} cases[] = {
		{ "conninfo = host=a password=SECRET nonsense\n", 2 },
		{ "conninfo = host=a password='SECRET\n", 2 },
		{ "conninfo = host=a password=SECRET no_such_option=1\n", 2 },
		{ "conninfo = password=SECRET no SECRET\n", 2 },
		{ "conninfo = postgresql://user:SECRET@[host/calls\n", 2 },
		{ "conninfo = postgresql://user:SECRET@host/calls?SECRET=1\n", 2 },
		{ "conninfo = postgresql://user:%%SECRET@host/calls\n", 2 },
		{ "conninfo = dbname=a\nconninfo = password=SECRET\n", 3 },
		{ "conninfo = dbname=a\n  password=SECRET\n", 3 },
		{ "conninfo = dbname=a\npassword=SECRET\n", 3 },
		{ "conninfo host=a password=SECRET\n", 2 },
		{ "conninfo postgresql://user:SECRET@host/calls\n", 2 },
		{ "conninfo dbname SECRET\n", 2 },
	};
	char content[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(content, sizeof content, "[database]\n%s", cases[i].lines);
		assert_refused(content, cases[i].line, "");
	}
}

/* --- the documents ----------------------------------------------------------------------------------------- */

/* A file of the source tree as text, to be freed. */
static char *
document(const char *name)
{
	const char *tree = getenv("CALLRESULTD_SRC");
	char file[4096], *content = NULL;
	size_t room = 0;
	FILE *stream;

	snprintf(file, sizeof file, "%s/%s", tree != NULL ? tree : ".", name);
	stream = fopen(file, "r");
	if (stream == NULL)
		fail_msg("%s is not there", file);
	assert_true(getdelim(&content, &room, '\0', stream) > 0);
	fclose(stream);
	return content;
}

static char *
next_line(char **rest)
{
	char *line = strsep(rest, "\n");

	if (line != NULL)
		line[strcspn(line, "\r")] = '\0';
	return line;
}

static const struct settings_key *
key_named(const char *section, const char *name)
{
	for (size_t i = 0; i < settings_key_count; i++)
		if ((section == NULL || strcmp(settings_keys[i].section, section) == 0) &&
		    strcmp(settings_keys[i].name, name) == 0)
			return &settings_keys[i];
	return NULL;
}

/* Takes "key = value" apart, also ";key = value".  False when the line is none; prose has a blank behind its ";". */
static bool
split_key(char *line, char **name, char **value)
{
	size_t length;
	char *end;

	line += *line == ';' || *line == '#';
	length = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
	*value = line + length + strspn(line + length, " \t");
	if (length == 0 || **value != '=')
		return false;
	line[length] = '\0';
	*name = line;
	*value += 1 + strspn(*value + 1, " \t");
	end = strstr(*value, " ;");
	if (end == NULL)
		end = *value + strlen(*value);
	while (end > *value && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return true;
}

static void
the_sample_has_every_key_with_its_default_and_no_other(void **state)
{
	char *content = document("callresultd.conf"), *rest = content, *line, section[32] = "", *name, *value;
	bool *found = calloc(settings_key_count, sizeof *found);

	while ((line = next_line(&rest)) != NULL) {
		const struct settings_key *key;

		if (sscanf(line, "[%31[a-z]]", section) == 1 || !split_key(line, &name, &value))
			continue;
		key = key_named(section, name);
		if (key == NULL)
			fail_msg("the sample has [%s] %s, which is no key", section, name);
		else if (strcmp(key->fallback, value) == 0)
			found[key - settings_keys] = true;
	}
	for (size_t i = 0; i < settings_key_count; i++)
		if (!found[i])
			fail_msg("[%s] %s = %s is not in the sample", settings_keys[i].section, settings_keys[i].name,
			    settings_keys[i].fallback);
	free(found);
	free(content);
}

static void
the_sample_is_read_as_the_defaults(void **state)
{
	const char *tree = getenv("CALLRESULTD_SRC");
	char file[4096];

	snprintf(file, sizeof file, "%s/callresultd.conf", tree != NULL ? tree : ".");
	if (!read_file(file))
		fail_msg("%s", said);
	assert_defaults();
}

/* Where word stands in text by itself, not as a part of another; NULL when it does not. */
static const char *
find_word(const char *text, const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word)) {
		const char *end = p + strlen(word);

		if ((p == text || strchr(letters, p[-1]) == NULL) && (*end == '\0' || strchr(letters, *end) == NULL))
			return p;
	}
	return NULL;
}

/* Takes the escapes of mdoc out of text: "\&" is nothing, "\-" a hyphen. */
static void
strip_escapes(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] == '&') {
			text++;
			continue;
		}
		if (*text == '\\' && text[1] == '-')
			text++;
		*out++ = *text;
	}
	*out = '\0';
}

/* Whether some list item of the page is about the key and tells its default before the next one. */
static bool
page_tells(const char *page, const struct settings_key *key)
{
	for (const char *item = strstr(page, "\n.It "); item != NULL; item = strstr(item + 1, "\n.It ")) {
		const char *next = strstr(item + 1, "\n.It "), *name;
		char *entry = strndup(item + 1, next != NULL ? (size_t)(next - item - 1) : strlen(item + 1));
		size_t head = strcspn(entry, "\n");
		bool tells;

		name = find_word(entry, key->name);
		tells = name != NULL && name < entry + head &&
		    find_word(name + strlen(key->name), key->fallback) != NULL;
		free(entry);
		if (tells)
			return true;
	}
	return false;
}

static void
the_man_page_tells_every_key_and_its_default(void **state)
{
	char *page = document("man/callresultd.conf.5");

	strip_escapes(page);
	for (size_t i = 0; i < settings_key_count; i++)
		if (!page_tells(page, &settings_keys[i]))
			fail_msg("[%s] %s, default %s, is not in the man page", settings_keys[i].section,
			    settings_keys[i].name, settings_keys[i].fallback);
	free(page);
}

/* Items in the same macro and at the same depth of lists as the first key of the table are keys, too. */
static void
the_man_page_has_no_key_that_is_none(void **state)
{
	char *page = document("man/callresultd.conf.5"), *rest = page, *line, macro[4], name[32], key_macro[4] = "";
	int depth = 0, key_depth = -1;

	strip_escapes(page);
	while ((line = next_line(&rest)) != NULL) {
		depth += strncmp(line, ".Bl", 3) == 0;
		depth -= strncmp(line, ".El", 3) == 0;
		if (sscanf(line, ".It %3s %31[a-z_]", macro, name) != 2)
			continue;
		if (strcmp(name, settings_keys[0].name) == 0) {
			strcpy(key_macro, macro);
			key_depth = depth;
		}
		if (depth == key_depth && strcmp(macro, key_macro) == 0 && key_named(NULL, name) == NULL)
			fail_msg("the man page has %s, which is no key", name);
	}
	assert_true(key_depth >= 0);
	free(page);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_file, remove_file)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_empty_file_gives_the_defaults),
		TEST(every_key_is_read),
		TEST(numbers_have_units),
		TEST(the_edges_of_each_number_are_taken_and_what_is_beyond_is_not),
		TEST(white_space_and_comments_do_not_count),
		TEST(a_section_may_be_opened_again),
		TEST(a_conninfo_may_be_long),
		TEST(conninfo_is_whatever_libpq_takes),
		TEST(quotes_keep_semicolons_in_a_conninfo),
		TEST(a_place_to_listen_is_one),
		TEST(a_bad_value_is_named_with_its_place),
		TEST(a_file_of_utf_16_is_named_so),
		TEST(a_control_character_is_named_with_its_place),
		TEST(a_key_nobody_knows_is_named_with_its_place),
		TEST(a_key_given_twice_is_named_with_its_second_place),
		TEST(a_line_that_is_none_is_named),
		TEST(a_line_too_long_is_named_and_never_cut_in_two),
		TEST(a_file_that_cannot_be_read_is_named),
		TEST(a_file_that_opens_and_cannot_be_read_is_named),
		TEST(a_secret_in_conninfo_is_never_shown),
		TEST(the_sample_has_every_key_with_its_default_and_no_other),
		TEST(the_sample_is_read_as_the_defaults),
		TEST(the_man_page_tells_every_key_and_its_default),
		TEST(the_man_page_has_no_key_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
