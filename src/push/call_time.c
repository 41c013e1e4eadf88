/* callTimeStr.  Form and calendar are checked here, because PostgreSQL takes much more than the interface allows. */
#include "push/call_time.h"

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
	/* the days of a year before each month, and before the next year */
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
	int year, month, day, hour, minute, second, leap, past;
	int64_t days;

	if (!has_form(text))
		return false;
	year = number(text.bytes, 4);
	month = number(text.bytes + 5, 2);
	day = number(text.bytes + 8, 2);
	hour = number(text.bytes + 11, 2);
	minute = number(text.bytes + 14, 2);
	second = number(text.bytes + 17, 2);
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 || day < 1 ||
	    day > before[month] - before[month - 1] + (month == 2 && leap))
		return false;

	past = year - 1;
	days = (past - 1969) * 365 + (past / 4 - 1969 / 4) - (past / 100 - 1969 / 100) + (past / 400 - 1969 / 400) +
	    before[month - 1] + (month > 2 && leap) + day - 1;
	*microseconds = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000000;
	return true;
}
