/*
 * Kubernetes' remote commands and port forwarding (k8s.io/apimachinery,
 * remotecommand/constants.go): the first byte is the channel, in the base64 variants a digit.
 */
#include "subprotocol.h"

static const char *const channels[] = {"stdin", "stdout", "stderr", "error", "resize"};
#define CHANNELS (sizeof channels / sizeof *channels)
#define CHANNEL_CLOSE 255 /* version 5: the next byte is the channel that is closed */

static const char *channel_name(unsigned channel)
{
    return channel < CHANNELS ? channels[channel] : "channel";
}

static void kubernetes_read(struct dissection *d, struct bytes unit,
                            const struct subprotocol_hint *hint)
{
    if (unit.n == 0) {
        dissect_say_text(d, "empty");
        return;
    }
    unsigned channel =
        hint->text && unit.p[0] >= '0' && unit.p[0] <= '9' ? unit.p[0] - (unsigned)'0' : unit.p[0];
    struct bytes data = bytes_from(unit, 1);
    if (channel == CHANNEL_CLOSE && data.n == 1) {
        dissect_say_text(d, "close of");
        dissect_say_text(d, channel_name(data.p[0]));
        dissect_code(d, 0, "Closes channel", data.p[0], channel_name(data.p[0]));
        return;
    }
    dissect_say_text(d, channel_name(channel));
    dissect_say(d, data);
    dissect_code(d, 0, "Channel", channel, channel_name(channel));
    dissect_data(d, 0, "Data", data);
}

static const char *const tokens[] = {"channel.k8s.io",
                                     "v2.channel.k8s.io",
                                     "v3.channel.k8s.io",
                                     "v4.channel.k8s.io",
                                     "v5.channel.k8s.io",
                                     "base64.channel.k8s.io",
                                     NULL};

const struct subprotocol kubernetes_subprotocol = {
    .name = "Kubernetes", .tokens = tokens, .read = kubernetes_read};
