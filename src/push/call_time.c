/* callTimeStr: the form and the calendar are checked here, since PostgreSQL takes much more than the interface allows. */
#include "push/call_time.h"

#include <string.h>
#include <time.h>

static bool
has_form(struct slice text)
{
	static const char form[] = "dddd-dd-dd dd:dd:dd";

	if (text.length != sizeof form - 1)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		bool digit = text.bytes[i] >= '0' && text.bytes[i] <= '9';

		if (form[i] == 'd' ? !digit : text.bytes[i] != form[i])
			return false;
	}
	return true;
}

static int
number(const char *digits, int count)
{
	int value = 0;

	while (count-- > 0)
		value = value * 10 + (*digits++ - '0');
	return value;
}

bool
call_time_parse(struct slice text, int64_t *microseconds)
{
	struct tm given = { 0 }, real;
	time_t seconds;

	if (!has_form(text))
		return false;
	given.tm_year = number(text.bytes, 4) - 1900;
	given.tm_mon = number(text.bytes + 5, 2) - 1;
	given.tm_mday = number(text.bytes + 8, 2);
	given.tm_hour = number(text.bytes + 11, 2);
	given.tm_min = number(text.bytes + 14, 2);
	given.tm_sec = number(text.bytes + 17, 2);
	if (given.tm_year < 70)
		return false;

	/* timegm carries 30 February over into March: what comes back differs from what was given */
	real = given;
	seconds = timegm(&real);
	if (real.tm_year != given.tm_year || real.tm_mon != given.tm_mon || real.tm_mday != given.tm_mday ||
	    real.tm_hour != given.tm_hour || real.tm_min != given.tm_min || real.tm_sec != given.tm_sec)
		return false;
	*microseconds = (int64_t)seconds * 1000000;
	return true;
}
