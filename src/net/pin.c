/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/pin.h"

#include <string.h>

#include "base/base64.h"

#define KEY_PREFIX "pin-sha256:"

/* 32 octets in hexadecimal; a colon may stand between any two of them, in all places or in none. */
static bool parse_hex(struct slice text, struct pin *out)
{
    size_t step = slice_has_byte(text, ':') ? 3 : 2;

    if (text.len != PIN_OCTETS * step - (step - 2))
        return false;
    for (size_t i = 0; i < PIN_OCTETS; i++) {
        int high = ascii_hex_value(text.data[i * step]),
            low = ascii_hex_value(text.data[i * step + 1]);
        if (high < 0 || low < 0 || (step == 3 && i && text.data[i * step - 1] != ':'))
            return false;
        out->sha256[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static bool parse_base64(struct slice text, struct pin *out)
{
    struct buf octets;

    buf_init(&octets, PIN_OCTETS);
    bool ok = base64_decode(&octets, text) && octets.len == PIN_OCTETS;
    if (ok)
        memcpy(out->sha256, octets.data, PIN_OCTETS);
    buf_clear(&octets);
    return ok;
}

bool pin_parse(struct slice text, struct pin *out, struct err *e)
{
    static const struct slice prefix = {KEY_PREFIX, sizeof KEY_PREFIX - 1};

    *out = (struct pin){.of_key = slice_has_prefix_nocase(text, prefix)};
    if (out->of_key)
        return parse_base64(slice_from(text, prefix.len), out) ||
               err_set(e, ERR_CONFIG,
                       "\"%.*s\": behind " KEY_PREFIX " stand 44 characters of base64, "
                       "the SHA-256 of the public key",
                       (int)text.len, text.data);
    return parse_hex(text, out) ||
           err_set(e, ERR_CONFIG, "\"%.*s\" is no SHA-256 fingerprint; write its 64 hexadecimal "
                                  "digits, with or without colons, or " KEY_PREFIX " and base64",
                   (int)text.len, text.data);
}

void pin_format(struct buf *out, const struct pin *pin)
{
    if (pin->of_key) {
        buf_put_text(out, KEY_PREFIX);
        base64_encode(out, slice_make((const char *)pin->sha256, PIN_OCTETS));
        return;
    }
    for (size_t i = 0; i < PIN_OCTETS; i++)
        buf_put_format(out, "%s%02X", i ? ":" : "", (unsigned)pin->sha256[i]);
}

bool pin_equal(const struct pin *a, const struct pin *b)
{
    return a->of_key == b->of_key && memcmp(a->sha256, b->sha256, PIN_OCTETS) == 0;
}
