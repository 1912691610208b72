// Any bytes as a capture file: every packet handed out must be whole and accounted for.
#include "../../analyzer/capture/source.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        sink ^= b.p[i];
    }
}

static void on_secrets(void *context, uint32_t type, struct bytes secrets)
{
    (void)context, (void)type;
    touch(secrets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct source_options options = {.filter = size % 2 == 0 ? "tcp port 80 or vlan" : NULL,
                                     .secrets = on_secrets};
    struct source *source = source_open_memory((struct bytes){data, size}, &options, &err);
    if (source == NULL) {
        return 0;
    }
    struct packet packets[7];
    struct source_info info;
    uint64_t count = 0;
    size_t n;
    while ((n = source_batch(source, packets, 7)) > 0) {
        source_info(source, &info);
        for (size_t i = 0; i < n; i++) {
            if (packets[i].interface >= info.interfaces_n) {
                abort();
            }
            touch(packets[i].b);
        }
        count += n;
    }
    source_info(source, &info);
    if (source_state(source) != SOURCE_ENDED || count + info.filtered_out != info.packets) {
        abort();
    }
    source_free(source);
    return 0;
}
