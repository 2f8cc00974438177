// SPDX-License-Identifier: BSL-1.0
// A static program does not contain zstd (0.7 MB), which OpenSSL uses only to compress certificates (RFC 8879). These
// functions replace an object of libcrypto.a, and behave as in an OpenSSL that was built without zstd. If OpenSSL needs
// another function of that object, the program does not link.
#ifdef COHORT_STATIC
#include <openssl/bio.h>
#include <openssl/comp.h>

extern "C" {

COMP_METHOD* COMP_zstd() { return nullptr; }
COMP_METHOD* COMP_zstd_oneshot() { return nullptr; }
const BIO_METHOD* BIO_f_zstd() { return nullptr; }
void ossl_comp_zstd_cleanup();
void ossl_comp_zstd_cleanup() {}

}  // extern "C"
#endif
