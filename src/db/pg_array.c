/* PostgreSQL arrays in binary form: a header, then a length and the bytes of each element, in network byte order. */
#include "db/pg_array.h"

#include <endian.h>
#include <string.h>

#include "base/memory.h"

enum {
	DIMENSIONS_AT = 0,
	HAS_NULL_AT = 4,
	TYPE_AT = 8,
	COUNT_AT = 12,
	LOWER_BOUND_AT = 16,
	HEADER_SIZE = 20,
	EMPTY_SIZE = 12,        /* an array without elements has no dimension */
	CAPACITY_TO_KEEP = 128 * 1024,   /* of each of the forty arrays of a call */
};

/* 2000-01-01, from which PostgreSQL counts microseconds */
static const int64_t postgres_epoch = INT64_C(946684800000000);

static void *
reserve(struct pg_array *array, size_t size)
{
	array->bytes = memory_grow(array->bytes, &array->capacity, array->length + size, 1);
	array->length += size;
	return array->bytes + array->length - size;
}

static void
put_int4(void *to, int32_t value)
{
	uint32_t big = htobe32((uint32_t)value);

	memcpy(to, &big, sizeof big);
}

void
pg_array_start(struct pg_array *array, enum pg_type type)
{
	array->bytes = memory_grow(array->bytes, &array->capacity, HEADER_SIZE, 1);
	array->length = HEADER_SIZE;
	array->count = 0;
	array->has_null = false;
	put_int4(array->bytes + TYPE_AT, (int32_t)type);
}

void
pg_array_add_null(struct pg_array *array)
{
	put_int4(reserve(array, 4), -1);
	array->has_null = true;
	array->count++;
}

void
pg_array_add_bytes(struct pg_array *array, const void *bytes, size_t length)
{
	char *element = reserve(array, 4 + length);

	put_int4(element, (int32_t)length);
	if (length > 0)
		memcpy(element + 4, bytes, length);
	array->count++;
}

void
pg_array_add_text(struct pg_array *array, struct slice text)
{
	if (text.bytes == NULL)
		pg_array_add_null(array);
	else
		pg_array_add_bytes(array, text.bytes, text.length);
}

char *
pg_array_open_json(struct pg_array *array, size_t size)
{
	enum { JSONB_VERSION = 1 };   /* of jsonb's binary form: a version byte, then the text */
	char *element = reserve(array, 4 + 1 + size);

	array->opened = (size_t)(element - array->bytes);
	element[4] = JSONB_VERSION;
	return element + 5;
}

void
pg_array_close(struct pg_array *array, const char *end)
{
	char *element = array->bytes + array->opened;

	array->length = (size_t)(end - array->bytes);
	put_int4(element, (int32_t)(end - element - 4));
	array->count++;
}

void
pg_array_add_bool(struct pg_array *array, bool value)
{
	char byte = value ? 1 : 0;

	pg_array_add_bytes(array, &byte, 1);
}

void
pg_array_add_int2(struct pg_array *array, int16_t value)
{
	uint16_t big = htobe16((uint16_t)value);

	pg_array_add_bytes(array, &big, sizeof big);
}

void
pg_array_add_int4(struct pg_array *array, int32_t value)
{
	uint32_t big = htobe32((uint32_t)value);

	pg_array_add_bytes(array, &big, sizeof big);
}

void
pg_array_add_int8(struct pg_array *array, int64_t value)
{
	uint64_t big = htobe64((uint64_t)value);

	pg_array_add_bytes(array, &big, sizeof big);
}

void
pg_array_add_time(struct pg_array *array, int64_t microseconds)
{
	pg_array_add_int8(array, microseconds - postgres_epoch);
}

void
pg_array_finish(struct pg_array *array)
{
	put_int4(array->bytes + DIMENSIONS_AT, array->count > 0 ? 1 : 0);
	put_int4(array->bytes + HAS_NULL_AT, array->has_null);
	put_int4(array->bytes + COUNT_AT, array->count);
	put_int4(array->bytes + LOWER_BOUND_AT, 1);
	if (array->count == 0)
		array->length = EMPTY_SIZE;
}

struct slice
pg_array_first(const struct pg_array *array)
{
	uint32_t length;

	memcpy(&length, array->bytes + HEADER_SIZE, sizeof length);
	if ((int32_t)be32toh(length) < 0)
		return (struct slice){ NULL, 0 };
	return (struct slice){ array->bytes + HEADER_SIZE + sizeof length, be32toh(length) };
}

void
pg_array_trim(struct pg_array *array)
{
	if (array->capacity > CAPACITY_TO_KEEP)
		pg_array_free(array);
}

void
pg_array_free(struct pg_array *array)
{
	memory_free(array->bytes);
	*array = (struct pg_array){ 0 };
}
