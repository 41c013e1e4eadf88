/*
 * Pages of a damaged spool, as https://www.sqlite.org/fileformat2.html has them.  A leaf page of a table has a header,
 * then the offsets of its cells.  A cell has the length of its payload, the row's number, and the payload; the end of a
 * long payload is in a chain of other pages.  A payload has a header with the type of each value, then the values.
 */
#include "spool/spool_pages.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "spool/spool_wal.h"

enum {
	PAGE = SPOOL_PAGE_SIZE,
	FILE_HEADER = 100,              /* in front of page 1 */
	LEAF = 0x0d,
	LEAF_HEADER = 8,
	FREE_PAGES = PAGE / 4 - 2,      /* at most on a page that lists free pages */
	COLUMNS_FIRST = 8,              /* of a row that the first version has put */
	COLUMNS = 10,
	VARINT_MAX = 9,
};

struct spool_pages {
	int              descriptor;
	int64_t          count;
	struct spool_wal wal;
	unsigned char   *free;          /* a byte a page: not 0 when it is free */
};

/* --- pages ----------------------------------------------------------------------------------------------------- */

static bool
read_page(const struct spool_pages *pages, int64_t number, unsigned char page[PAGE])
{
	if (number < 1 || number > pages->count)
		return false;
	if (number <= pages->wal.pages && pages->wal.offsets[number] != 0)
		return pread(pages->wal.descriptor, page, PAGE, pages->wal.offsets[number]) == PAGE;
	return pread(pages->descriptor, page, PAGE, (number - 1) * PAGE) == PAGE;
}

/* Rows on free pages were taken out of the spool, because they are stored. */
static void
note_free_pages(struct spool_pages *pages)
{
	unsigned char page[PAGE];
	int64_t trunk;

	if (!read_page(pages, 1, page) || memcmp(page, "SQLite format 3", 16) != 0)
		return;
	trunk = spool_wal_number(page + 32);
	while (trunk >= 1 && trunk <= pages->count && !pages->free[trunk] && read_page(pages, trunk, page)) {
		uint32_t count = spool_wal_number(page + 4);

		pages->free[trunk] = 1;
		for (uint32_t i = 0; i < count && count <= FREE_PAGES; i++)
			if (spool_wal_number(page + 8 + 4 * i) <= pages->count)
				pages->free[spool_wal_number(page + 8 + 4 * i)] = 1;
		trunk = spool_wal_number(page);
	}
}

struct spool_pages *
spool_pages_open(const char *path)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	struct spool_pages *pages;
	struct stat found;

	if (descriptor == -1)
		return NULL;
	pages = memory_zalloc(sizeof *pages);
	pages->descriptor = descriptor;
	spool_wal_open(&pages->wal, path);
	pages->count = fstat(descriptor, &found) == 0 ? found.st_size / PAGE : 0;
	if (pages->count < pages->wal.pages)
		pages->count = pages->wal.pages;
	pages->free = memory_zalloc((size_t)pages->count + 1);
	note_free_pages(pages);
	return pages;
}

void
spool_pages_close(struct spool_pages *pages)
{
	if (pages == NULL)
		return;
	spool_wal_close(&pages->wal);
	close(pages->descriptor);
	memory_free(pages->free);
	memory_free(pages);
}

int64_t
spool_pages_count(const struct spool_pages *pages)
{
	return pages->count;
}

/* --- a row ----------------------------------------------------------------------------------------------------- */

/* What is left to be read. */
struct input {
	const unsigned char *at, *end;
};

static bool
read_varint(struct input *input, uint64_t *value)
{
	*value = 0;
	for (int i = 0; i < VARINT_MAX && input->at < input->end; i++) {
		unsigned char byte = *input->at++;

		if (i == VARINT_MAX - 1) {
			*value = *value << 8 | byte;
			return true;
		}
		*value = *value << 7 | (byte & 0x7f);
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* How much of a payload stands on the page of its cell ("Cell payload overflow pages" of the format). */
static uint64_t
local_length(uint64_t length)
{
	uint64_t most = PAGE - 35, least = (PAGE - 12) * 32 / 255 - 23, fitting;

	if (length <= most)
		return length;
	fitting = least + (length - least) % (PAGE - 4);
	return fitting <= most ? fitting : least;
}

/* Where the chain is broken, the rest is left as it is: the body will not match its digest. */
static void
read_chain(const struct spool_pages *pages, int64_t next, unsigned char *to, uint64_t length)
{
	unsigned char page[PAGE];

	while (length > 0 && read_page(pages, next, page)) {
		uint64_t part = length < PAGE - 4 ? length : PAGE - 4;

		memcpy(to, page + 4, part);
		to += part;
		length -= part;
		next = spool_wal_number(page);
	}
}

/* The payload of a cell, to be freed; NULL when there cannot be one. */
static unsigned char *
read_payload(const struct spool_pages *pages, struct input cell, int64_t *seq, uint64_t *length)
{
	uint64_t number, local;
	unsigned char *payload;

	if (!read_varint(&cell, length) || !read_varint(&cell, &number) || *length > (uint64_t)pages->count * PAGE ||
	    *length > INT_MAX)
		return NULL;
	local = local_length(*length);
	if (local + (local < *length ? 4 : 0) > (uint64_t)(cell.end - cell.at))
		return NULL;
	*seq = (int64_t)number;
	payload = memory_zalloc(*length + 1);
	memcpy(payload, cell.at, local);
	if (local < *length)
		read_chain(pages, spool_wal_number(cell.at + local), payload + local, *length - local);
	return payload;
}

/* The length of a value by its serial type; 8 and 9 stand for 0 and 1. */
static uint64_t
value_length(uint64_t type)
{
	static const unsigned char lengths[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

	return type < sizeof lengths ? lengths[type] : (type - 12) / 2;
}

static int64_t
read_integer(const unsigned char *at, uint64_t type)
{
	uint64_t value;

	if (type == 8 || type == 9)
		return (int64_t)type - 8;
	value = at[0] & 0x80 ? UINT64_MAX : 0;
	for (uint64_t i = 0; i < value_length(type); i++)
		value = value << 8 | at[i];
	return (int64_t)value;
}

static bool
read_value(struct input *input, uint64_t type, struct spool_value *value)
{
	uint64_t length = value_length(type);

	if (length > (uint64_t)(input->end - input->at) || type == 7 || type == 10 || type == 11)
		return false;
	*value = (struct spool_value){ .bytes = input->at, .length = (int)length };
	value->type = type == 0 ? VALUE_NULL : type < 12 ? VALUE_INTEGER : type % 2 == 0 ? VALUE_BLOB : VALUE_TEXT;
	if (value->type == VALUE_INTEGER)
		value->integer = read_integer(input->at, type);
	input->at += length;
	return true;
}

/* How many values the payload has; 0 when it is damaged, or has too many. */
static int
read_values(const unsigned char *payload, uint64_t length, struct spool_value values[COLUMNS])
{
	struct input header = { payload, payload + length }, body = header;
	uint64_t header_length, type;
	int count = 0;

	if (!read_varint(&header, &header_length) || header_length > length)
		return 0;
	header.end = body.at = payload + header_length;
	while (header.at < header.end)
		if (count == COLUMNS || !read_varint(&header, &type) || !read_value(&body, type, &values[count++]))
			return 0;
	return count;
}

/* Whether the values are of these types: n, i, t and b for NULL, integer, text and blob; "?" before one: or NULL. */
static bool
are_of(const struct spool_value *values, const char *types)
{
	static const char letters[] = { [VALUE_NULL] = 'n', [VALUE_INTEGER] = 'i', [VALUE_TEXT] = 't',
	    [VALUE_BLOB] = 'b' };

	for (; *types != '\0'; types++, values++) {
		if (*types == '?' && *++types != '\0' && values->type == VALUE_NULL)
			continue;
		if (letters[values->type] != *types)
			return false;
	}
	return true;
}

/*
 * Whether the values are those of a push; the first one stands for seq.  There are three forms: as the first version
 * put a row, as this version does, and as this version does in a file of the first, where two columns are appended.
 */
static bool
find_push(const struct spool_value *values, int count, struct spool_found *found)
{
	static const struct spool_value no_source = { .type = VALUE_TEXT, .bytes = (const unsigned char *)"" };
	static const struct spool_value not_ahead = { .type = VALUE_INTEGER };

	if (count < COLUMNS_FIRST || !are_of(values, "nbiti?b?t") || values[1].length != PUSH_ID_SIZE)
		return false;
	memcpy(found->values, values + 1, ROW_SOURCE * sizeof *values);
	if (count == COLUMNS && are_of(values + 7, "ti?b")) {
		memcpy(found->values + ROW_SOURCE, values + 7, (ROW_VALUES - ROW_SOURCE) * sizeof *values);
	} else if ((count == COLUMNS && are_of(values + 7, "?bti")) ||
	    (count == COLUMNS_FIRST && are_of(values + 7, "?b"))) {
		found->values[ROW_SOURCE] = count == COLUMNS ? values[8] : no_source;
		found->values[ROW_CLOCK_AHEAD] = count == COLUMNS ? values[9] : not_ahead;
		found->values[ROW_BODY] = values[7];
	} else {
		return false;
	}
	return true;
}

void
spool_pages_read(struct spool_pages *pages, int64_t number, spool_pages_row *row, void *context)
{
	unsigned char page[PAGE], *header = number == 1 ? page + FILE_HEADER : page;
	int cells;

	if (!read_page(pages, number, page) || pages->free[number] || header[0] != LEAF)
		return;
	cells = header[3] << 8 | header[4];
	for (int i = 0; i < cells && header + LEAF_HEADER + 2 * i + 2 <= page + PAGE; i++) {
		const unsigned char *offset = header + LEAF_HEADER + 2 * i;
		struct input cell = { page + ((offset[0] << 8 | offset[1]) & (PAGE - 1)), page + PAGE };
		struct spool_value values[COLUMNS];
		struct spool_found found;
		uint64_t length;
		unsigned char *payload = read_payload(pages, cell, &found.seq, &length);

		if (payload != NULL && find_push(values, read_values(payload, length, values), &found))
			row(context, &found);
		memory_free(payload);
	}
}
