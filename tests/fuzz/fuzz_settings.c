/*
 * Bytes as a configuration: what is taken is within each key's limits, and written down again it is read as the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/address.h"
#include "base/log.h"
#include "db/db.h"
#include "reference.h"
#include "settings.h"

static int messages;

static void
count_message(int priority, const char *line, size_t length)
{
	(void)priority;
	messages++;
	if (memchr(line, '\n', length - 1) != NULL)
		ref_fail("a message of two lines");
}

static bool
read_bytes(struct settings *settings, const char *bytes, size_t size)
{
	static int descriptor = -1;
	static char name[32];
	bool read;

	if (descriptor < 0) {
		descriptor = memfd_create("settings", MFD_CLOEXEC);
		snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
		log_set_sink(count_message);
	}
	if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, bytes, size, 0) != (ssize_t)size)
		ref_fail("a file in memory");
	messages = 0;
	read = settings_read(settings, name);
	if (messages != (read ? 0 : 1))
		ref_fail("one message for a fault, and none without");
	return read;
}

static void
check_value(const struct settings *settings, const struct settings_key *key)
{
	const void *place = (const char *)settings + key->offset;
	struct address address;
	int64_t number;

	switch (key->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_ADDRESS:
		if (**(char *const *)place == '\0' ||
		    (key->type == SETTING_PATH && **(char *const *)place != '/') ||
		    (key->type == SETTING_ADDRESS && !address_parse(&address, *(char *const *)place)))
			ref_fail(key->name);
		break;
	case SETTING_NUMBER:
	case SETTING_SIZE:
	case SETTING_TIME:
		number = *(const int64_t *)place;
		if (number < key->min || number > key->max)
			ref_fail(key->name);
		break;
	case SETTING_LOG_LEVEL:
		number = *(const int64_t *)place;
		if (number < LOG_LEVEL_ERROR || number > LOG_LEVEL_INFO)
			ref_fail(key->name);
		break;
	case SETTING_FLAG:
	case SETTING_LOG_TO:
		break;
	}
}

static void
write_value(FILE *out, const struct settings *settings, const struct settings_key *key)
{
	static const char *const levels[] = { "error", "warning", "info" };
	const void *place = (const char *)settings + key->offset;

	/* no blank: a semicolon behind one begins a comment */
	fprintf(out, "[%s]\n%s=", key->section, key->name);
	switch (key->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_ADDRESS:
		fprintf(out, "%s\n", *(char *const *)place);
		break;
	case SETTING_NUMBER:
	case SETTING_SIZE:
		fprintf(out, "%lld\n", (long long)*(const int64_t *)place);
		break;
	case SETTING_TIME:
		fprintf(out, "%lldms\n", (long long)*(const int64_t *)place);
		break;
	case SETTING_FLAG:
		fprintf(out, "%s\n", *(const bool *)place ? "yes" : "no");
		break;
	case SETTING_LOG_LEVEL:
		fprintf(out, "%s\n", levels[*(const int64_t *)place]);
		break;
	case SETTING_LOG_TO:
		fprintf(out, "%s\n", *(const bool *)place ? "syslog" : "stderr");
		break;
	}
}

static bool
is_same(const struct settings *a, const struct settings *b, const struct settings_key *key)
{
	const void *in_a = (const char *)a + key->offset, *in_b = (const char *)b + key->offset;

	switch (key->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_ADDRESS:
		return strcmp(*(char *const *)in_a, *(char *const *)in_b) == 0;
	case SETTING_FLAG:
	case SETTING_LOG_TO:
		return *(const bool *)in_a == *(const bool *)in_b;
	default:
		return *(const int64_t *)in_a == *(const int64_t *)in_b;
	}
}

static void
check_again(const struct settings *settings)
{
	struct settings again;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < settings_key_count; i++)
		write_value(out, settings, &settings_keys[i]);
	fclose(out);
	if (!read_bytes(&again, text, size))
		ref_fail("what was read is refused");
	for (size_t i = 0; i < settings_key_count; i++)
		if (!is_same(settings, &again, &settings_keys[i]))
			ref_fail(settings_keys[i].name);
	settings_free(&again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct settings settings;

	/* stands for a semicolon in settings.c, and comes out as one */
	if (memchr(bytes, '\1', size) != NULL)
		return 0;
	if (read_bytes(&settings, (const char *)bytes, size)) {
		for (size_t i = 0; i < settings_key_count; i++)
			check_value(&settings, &settings_keys[i]);
		if (!db_conninfo_valid(settings.conninfo))
			ref_fail("conninfo");
		check_again(&settings);
	}
	settings_free(&settings);
	return 0;
}
