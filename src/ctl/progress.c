/* Shows how far long work is: count, rate and time left. */
#include "ctl/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
	REDRAW_TIME = 100,      /* milliseconds */
	BAR = 24, BAR_LEAST = 6, COLUMNS = 80, LINE_SIZE = 160,     /* characters */
};

struct progress {
	const char *doing;
	const char *what;
	int64_t     total;
	int64_t     began, drawn;   /* clock_ms() */
	bool        shown;          /* standard error is a terminal */
};

struct progress *
progress_start(const char *doing, const char *what, int64_t total)
{
	struct progress *progress = memory_zalloc(sizeof *progress);

	progress->doing = doing;
	progress->what = what;
	progress->total = total;
	progress->began = clock_ms();
	progress->shown = isatty(STDERR_FILENO) == 1;
	return progress;
}

static int
terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS;
}

/* In one line, since a second one would scroll the terminal: where there is little room, the bar gives way. */
static void
draw(const struct progress *progress, int64_t done, int64_t elapsed)
{
	static const char full[] = "########################";
	int64_t total = progress->total > done ? progress->total : done;
	double rate = elapsed > 0 ? (double)done * 1000 / (double)elapsed : 0;
	int64_t left = rate > 0 ? (int64_t)((double)(total - done) / rate) : 0;
	char figures[LINE_SIZE];
	int bar, width = terminal_width() - 1, length = snprintf(figures, sizeof figures,
	    "%lld/%lld %s, %.0f/s, %lld:%02lld left",
	    (long long)done, (long long)total, progress->what, rate, (long long)(left / 60), (long long)(left % 60));

	bar = width - length - (int)strlen(progress->doing) - 4;
	bar = bar > BAR ? BAR : bar;
	if (bar >= BAR_LEAST)
		fprintf(stderr, "\r%s [%-*.*s] %s\033[K", progress->doing, bar,
		    total > 0 ? (int)(done * bar / total) : bar, full, figures);
	else
		fprintf(stderr, "\r%.*s\033[K", width, figures);
}

void
progress_set(struct progress *progress, int64_t done)
{
	int64_t now = clock_ms();

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
