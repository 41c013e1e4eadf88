/* What has to be computed as cryptography has it.  The only user of libcrypto. */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

enum { CRYPTO_SHA256_SIZE = 32 };

void crypto_sha256(unsigned char digest[CRYPTO_SHA256_SIZE], const void *bytes, size_t length);

/* Whether two runs of length bytes are the same.  The time it takes does not show where they differ. */
bool crypto_is_equal(const void *a, const void *b, size_t length);

#endif
