/* Points in time as an administrator writes them. */
#include "ctl/time_text.h"

#include <string.h>

#include "push/call_time.h"

enum { DATE = 10, TIME_LENGTH = 19 };

static bool
two_digits(const char *text, int max, int *number)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*number = 10 * (text[0] - '0') + text[1] - '0';
	return *number <= max;
}

/* "Z", "+hh" or "+hh:mm", in minutes east of Greenwich. */
static bool
read_zone(const char *text, int *minutes)
{
	int hour, minute = 0;

	*minutes = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if ((*text != '+' && *text != '-') || !two_digits(text + 1, 15, &hour))
		return false;
	if (text[3] != '\0' && (text[3] != ':' || !two_digits(text + 4, 59, &minute) || text[6] != '\0'))
		return false;
	*minutes = (*text == '-' ? -1 : 1) * (60 * hour + minute);
	return true;
}

bool
time_text_parse(const char *text, int64_t *microseconds)
{
	char local[TIME_LENGTH + 1];
	int minutes;

	if (strlen(text) <= TIME_LENGTH || (text[DATE] != 'T' && text[DATE] != ' ') ||
	    !read_zone(text + TIME_LENGTH, &minutes))
		return false;
	memcpy(local, text, TIME_LENGTH);
	local[DATE] = ' ';
	if (!call_time_parse((struct slice){ local, TIME_LENGTH }, microseconds))
		return false;
	*microseconds -= (int64_t)minutes * 60 * 1000000;
	return true;
}
