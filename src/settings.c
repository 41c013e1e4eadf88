/* The configuration: one table of keys, and libinih that reads the file.  The only user of libinih. */
#include "settings.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/memory.h"
#include "db/db.h"

enum { KEY_MAX = 32, LINE_MAX_BYTES = 4096, PORT_MAX = 65535 };

/* Stands for a semicolon that libinih must not take for the start of a comment. */
enum { HIDDEN_SEMICOLON = 1 };

#define MEBIBYTE (INT64_C(1) << 20)
#define KEY(section, name, type, fallback, min, max) \
	{ #section, #name, type, offsetof(struct settings, name), fallback, min, max }

const struct settings_key settings_keys[] = {
	KEY(server, listen, SETTING_ADDRESS, "unix:/run/callresultd/callresultd.sock", 0, 0),
	KEY(server, threads, SETTING_NUMBER, "64", 1, 4096),
	KEY(server, max_body, SETTING_SIZE, "16M", 1024, 64 * MEBIBYTE),
	KEY(server, reply_deadline, SETTING_TIME, "3s", 100, 600 * 1000),
	KEY(auth, tokens, SETTING_TEXT, "/etc/callresultd/tokens", 0, 0),
	KEY(auth, allow_anonymous, SETTING_FLAG, "no", 0, 0),
	KEY(database, conninfo, SETTING_TEXT, "dbname=callresult", 0, 0),
	KEY(database, writers, SETTING_NUMBER, "2", 1, 64),
	KEY(database, batch_records, SETTING_NUMBER, "5000", 1, 100000),
	KEY(database, call_timezone, SETTING_TEXT, "Asia/Shanghai", 0, 0),
	{ "spool", "path", SETTING_PATH, offsetof(struct settings, spool_path), "/var/lib/callresultd/spool.db", 0, 0 },
	{ "spool", "max_size", SETTING_SIZE, offsetof(struct settings, spool_max_size), "10G", MEBIBYTE, INT64_MAX },
	{ "log", "level", SETTING_LOG_LEVEL, offsetof(struct settings, log_level), "info", 0, 0 },
	{ "log", "to", SETTING_LOG_TO, offsetof(struct settings, log_to_syslog), "stderr", 0, 0 },
};

const size_t settings_key_count = sizeof settings_keys / sizeof *settings_keys;

/* --- values ------------------------------------------------------------------------------------------------ */

struct unit {
	const char *name;
	int64_t     factor;
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };
static const struct unit size_units[] = {
	{ "", 1 }, { "K", 1024 }, { "M", MEBIBYTE }, { "G", 1024 * MEBIBYTE }, { NULL, 0 },
};
static const struct unit time_units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { NULL, 0 } };

/* Reads digits and one of the units, and holds their product to the key's limits. */
static bool
read_number(const struct settings_key *key, const char *value, const struct unit *units, int64_t *number)
{
	char *end;
	int64_t count;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	count = strtoll(value, &end, 10);
	while (units->name != NULL && strcmp(units->name, end) != 0)
		units++;
	if (errno != 0 || units->name == NULL || count > key->max / units->factor)
		return false;
	*number = count * units->factor;
	return *number >= key->min;
}

/* The index of value among words, which end with NULL. */
static bool
read_word(const char *value, const char *const *words, int64_t *index)
{
	for (*index = 0; words[*index] != NULL; ++*index)
		if (strcmp(words[*index], value) == 0)
			return true;
	return false;
}

static bool
read_flag(const char *value, const char *const *words, bool *flag)
{
	int64_t index;
	bool known = read_word(value, words, &index);

	*flag = index == 1;
	return known;
}

static bool
read_text(const char *value, char **text)
{
	memory_free(*text);
	*text = memory_strdup(value);
	return *value != '\0';
}

/* A port may be the name of a service, too. */
static bool
is_address(const char *text)
{
	struct address address;
	char *end;
	long port;

	if (!address_parse(&address, text))
		return false;
	port = address.is_unix ? 1 : strtol(address.port, &end, 10);
	return address.is_unix || *end != '\0' || (port > 0 && port <= PORT_MAX);
}

static bool
read_value(struct settings *settings, const struct settings_key *key, const char *value)
{
	static const char *const flags[] = { "no", "yes", NULL };
	static const char *const targets[] = { "stderr", "syslog", NULL };
	static const char *const levels[] = { "error", "warning", "info", NULL };
	void *member = (char *)settings + key->offset;

	switch (key->type) {
	case SETTING_TEXT:
		return read_text(value, member);
	case SETTING_PATH:
		/* no relative path: SQLite would keep ":memory:" in memory */
		return read_text(value, member) && *value == '/';
	case SETTING_ADDRESS:
		return read_text(value, member) && is_address(value);
	case SETTING_NUMBER:
		return read_number(key, value, no_units, member);
	case SETTING_SIZE:
		return read_number(key, value, size_units, member);
	case SETTING_TIME:
		return read_number(key, value, time_units, member);
	case SETTING_FLAG:
		return read_flag(value, flags, member);
	case SETTING_LOG_LEVEL:
		return read_word(value, levels, member);
	case SETTING_LOG_TO:
		return read_flag(value, targets, member);
	}
	return false;
}

/* --- the file ---------------------------------------------------------------------------------------------- */

/* A file as it is read; only its first fault is logged. */
struct reading {
	struct settings *settings;
	FILE            *file;
	char            *text;           /* the current line, as it was read */
	size_t           text_size;
	int              line;
	bool             given[KEY_MAX];
	int              fault_line;     /* 0: none so far */
	char             fault[256];
};

static void __attribute__((format(printf, 2, 3)))
fault(struct reading *reading, const char *format, ...)
{
	va_list arguments;

	if (reading->fault_line > 0)
		return;
	reading->fault_line = reading->line;
	va_start(arguments, format);
	vsnprintf(reading->fault, sizeof reading->fault, format, arguments);
	va_end(arguments);
}

/* Whether the file is UTF-16, the "Unicode" of Windows editors: with a byte order mark, or a NUL beside each letter. */
static bool
is_utf_16(const char *line, size_t length)
{
	return length > 1 && (memcmp(line, "\xff\xfe", 2) == 0 || memcmp(line, "\xfe\xff", 2) == 0 ||
	    strlen(line) == 1);
}

/* A NUL or a lone carriage return, for example, ends a line for some readers and not for others. */
static bool
has_control(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' && line[i] != '\t')
			return true;
	return false;
}

/* Whether anything but a comment follows a section on its line; libinih would ignore it. */
static bool
is_more_than_section(const char *line)
{
	line += strspn(line, "\xef\xbb\xbf \t");
	line = *line == '[' ? strchr(line, ']') : NULL;
	if (line == NULL)
		return false;
	line += 1 + strspn(line + 1, " \t\r\n");
	return strchr(";#", *line) == NULL;
}

static void
check_line(struct reading *reading, const char *line, size_t length, size_t max)
{
	length -= length > 0 && line[length - 1] == '\n';
	if (reading->line == 1 && is_utf_16(line, length))
		fault(reading, "the file is UTF-16: save it as UTF-8");
	if (length > max)
		fault(reading, "the line is longer than %zu bytes", max);
	length -= length > 0 && line[length - 1] == '\r';
	if (has_control(line, length))
		fault(reading, "the line has a control character: save the file as plain text");
	if (is_more_than_section(line))
		fault(reading, "expected [section] or \"key = value\"");
}

/* To libinih a blank and a semicolon begin a comment, but a password in libpq's quotes may hold both. */
static void
hide_quoted_semicolons(char *line)
{
	bool quoted = false;

	if (strncmp(line + strspn(line, " \t"), "conninfo", 8) != 0)
		return;
	for (char *p = line; *p != '\0'; p++) {
		if (*p == '\\' && quoted && p[1] != '\0')
			p++;
		else if (*p == '\'')
			quoted = !quoted;
		else if (*p == ';' && quoted)
			*p = HIDDEN_SEMICOLON;
		else if (*p == ';' && p > line && (p[-1] == ' ' || p[-1] == '\t'))
			return;
	}
}

/* An ini_reader.  It checks each line, because libinih would silently cut a long one in two. */
static char *
next_line(char *line, int size, void *stream)
{
	struct reading *reading = stream;
	ssize_t length = getline(&reading->text, &reading->text_size, reading->file);

	if (length < 0)
		return NULL;
	reading->line++;
	check_line(reading, reading->text, (size_t)length, (size_t)size - 2);
	snprintf(line, (size_t)size, "%s", reading->text);
	hide_quoted_semicolons(line);
	return line;
}

static const struct settings_key *
find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < settings_key_count; i++)
		if (strcmp(settings_keys[i].section, section) == 0 && strcmp(settings_keys[i].name, name) == 0)
			return &settings_keys[i];
	return NULL;
}

static void
take_value(struct reading *reading, const struct settings_key *key, const char *section, const char *name,
    const char *value)
{
	if (key == NULL)
		fault(reading, "[%s] %s: unknown key", section, name);
	else if (reading->given[key - settings_keys])
		fault(reading, "[%s] %s: given twice", section, name);
	else if (!read_value(reading->settings, key, value))
		fault(reading, "[%s] %s: bad value; see callresultd.conf(5)", section, name);
	else if (strcmp(name, "conninfo") == 0 && !db_conninfo_valid(value))
		fault(reading, "[%s] %s: bad value; it is libpq's, see callresultd.conf(5)", section, name);
	if (key != NULL)
		reading->given[key - settings_keys] = true;
}

/* An ini_handler: returns 1 when the key is fine. */
static int
take_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	char *whole = memory_strdup(value), *hidden;

	while ((hidden = strchr(whole, HIDDEN_SEMICOLON)) != NULL)
		*hidden = ';';
	take_value(reading, find_key(section, name), section, name, whole);
	memory_free(whole);
	return reading->fault_line == 0;
}

static void
set_defaults(struct settings *settings)
{
	*settings = (struct settings){ 0 };
	for (size_t i = 0; i < settings_key_count; i++)
		if (!read_value(settings, &settings_keys[i], settings_keys[i].fallback))
			log_fatal("the default of %s is bad", settings_keys[i].name);
}

static void
prepare_ini(void)
{
#if HAVE_DECL_INI_MAX_LINE
	/* a conninfo with several hosts and certificates is longer than 200 bytes */
	ini_use_stack = false;
	ini_max_line = LINE_MAX_BYTES;
	ini_initial_alloc = LINE_MAX_BYTES;
#endif
}

bool
settings_read(struct settings *settings, const char *path)
{
	struct reading reading = { .settings = settings };
	int bad_line, error;

	set_defaults(settings);
	reading.file = fopen(path, "re");
	if (reading.file == NULL) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	prepare_ini();
	bad_line = ini_parse_stream(next_line, &reading, take_key, &reading);
	error = ferror(reading.file) ? errno : 0;
	fclose(reading.file);
	free(reading.text);
	if (error != 0)
		log_error("%s: %s", path, strerror(error));
	else if (reading.fault_line > 0)
		log_error("%s, line %d: %s", path, reading.fault_line, reading.fault);
	else if (bad_line != 0)
		log_error("%s, line %d: expected [section] or \"key = value\"", path, bad_line);
	return error == 0 && bad_line == 0 && reading.fault_line == 0;
}

static bool
is_text(enum settings_type type)
{
	return type == SETTING_TEXT || type == SETTING_PATH || type == SETTING_ADDRESS;
}

void
settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings_key_count; i++)
		if (is_text(settings_keys[i].type))
			memory_free(*(char **)((char *)settings + settings_keys[i].offset));
}
