/*
 * Masking keys that can be predicted. RFC 6455 section 5.3 demands keys that are derived from a
 * strong source of entropy; section 10.3 says why. Seen from outside that means: keys do not
 * repeat, are not zero, do not count, and vary in more than a few bits.
 */
#include "session.h"

#define KEYS_JUDGED 24      /* keys seen before their bits are judged */
#define VARYING_BITS_MIN 16 /* bits in which random keys differ after that many: nearly all 32 */
#define EQUAL_STEPS_MAX 6   /* keys in a row with the same distance */

static void tell_entropy(struct stream *s, enum dir dir, struct ws_mask_keys *k, const char *why)
{
    if (!k->told_entropy) {
        k->told_entropy = true;
        stream_finding(s, dir, FINDING_MASK_KEY_ENTROPY, "%s", why);
    }
}

static void judge_entropy(struct stream *s, enum dir dir, struct ws_mask_keys *k)
{
    if (k->equal_steps >= EQUAL_STEPS_MAX) {
        tell_entropy(s, dir, k, "keys differ by a constant step");
    } else if (k->count == KEYS_JUDGED && __builtin_popcount(k->varying) < VARYING_BITS_MIN) {
        tell_entropy(s, dir, k, "only a few bits of the keys ever change");
    }
}

void mask_key_seen(struct stream *s, enum dir dir, const uint8_t bytes[4])
{
    struct ws *ws = stream_state(s);
    struct ws_mask_keys *k = &ws->dir[dir].keys;
    struct reader r = reader_of((struct bytes){bytes, 4});
    uint32_t key = read_be32(&r);
    uint32_t step = key - k->last;
    if (key == 0) {
        stream_finding(s, dir, FINDING_MASK_KEY_ZERO, NULL);
    } else if (k->count > 0 && step == 0) {
        stream_finding(s, dir, FINDING_MASK_KEY_REPEATED, "%02x%02x%02x%02x", bytes[0], bytes[1],
                       bytes[2], bytes[3]);
    } else if (k->count > 0) {
        k->equal_steps = step == k->step ? (uint8_t)(k->equal_steps + (k->equal_steps < 255)) : 0;
        k->varying |= key ^ k->last;
        judge_entropy(s, dir, k);
    }
    k->step = step;
    k->last = key;
    k->count = (uint16_t)(k->count + (k->count < UINT16_MAX));
}
