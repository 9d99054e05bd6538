/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/transcript.h"

#include "check.h"

static void keep(void *argument, enum speaker speaker, struct slice line)
{
    struct buf *heard = argument;

    buf_put_byte(heard, "CSN"[speaker]);
    buf_put_slice(heard, line);
    buf_put_byte(heard, '\n');
}

static void a_sink_hears_every_line(void **state)
{
    struct buf heard;
    struct transcript t = {keep, &heard};
    char word[600];

    (void)state;
    buf_init(&heard, 2000);
    transcript_line(&t, SPEAKER_CLIENT, SLICE("EHLO x"));
    transcript_line(&t, SPEAKER_SERVER, SLICE("250 a\0b"));
    transcript_note(&t, "C: AUTH PLAIN <%d octets>", 24);
    check_slice(SLICE("lines"), buf_slice(&heard),
                SLICE("CEHLO x\nS250 a\0b\nNC: AUTH PLAIN <24 octets>\n"));
    buf_reset(&heard);
    memset(word, 'x', sizeof word);
    word[sizeof word - 1] = '\0';
    transcript_note(&t, "%s", word);
    assert_in_range(heard.len, 500, 513);
    buf_clear(&heard);
}

static void without_a_sink_nothing_happens(void **state)
{
    static const struct transcript nobody;

    (void)state;
    transcript_line(NULL, SPEAKER_CLIENT, SLICE("x"));
    transcript_line(&nobody, SPEAKER_CLIENT, SLICE("x"));
    transcript_note(NULL, "%s", "x");
    transcript_note(&nobody, "%s", "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sink_hears_every_line),
        cmocka_unit_test(without_a_sink_nothing_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
