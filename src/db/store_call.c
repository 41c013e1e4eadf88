/* The one statement of a batch: which value of a push, a record or a reject goes into which parameter. */
#include "db/store_call.h"

#include <string.h>

const char store_call_text[] =
    "SELECT inserted, updated, duplicates FROM callresult.store("
    "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27)";

static const struct {
	enum pg_type element;
	unsigned int array;      /* OID of the array type */
} types[STORE_PARAMETERS] = {
	[P_ID]              = { PG_UUID, 2951 },
	[P_RECEIVED_AT]     = { PG_TIMESTAMPTZ, 1185 },
	[P_REMOTE_ADDR]     = { PG_TEXT, 1009 },
	[P_BYTES]           = { PG_INT8, 1016 },
	[P_SHA256]          = { PG_BYTEA, 1001 },
	[P_RECORDS]         = { PG_INT4, 1007 },
	[P_QUARANTINED]     = { PG_INT4, 1007 },
	[P_SPOOLED]         = { PG_BOOL, 1000 },
	[R_PUSH_ID]         = { PG_UUID, 2951 },
	[R_RECEIVED_AT]     = { PG_TIMESTAMPTZ, 1185 },
	[R_CAMPAIGN_ID]     = { PG_TEXT, 1009 },
	[R_SESSION_ID]      = { PG_TEXT, 1009 },
	[R_CALLED]          = { PG_TEXT, 1009 },
	[R_CALL_TIME_LOCAL] = { PG_TIMESTAMP, 1115 },
	[R_CALL_STATUS]     = { PG_INT2, 1005 },
	[R_FAIL_CODE]       = { PG_TEXT, 1009 },
	[R_CAUSE_CODE]      = { PG_TEXT, 1009 },
	[R_VDN_ID]          = { PG_INT4, 1007 },
	[R_CALL_ID]         = { PG_TEXT, 1009 },
	[R_CUSTOM_FIELD]    = { PG_TEXT, 1009 },
	[R_RECORD_PATH]     = { PG_TEXT, 1009 },
	[R_EXTRA]           = { PG_JSONB, 3807 },
	[CALL_TIMEZONE]     = { PG_TEXT, 25 },
	[Q_PUSH_ID]         = { PG_UUID, 2951 },
	[Q_RECEIVED_AT]     = { PG_TIMESTAMPTZ, 1185 },
	[Q_REASON]          = { PG_TEXT, 1009 },
	[Q_RAW]             = { PG_BYTEA, 1001 },
};

static const struct {
	enum store_parameter parameter;
	enum record_text     text;
} texts[] = {
	{ R_CAMPAIGN_ID,  RECORD_CAMPAIGN_ID },
	{ R_SESSION_ID,   RECORD_SESSION_ID },
	{ R_CALLED,       RECORD_CALLED },
	{ R_FAIL_CODE,    RECORD_FAIL_CODE },
	{ R_CAUSE_CODE,   RECORD_CAUSE_CODE },
	{ R_CALL_ID,      RECORD_CALL_ID },
	{ R_CUSTOM_FIELD, RECORD_CUSTOM_FIELD },
	{ R_RECORD_PATH,  RECORD_PATH },
};

static void
add_stamp(struct pg_array *arrays, enum store_parameter id, const struct push *push)
{
	pg_array_add_bytes(&arrays[id], push->id.bytes, PUSH_ID_SIZE);
	pg_array_add_time(&arrays[id + 1], push->received_at);
}

static void
add_push(struct pg_array *arrays, const struct push *push)
{
	struct slice remote_addr = { push->remote_addr[0] != '\0' ? push->remote_addr : NULL, strlen(push->remote_addr) };
	size_t quarantined = push->fault != NULL ? 0 : push->list.bad_count;

	add_stamp(arrays, P_ID, push);
	pg_array_add_text(&arrays[P_REMOTE_ADDR], remote_addr);
	pg_array_add_int8(&arrays[P_BYTES], (int64_t)push->bytes);
	if (push->body.bytes != NULL)
		pg_array_add_bytes(&arrays[P_SHA256], push->sha256, PUSH_SHA256_SIZE);
	else
		pg_array_add_null(&arrays[P_SHA256]);
	pg_array_add_int4(&arrays[P_RECORDS], (int32_t)(push->list.record_count + quarantined));
	pg_array_add_int4(&arrays[P_QUARANTINED], (int32_t)quarantined);
	pg_array_add_bool(&arrays[P_SPOOLED], push->spooled);
}

static void
add_record(struct pg_array *arrays, const struct fold_row *row)
{
	const struct record *record = row->record;

	add_stamp(arrays, R_PUSH_ID, row->push);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		pg_array_add_text(&arrays[texts[i].parameter], record->text[texts[i].text]);
	pg_array_add_json(&arrays[R_EXTRA], record->text[RECORD_EXTRA]);
	pg_array_add_int2(&arrays[R_CALL_STATUS], record->call_status);
	if (record->has_call_time)
		pg_array_add_time(&arrays[R_CALL_TIME_LOCAL], record->call_time_local);
	else
		pg_array_add_null(&arrays[R_CALL_TIME_LOCAL]);
	if (record->has_vdn_id)
		pg_array_add_int4(&arrays[R_VDN_ID], record->vdn_id);
	else
		pg_array_add_null(&arrays[R_VDN_ID]);
}

static void
add_reject(struct pg_array *arrays, const struct push *push, const struct reject *reject)
{
	add_stamp(arrays, Q_PUSH_ID, push);
	pg_array_add_bytes(&arrays[Q_REASON], reject->reason, strlen(reject->reason));
	pg_array_add_bytes(&arrays[Q_RAW], reject->raw.bytes, reject->raw.length);
}

void
store_call_fill(struct store_call *call, struct push **pushes, int count, const struct fold *fold,
    const char *call_timezone)
{
	for (int i = 0; i < STORE_PARAMETERS; i++)
		pg_array_start(&call->arrays[i], types[i].element);
	for (int i = 0; i < count; i++) {
		add_push(call->arrays, pushes[i]);
		for (size_t j = 0; j < pushes[i]->list.reject_count; j++)
			add_reject(call->arrays, pushes[i], &pushes[i]->list.rejects[j]);
	}
	for (size_t i = 0; i < fold->count; i++)
		add_record(call->arrays, &fold->rows[i]);
	for (int i = 0; i < STORE_PARAMETERS; i++) {
		pg_array_finish(&call->arrays[i]);
		call->types[i] = types[i].array;
		call->values[i] = call->arrays[i].bytes;
		call->lengths[i] = (int)call->arrays[i].length;
		call->formats[i] = 1;
	}
	call->values[CALL_TIMEZONE] = call_timezone;
	call->lengths[CALL_TIMEZONE] = (int)strlen(call_timezone);
}

void
store_call_free(struct store_call *call)
{
	for (int i = 0; i < STORE_PARAMETERS; i++)
		pg_array_free(&call->arrays[i]);
}
