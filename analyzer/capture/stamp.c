/* Time stamps of pcapng: of decimal and binary fractions of a second. */
#include "stamp.h"

#define RESOLUTION_BINARY 0x80
#define RESOLUTION_BINARY_MAX 63
#define RESOLUTION_DECIMAL_MAX 19
#define NANO_DIGITS 9

/* 10^9 = 2^9 * 5^9 */
#define NANO_TWOS 9
#define NANO_FIVES 1953125U

static unsigned exponent_of(uint8_t resolution)
{
    return resolution & (RESOLUTION_BINARY - 1U);
}

static bool is_binary(uint8_t resolution)
{
    return (resolution & RESOLUTION_BINARY) != 0;
}

bool stamp_resolution_is_known(uint8_t resolution)
{
    return exponent_of(resolution) <=
           (is_binary(resolution) ? RESOLUTION_BINARY_MAX : RESOLUTION_DECIMAL_MAX);
}

uint8_t stamp_digits(uint8_t resolution)
{
    return exponent_of(resolution) > (is_binary(resolution) ? 20 : 6) ? 9 : 6;
}

static uint64_t ten_to_the(unsigned exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

struct stamp_clock stamp_clock_of(uint8_t resolution, int64_t offset)
{
    struct stamp_clock clock = {.offset = offset, .resolution = resolution};
    if (!is_binary(resolution) && exponent_of(resolution) <= NANO_DIGITS) {
        clock.factor = ten_to_the(NANO_DIGITS - exponent_of(resolution));
        clock.quick = offset == 0 ? INT64_MAX / clock.factor + 1 : 0;
    }
    return clock;
}

/* Nanoseconds of `part` units that are 2^-exponent seconds long. Part times 10^9 may not fit into
 * 64 bits, so its halves are multiplied one after the other; libpcap 1.10 gets these wrong. */
static uint64_t binary_ns(uint64_t part, unsigned exponent)
{
    if (exponent <= 34) {
        return part * (uint64_t)SECOND_NS >> exponent;
    }
    uint64_t high = (part >> 32) * NANO_FIVES, low = (part & UINT32_MAX) * NANO_FIVES;
    unsigned shift = exponent - NANO_TWOS;
    return shift >= 32 ? (high + (low >> 32)) >> (shift - 32) : ((high << 32) + low) >> shift;
}

int64_t stamp_ns_slow(const struct stamp_clock *clock, uint64_t units)
{
    unsigned exponent = exponent_of(clock->resolution);
    uint64_t whole, ns;
    if (is_binary(clock->resolution)) {
        whole = units >> exponent;
        ns = binary_ns(units & ((UINT64_C(1) << exponent) - 1), exponent);
    } else {
        uint64_t second = ten_to_the(exponent), part = units % second;
        whole = units / second;
        ns = exponent <= NANO_DIGITS ? part * clock->factor
                                     : part / ten_to_the(exponent - NANO_DIGITS);
    }
    int64_t seconds = (int64_t)(whole + (uint64_t)clock->offset);
    if (seconds > INT64_MAX / SECOND_NS - 1 || seconds < INT64_MIN / SECOND_NS + 1) {
        return seconds > 0 ? INT64_MAX : INT64_MIN;
    }
    return seconds * SECOND_NS + (int64_t)ns;
}
