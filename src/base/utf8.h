/* UTF-8, strictly: no overlong forms and no surrogates.  The only user of libunistring. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_LONGEST = 4 };      /* bytes of a character, at most */

bool utf8_is_valid(const char *bytes, size_t length);

/* Reads the character at p, of which left bytes are there.  Returns how many bytes it has; 0: there is none. */
size_t utf8_read(const char *p, size_t left, uint32_t *character) __attribute__((warn_unused_result));

/* Writes a character that is no surrogate.  Returns the end. */
char *utf8_write(char *to, uint32_t character);

/* How many columns of a terminal a character takes; -1 for a control character. */
int utf8_columns(uint32_t character);

#endif
