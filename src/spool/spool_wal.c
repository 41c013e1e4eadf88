/*
 * A spool's log, as https://www.sqlite.org/fileformat2.html#walformat has it: a header of 32 bytes, then frames of a
 * header of 24 bytes and a page.  A frame counts when it has the salt of the header, its running checksum is right,
 * and a frame that commits follows.
 */
#include "spool/spool_wal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "spool/spool_file.h"

enum { HEADER = 32, FRAME_HEADER = 24, FRAME = FRAME_HEADER + SPOOL_PAGE_SIZE };

enum { MAGIC = 0x377f0682 };    /* its last bit says that checksums are of big endian words */

struct sum {
	uint32_t one, two;
};

/* One frame of the log. */
struct frame {
	uint32_t number;        /* of its page */
	uint32_t commits;       /* pages in the file after this commit; 0: it is none */
};

uint32_t
spool_wal_number(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void
add_to_sum(struct sum *sum, bool big_endian, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 8) {
		uint32_t one = spool_wal_number(bytes + i), two = spool_wal_number(bytes + i + 4);

		sum->one += (big_endian ? one : __builtin_bswap32(one)) + sum->two;
		sum->two += (big_endian ? two : __builtin_bswap32(two)) + sum->one;
	}
}

static bool
is_sum(const struct sum *sum, const unsigned char *at)
{
	return sum->one == spool_wal_number(at) && sum->two == spool_wal_number(at + 4);
}

/* Reads the frame at offset.  sum is the running checksum of all frames before it.  False at the end of the log. */
static bool
next_frame(const struct spool_wal *wal, const unsigned char *header, int64_t offset, struct sum *sum,
    struct frame *frame)
{
	unsigned char bytes[FRAME];
	bool big_endian = header[3] & 1;

	if (pread(wal->descriptor, bytes, FRAME, offset) != FRAME || memcmp(bytes + 8, header + 16, 8) != 0)
		return false;
	add_to_sum(sum, big_endian, bytes, 8);
	add_to_sum(sum, big_endian, bytes + FRAME_HEADER, SPOOL_PAGE_SIZE);
	*frame = (struct frame){ spool_wal_number(bytes), spool_wal_number(bytes + 4) };
	return is_sum(sum, bytes + 16) && frame->number > 0;
}

/* The end of the last frame that commits, and the pages after it. */
static int64_t
find_end(struct spool_wal *wal, const unsigned char *header, struct sum sum)
{
	int64_t end = HEADER;
	struct frame frame;

	for (int64_t offset = HEADER; next_frame(wal, header, offset, &sum, &frame); offset += FRAME)
		if (frame.commits > 0) {
			wal->pages = frame.commits;
			end = offset + FRAME;
		}
	return end;
}

static void
note_pages(struct spool_wal *wal, int64_t end)
{
	unsigned char number[4];

	wal->offsets = memory_resize(NULL, (size_t)wal->pages + 1, sizeof *wal->offsets);
	memset(wal->offsets, 0, ((size_t)wal->pages + 1) * sizeof *wal->offsets);
	for (int64_t offset = HEADER; offset < end; offset += FRAME)
		if (pread(wal->descriptor, number, sizeof number, offset) == sizeof number &&
		    spool_wal_number(number) <= wal->pages)
			wal->offsets[spool_wal_number(number)] = offset + FRAME_HEADER;
}

void
spool_wal_open(struct spool_wal *wal, const char *spool_path)
{
	unsigned char header[HEADER];
	struct sum sum = { 0 };
	char path[PATH_MAX];
	int64_t end;

	*wal = (struct spool_wal){ .descriptor = -1 };
	if (snprintf(path, sizeof path, "%s-wal", spool_path) < (int)sizeof path)
		wal->descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (wal->descriptor == -1 || pread(wal->descriptor, header, HEADER, 0) != HEADER ||
	    (spool_wal_number(header) & ~1u) != MAGIC || spool_wal_number(header + 8) != SPOOL_PAGE_SIZE)
		return;
	add_to_sum(&sum, header[3] & 1, header, HEADER - 8);
	if (!is_sum(&sum, header + HEADER - 8))
		return;
	end = find_end(wal, header, sum);
	if (wal->pages > 0)
		note_pages(wal, end);
}

void
spool_wal_close(struct spool_wal *wal)
{
	if (wal->descriptor != -1)
		close(wal->descriptor);
	memory_free(wal->offsets);
}
