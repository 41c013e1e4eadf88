/* One push, from its making to its end. */
#include "push/push.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/clock_ahead.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "base/utf8.h"

static void
set_remote_addr(struct push *push, const char *remote_addr)
{
	struct in6_addr parsed;

	/* PostgreSQL would refuse the whole batch for bytes that are not UTF-8, and take a network for an inet */
	if (remote_addr != NULL && (inet_pton(AF_INET, remote_addr, &parsed) == 1 ||
	    inet_pton(AF_INET6, remote_addr, &parsed) == 1))
		snprintf(push->remote_addr, sizeof push->remote_addr, "%s", remote_addr);
}

struct push *
push_new(const char *remote_addr)
{
	struct push *push = memory_zalloc(sizeof *push);

	push->received_at = clock_timestamp();
	push->clock_ahead = clock_ahead();
	push->id = push_id_new(push->received_at);
	set_remote_addr(push, remote_addr);
	push->references = 1;
	return push;
}

static bool
is_control(char byte)
{
	return (unsigned char)byte < ' ' || byte == 0x7f;
}

void
push_copy_source(char source[PUSH_SOURCE_SIZE], const char *name, size_t length)
{
	bool is_utf8 = utf8_is_valid(name, length);

	if (length >= PUSH_SOURCE_SIZE)
		for (length = PUSH_SOURCE_SIZE - 1; is_utf8 && (name[length] & 0xc0) == 0x80; length--)
			;
	for (size_t i = 0; i < length; i++)
		source[i] = is_control(name[i]) || (!is_utf8 && (name[i] & 0x80)) ? '?' : name[i];
	source[length] = '\0';
}

void
push_set_body(struct push *push, struct slice body)
{
	push->body = body;
	if (body.bytes != NULL)
		crypto_sha256(push->sha256, body.bytes, body.length);
}

struct push *
push_ref(struct push *push)
{
	atomic_fetch_add(&push->references, 1);
	return push;
}

void
push_unref(struct push *push)
{
	if (push == NULL || atomic_fetch_sub(&push->references, 1) > 1)
		return;
	record_list_free(&push->list);
	memory_free(push->body.bytes);
	memory_free(push);
}

struct push
push_arrived_as(const struct push *push)
{
	struct push again = { .id = push->id, .received_at = push->received_at, .clock_ahead = push->clock_ahead,
		.body = push->body, .bytes = push->bytes, .spooled = push->spooled, .spool_seq = push->spool_seq,
		.dated = push->dated };

	memcpy(again.remote_addr, push->remote_addr, sizeof again.remote_addr);
	memcpy(again.source, push->source, sizeof again.source);
	memcpy(again.sha256, push->sha256, sizeof again.sha256);
	return again;
}

void
push_refuse(struct push *push, const char *reason)
{
	record_list_free(&push->list);
	push->fault = arena_copy(&push->list.arena, reason, strlen(reason) + 1);
	if (push->body.bytes != NULL)
		record_list_reject(&push->list, push->body, push->fault);
}
