/* Before the seal. */
#include "confine.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

int confine_prepare(struct err *err)
{
    /* libcrypto reads its configuration when it is first used. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_free(digest);
    /* Without TZ the C library looks at /etc/localtime with each time of day that it tells. */
    if (setenv("TZ", ":/etc/localtime", 0) != 0) {
        return err_set(err, "out of memory");
    }
    tzset();
    return 0;
}
