/* UTF-8, by libunistring. */
#include "base/utf8.h"

#include <unistr.h>
#include <uniwidth.h>

bool
utf8_is_valid(const char *bytes, size_t length)
{
	return u8_check((const uint8_t *)bytes, length) == NULL;
}

size_t
utf8_read(const char *p, size_t left, uint32_t *character)
{
	int length = u8_mbtoucr(character, (const uint8_t *)p, left);

	return length > 0 ? (size_t)length : 0;
}

char *
utf8_write(char *to, uint32_t character)
{
	return to + u8_uctomb((uint8_t *)to, character, UTF8_LONGEST);
}

int
utf8_columns(uint32_t character)
{
	return uc_width(character, "UTF-8");
}
