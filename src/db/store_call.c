/* The one statement of a batch: which value of a push, a record or a reject goes into which parameter. */
#include "db/store_call.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

struct type {
	enum pg_type element;
	unsigned int type;       /* the OID of the array; of the element where the parameter is no array */
};

static const struct type field_types[] = {
	[FIELD_TEXT] = { PG_TEXT, 1009 },
	[FIELD_TIME] = { PG_TIMESTAMP, 1115 },
	[FIELD_INT2] = { PG_INT2, 1005 },
	[FIELD_INT4] = { PG_INT4, 1007 },
};

/* All but the fields of a record, which fields.def names. */
static const struct {
	const char *name;
	struct type type;
} parameters[STORE_PARAMETERS] = {
	[P_ID]              = { "p_id", { PG_UUID, 2951 } },
	[P_RECEIVED_AT]     = { "p_received_at", { PG_TIMESTAMPTZ, 1185 } },
	[P_ARRIVED]         = { "p_arrived", { PG_TIMESTAMPTZ, 1185 } },
	[P_REMOTE_ADDR]     = { "p_remote_addr", { PG_TEXT, 1009 } },
	[P_SOURCE]          = { "p_source", { PG_TEXT, 1009 } },
	[P_BYTES]           = { "p_bytes", { PG_INT8, 1016 } },
	[P_SHA256]          = { "p_sha256", { PG_BYTEA, 1001 } },
	[P_RECORDS]         = { "p_records", { PG_INT4, 1007 } },
	[P_ROWS]            = { "p_rows", { PG_INT4, 1007 } },
	[P_QUARANTINED]     = { "p_quarantined", { PG_INT4, 1007 } },
	[P_SPOOLED]         = { "p_spooled", { PG_BOOL, 1000 } },
	[P_LATE]            = { "p_late", { PG_BOOL, 1000 } },
	[R_PUSH]            = { "r_push", { PG_INT4, 1007 } },
	[R_CAUSE_CODE]      = { "r_cause_code", { PG_TEXT, 1009 } },
	[R_EXTRA]           = { "r_extra", { PG_JSONB, 3807 } },
	[CALL_TIMEZONE]     = { "call_timezone", { PG_TEXT, PG_TEXT } },
	[CAREFUL]           = { "careful", { PG_BOOL, PG_BOOL } },
	[Q_PUSH]            = { "q_push", { PG_INT4, 1007 } },
	[Q_REASON]          = { "q_reason", { PG_TEXT, 1009 } },
	[Q_RAW]             = { "q_raw", { PG_BYTEA, 1001 } },
	[P_LAST_CALL]       = { "p_last_call", { PG_TIMESTAMP, 1115 } },
	[T_CAMPAIGN_ID]     = { "t_campaign_id", { PG_TEXT, 1009 } },
	[T_VDN_ID]          = { "t_vdn_id", { PG_INT4, 1007 } },
	[T_CALL_HOUR]       = { "t_call_hour", { PG_TIMESTAMP, 1115 } },
	[T_CALL_STATUS]     = { "t_call_status", { PG_INT2, 1005 } },
	[T_CAUSE_CODE]      = { "t_cause_code", { PG_TEXT, 1009 } },
	[T_CALLS]           = { "t_calls", { PG_INT4, 1007 } },
	[T_ARRIVED]         = { "t_arrived", { PG_TIMESTAMPTZ, PG_TIMESTAMPTZ } },
	[T_TIMED]           = { "t_timed", { PG_INT8, PG_INT8 } },
	[T_LAG]             = { "t_lag", { PG_INT8, PG_INT8 } },
	[T_EARLIEST]        = { "t_earliest", { PG_TIMESTAMP, PG_TIMESTAMP } },
	[T_LATEST]          = { "t_latest", { PG_TIMESTAMP, PG_TIMESTAMP } },
	[PLAIN]             = { "plain", { PG_BOOL, PG_BOOL } },
};

static bool
is_field(int parameter)
{
	return parameter >= R_FIELD && parameter <= R_FIELD_LAST;
}

static struct type
type_of(int parameter)
{
	return is_field(parameter) ? field_types[record_fields[parameter - R_FIELD].kind] : parameters[parameter].type;
}

/* By their names, so that nobody else depends on their order. */
static void
write_text(char *text)
{
	char *at = stpcpy(text, "SELECT callresult.store");

	for (int i = 0; i < STORE_PARAMETERS; i++)
		at += sprintf(at, "%c%s%s => $%d", i == 0 ? '(' : ',', is_field(i) ? "r_" : "",
		    is_field(i) ? record_fields[i - R_FIELD].column : parameters[i].name, i + 1);
	strcpy(at, ")");
}

/* "" as null */
static void
add_string(struct pg_array *array, const char *text)
{
	pg_array_add_text(array, (struct slice){ *text != '\0' ? text : NULL, strlen(text) });
}

static void
add_time_or_null(struct pg_array *array, bool there, int64_t time)
{
	if (there)
		pg_array_add_time(array, time);
	else
		pg_array_add_null(array);
}

static void
add_last_call(struct pg_array *array, const struct record_list *list)
{
	const struct record_value *last = NULL;

	for (size_t i = 0; i < list->record_count; i++) {
		const struct record_value *time = &list->records[i].value[RECORD_CALL_TIME];

		if (time->bytes != NULL && (last == NULL || time->number > last->number))
			last = time;
	}
	add_time_or_null(array, last != NULL, last != NULL ? last->number : 0);
}

static void
add_push(struct pg_array *arrays, const struct push *push)
{
	size_t quarantined = push->fault != NULL ? 0 : push->list.bad_count;

	pg_array_add_bytes(&arrays[P_ID], push->id.bytes, PUSH_ID_SIZE);
	pg_array_add_time(&arrays[P_RECEIVED_AT], push->received_at);
	pg_array_add_time(&arrays[P_ARRIVED], push->received_at - push->clock_ahead);
	add_string(&arrays[P_REMOTE_ADDR], push->remote_addr);
	add_string(&arrays[P_SOURCE], push->source);
	pg_array_add_int8(&arrays[P_BYTES], (int64_t)push->bytes);
	if (push->body.bytes != NULL)
		pg_array_add_bytes(&arrays[P_SHA256], push->sha256, PUSH_SHA256_SIZE);
	else
		pg_array_add_null(&arrays[P_SHA256]);
	pg_array_add_int4(&arrays[P_RECORDS], (int32_t)(push->list.record_count + quarantined));
	pg_array_add_int4(&arrays[P_QUARANTINED], (int32_t)quarantined);
	pg_array_add_bool(&arrays[P_SPOOLED], push->spooled);
	pg_array_add_bool(&arrays[P_LATE], push->spooled || push->dated);
	add_last_call(&arrays[P_LAST_CALL], &push->list);
}

static void
add_value(struct pg_array *array, enum field_kind kind, const struct record_value *value)
{
	if (value->bytes == NULL)
		pg_array_add_null(array);
	else if (kind == FIELD_TEXT)
		pg_array_add_bytes(array, value->bytes, value->length);
	else if (kind == FIELD_TIME)
		pg_array_add_time(array, value->number);
	else if (kind == FIELD_INT2)
		pg_array_add_int2(array, (int16_t)value->number);
	else
		pg_array_add_int4(array, (int32_t)value->number);
}

static void
add_extra(struct pg_array *array, const struct record *record)
{
	if (record->has_extra)
		pg_array_close(array, record_write_extra(record, pg_array_open_json(array, record_extra_size(record))));
	else
		pg_array_add_null(array);
}

static void
add_record(struct pg_array *arrays, const struct fold_row *row)
{
	const struct record *record = row->record;
	char padded[CAUSE_CODE_DIGITS];

	pg_array_add_int4(&arrays[R_PUSH], row->number + 1);
	for (int i = 0; i < RECORD_FIELDS; i++)
		add_value(&arrays[R_FIELD + i], record_fields[i].kind, &record->value[i]);
	pg_array_add_text(&arrays[R_CAUSE_CODE], record_cause_code(record, padded));
	add_extra(&arrays[R_EXTRA], record);
}

/* How many rows of the fold are of each push. */
static void
add_rows(struct pg_array *array, int count, const struct fold *fold)
{
	int32_t *rows = memory_zalloc((size_t)count * sizeof *rows);

	for (size_t i = 0; i < fold->count; i++)
		rows[fold->rows[i].number]++;
	for (int i = 0; i < count; i++)
		pg_array_add_int4(array, rows[i]);
	memory_free(rows);
}

static void
add_reject(struct pg_array *arrays, int number, const struct reject *reject)
{
	pg_array_add_int4(&arrays[Q_PUSH], number + 1);
	pg_array_add_bytes(&arrays[Q_REASON], reject->reason, strlen(reject->reason));
	pg_array_add_bytes(&arrays[Q_RAW], reject->raw.bytes, reject->raw.length);
}

static void
add_count(struct pg_array *arrays, const struct tally_count *count)
{
	const struct record *record = count->record;
	const struct record_value *time = &record->value[RECORD_CALL_TIME];
	char padded[CAUSE_CODE_DIGITS];

	add_value(&arrays[T_CAMPAIGN_ID], FIELD_TEXT, &record->value[RECORD_CAMPAIGN_ID]);
	add_value(&arrays[T_VDN_ID], FIELD_INT4, &record->value[RECORD_VDN_ID]);
	add_time_or_null(&arrays[T_CALL_HOUR], time->bytes != NULL, tally_hour(time->number));
	add_value(&arrays[T_CALL_STATUS], FIELD_INT2, &record->value[RECORD_CALL_STATUS]);
	pg_array_add_text(&arrays[T_CAUSE_CODE], record_cause_code(record, padded));
	pg_array_add_int4(&arrays[T_CALLS], count->calls);
}

static void
add_tally(struct pg_array *arrays, const struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++)
		add_count(arrays, &tally->counts[i]);
	add_time_or_null(&arrays[T_ARRIVED], tally->in_one_hour, tally->arrived);
	pg_array_add_int8(&arrays[T_TIMED], tally->timed);
	if (tally->has_lag)
		pg_array_add_int8(&arrays[T_LAG], tally->lag);
	else
		pg_array_add_null(&arrays[T_LAG]);
	add_time_or_null(&arrays[T_EARLIEST], tally->timed > 0, tally->earliest);
	add_time_or_null(&arrays[T_LATEST], tally->timed > 0, tally->latest);
}

static void
pass(struct store_call *call, int parameter)
{
	struct pg_array *array = &call->arrays[parameter];
	struct type type = type_of(parameter);
	struct slice bytes;

	pg_array_finish(array);
	bytes = type.type == type.element ? pg_array_first(array) : (struct slice){ array->bytes, array->length };
	call->types[parameter] = type.type;
	call->values[parameter] = bytes.bytes;
	call->lengths[parameter] = (int)bytes.length;
	call->formats[parameter] = 1;
}

void
store_call_fill(struct store_call *call, struct push **pushes, int count, const struct fold *fold,
    const char *call_timezone, bool careful)
{
	if (call->text[0] == '\0')
		write_text(call->text);
	for (int i = 0; i < STORE_PARAMETERS; i++)
		pg_array_start(&call->arrays[i], type_of(i).element);
	for (int i = 0; i < count; i++) {
		add_push(call->arrays, pushes[i]);
		for (size_t j = 0; j < pushes[i]->list.reject_count; j++)
			add_reject(call->arrays, i, &pushes[i]->list.rejects[j]);
	}
	if (count > 0)
		add_rows(&call->arrays[P_ROWS], count, fold);
	for (size_t i = 0; i < fold->count; i++)
		add_record(call->arrays, &fold->rows[i]);
	tally_fold(&call->tally, fold);
	add_tally(call->arrays, &call->tally);
	pg_array_add_bytes(&call->arrays[CALL_TIMEZONE], call_timezone, strlen(call_timezone));
	pg_array_add_bool(&call->arrays[CAREFUL], careful);
	pg_array_add_bool(&call->arrays[PLAIN], fold_is_plain(fold));
	for (int i = 0; i < STORE_PARAMETERS; i++)
		pass(call, i);
}

size_t
store_call_trim(struct store_call *call)
{
	size_t bytes = 0;

	for (int i = 0; i < STORE_PARAMETERS; i++) {
		bytes += call->arrays[i].length;
		pg_array_trim(&call->arrays[i]);
	}
	tally_trim(&call->tally);
	return bytes;
}

void
store_call_free(struct store_call *call)
{
	for (int i = 0; i < STORE_PARAMETERS; i++)
		pg_array_free(&call->arrays[i]);
	tally_free(&call->tally);
}
