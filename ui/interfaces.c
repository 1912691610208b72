/* `wsight interfaces`, by libpcap's list. */
#include "interfaces.h"

#include "analyzer/capture/device.h"

static void print_state(FILE *out, const struct device *d)
{
    const char *state = !d->up ? "down" : d->running ? "up" : "no carrier";
    fprintf(out, "%-16s  %-10s", d->name, state);
}

int interfaces_print(FILE *out, struct err *err)
{
    struct device *devices;
    size_t n;
    if (devices_list(&devices, &n, err) != 0) {
        return -1;
    }
    fprintf(out, "%-16s  %-10s  %s\n", "INTERFACE", "STATE", "ADDRESSES");
    for (size_t i = 0; i < n; i++) {
        const struct device *d = &devices[i];
        print_state(out, d);
        for (size_t k = 0; k < d->addresses_n; k++) {
            fprintf(out, "%s%s", k == 0 ? "  " : ", ", d->addresses[k]);
        }
        if (d->addresses_n == 0 && d->description[0] != '\0') {
            fprintf(out, "  (%s)", d->description);
        }
        fputc('\n', out);
    }
    devices_free(devices);
    if (n == 0) {
        return err_set(err, "no interface can be captured on: it needs the right CAP_NET_RAW");
    }
    return 0;
}
