/* Cryptography, by libcrypto. */
#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

void
crypto_sha256(unsigned char digest[CRYPTO_SHA256_SIZE], const void *bytes, size_t length)
{
	SHA256(bytes, length, digest);
}

bool
crypto_is_equal(const void *a, const void *b, size_t length)
{
	return CRYPTO_memcmp(a, b, length) == 0;
}
