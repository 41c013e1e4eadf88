/* How far long work is: count, rate and time left. */
#include "ctl/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum { REDRAW_TIME = 100, BAR = 24 };   /* milliseconds; characters */

struct progress {
	const char *doing;
	const char *what;
	int64_t     total;
	int64_t     began, drawn;   /* clock_monotonic() */
	bool        shown;          /* standard error is a terminal */
};

struct progress *
progress_start(const char *doing, const char *what, int64_t total)
{
	struct progress *progress = memory_zalloc(sizeof *progress);

	progress->doing = doing;
	progress->what = what;
	progress->total = total;
	progress->began = clock_monotonic();
	progress->shown = isatty(STDERR_FILENO) == 1;
	return progress;
}

static void
draw(const struct progress *progress, int64_t done, int64_t elapsed)
{
	static const char full[] = "########################";
	int64_t total = progress->total > done ? progress->total : done;
	int filled = total > 0 ? (int)(done * BAR / total) : BAR;
	double rate = elapsed > 0 ? (double)done * 1000 / (double)elapsed : 0;
	int64_t left = rate > 0 ? (int64_t)((double)(total - done) / rate) : 0;

	fprintf(stderr, "\r%s [%-*.*s] %lld/%lld %s, %.0f/s, %lld:%02lld left \033[K", progress->doing, BAR, filled, full,
	    (long long)done, (long long)total, progress->what, rate, (long long)(left / 60), (long long)(left % 60));
}

void
progress_set(struct progress *progress, int64_t done)
{
	int64_t now = clock_monotonic();

	if (!progress->shown || now - progress->drawn < REDRAW_TIME)
		return;
	draw(progress, done, now - progress->began);
	progress->drawn = now;
}

void
progress_end(struct progress *progress)
{
	if (progress->drawn > 0)
		fputs("\r\033[K", stderr);
	memory_free(progress);
}
