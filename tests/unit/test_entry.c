/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "queue/entry.h"

/* An envelope with this behind its first line, the length computed. */
static void make(struct buf *out, const char *version, const char *lines)
{
    buf_reset(out);
    buf_put_format(out, "smtpost-envelope %s %010zu\n", version,
                   strlen("smtpost-envelope  0000000000\n") + strlen(version) + strlen(lines));
    buf_put_text(out, lines);
}

#define LEAST "account a\nsize 10\nfrom <>\nto <bob@example.net>\n"

static void an_envelope_reads_back_as_it_was(void **state)
{
    static const char *const rows[] = {
        "account test\nsize 1234\nfrom <ada@example.org>\nto <bob@example.net>\nend\n",
        "account Fra%25nz %0A%0D%01\nsize 1\nfrom <>\nto <bob@example.net>\nend\n",
        "account a\nconfig /home/ada/my file\nset host=a%25b\nset port=25\nsize 99\n8bit\n"
        "8bit-header\nnul\nlongest-line 998\ncreated 1800000000\nlast 1800000001\nnext 1800000060\n"
        "age 59\ntries 3\ndown\nheld\nserver 127.0.0.1:25\nabout 0123456789abcdef\nowned\n"
        "owner 1000\n"
        "from <\"a b\"@example.org>\nret 2\nenvid QQ314159\nbody 2\nsmtputf8\nrequire-tls\n"
        "mail-param MT-PRIORITY=3\nrcpt-param X=1\nrcpt-param Y=2\n"
        "to <bob@example.net>\nnotify 12\norcpt rfc822;bob@example.net\n"
        "outcome deferred none server 451 4.3.0 451 4.3.0 later, %0A please\n"
        "to <carol@example.net>\noutcome refused none server 550 5.1.1 550 5.1.1 no\n"
        "bounce 0123456789abcdef-3\n"
        "to <dave@example.net>\n"
        "to <erin@[IPv6:::1]>\noutcome in-doubt connect local 0 - \nend\n",
    };
    struct buf text, again;
    struct entry en;
    struct err e = {0};

    (void)state;
    buf_init(&text, 65536);
    buf_init(&again, 65536);
    for (size_t i = 0; i < COUNT(rows); i++) {
        make(&text, "1", rows[i]);
        en = (struct entry){.id = "0123456789abcdef"};
        if (!entry_parse(&en, buf_slice(&text), &e))
            fail_msg("%s: %s", rows[i], e.text);
        buf_reset(&again);
        entry_format(&en, &again);
        check_slice(buf_slice(&text), buf_slice(&again), buf_slice(&text));
        assert_string_equal(en.id, "0123456789abcdef");
        entry_clear(&en);
    }
    buf_clear(&text);
    buf_clear(&again);
}

static void what_is_cut_or_changed_is_damaged(void **state)
{
    static const char *const rows[] = {
        "", "end\n", LEAST, LEAST "end", LEAST "end\n\n", LEAST "end\nend\n",
        "account a\nsize 10\nfrom <>\nend\n",
        "size 10\nfrom <>\nto <b@c>\nend\n",
        "account a\nfrom <>\nto <b@c>\nend\n",
        "account a\nsize 10\nto <b@c>\nend\n",
        LEAST "account b\nend\n", LEAST "from <x@y>\nend\n",
        LEAST "colour red\nend\n", LEAST "\nend\n", LEAST "tries\nend\n", LEAST "tries -1\nend\n",
        LEAST "tries 1x\nend\n", LEAST "down yes\nend\n", LEAST "ret 9\nend\n",
        LEAST "created 99999999999999\nend\n",
        LEAST "to <bob\x01@example.net>\nend\n", LEAST "server a\x02\nend\n",
        LEAST "server a%\nend\n", LEAST "server a%4\nend\n", LEAST "server a%zz\nend\n",
        LEAST "server a%00\nend\n",
        LEAST "outcome maybe none server 1 - x\nend\n",
        LEAST "outcome refused odd server 1 - x\nend\n",
        LEAST "outcome refused none somebody 1 - x\nend\n",
        LEAST "outcome refused none server 1000 - x\nend\n",
        LEAST "outcome refused none server 550 5.1 x\nend\n",
        LEAST "outcome refused none server 1 - x\noutcome refused none server 1 - x\nend\n",
        LEAST "bounce ../../etc\nend\n", LEAST "notify 16\nend\n",
        "account a\nsize 10\nfrom <>\nnotify 1\nto <b@c>\nend\n",
    };
    struct buf text;
    struct entry en;
    struct err e;

    (void)state;
    buf_init(&text, 65536);
    for (size_t i = 0; i < COUNT(rows); i++) {
        make(&text, "1", rows[i]);
        e = (struct err){0};
        en = (struct entry){0};
        check_row(rows[i], !entry_parse(&en, buf_slice(&text), &e), "refused");
        check_row(rows[i], e.kind == ERR_DATA && e.errnum != ENTRY_NEWER, "as damaged");
        check_row(rows[i], !en.account && !en.envelope.count, "and empty");
    }
    buf_clear(&text);
}

static void every_prefix_and_every_changed_octet_is_seen_or_harmless(void **state)
{
    struct buf text;
    struct entry en;
    struct err e;

    (void)state;
    buf_init(&text, 65536);
    make(&text, "1", LEAST "outcome deferred none server 451 4.3.0 451 4.3.0 x\nend\n");
    for (size_t len = 0; len < text.len; len++) {
        en = (struct entry){0};
        assert_false(entry_parse(&en, slice_make(text.data, len), &e));
    }
    for (size_t i = 0; i < text.len; i++) {
        char kept = text.data[i];
        text.data[i] = '\0';
        en = (struct entry){0};
        assert_false(entry_parse(&en, buf_slice(&text), &e));
        text.data[i] = kept;
    }
    buf_clear(&text);
}

static void a_later_version_is_not_damaged(void **state)
{
    struct buf text;
    struct entry en = {0};
    struct err e = {0};

    (void)state;
    buf_init(&text, 65536);
    make(&text, "2", "anything\n");
    assert_false(entry_parse(&en, buf_slice(&text), &e));
    assert_int_equal(e.errnum, ENTRY_NEWER);
    check_contains("2", e.text, "later version");
    make(&text, "0", LEAST "end\n");
    e = (struct err){0};
    assert_false(entry_parse(&en, buf_slice(&text), &e));
    assert_int_not_equal(e.errnum, ENTRY_NEWER);
    buf_clear(&text);
}

static void names_sort_by_time(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"0123456789abcdef", true}, {"0123456789abcdef-12", true}, {"a", true}, {"", false},
        {"-a", false}, {".", false}, {"..", false}, {"a/b", false}, {"a.env", false},
        {"a b", false}, {"0123456789012345678901234567890123456789", true},
        {"01234567890123456789012345678901234567890", false}, {"\xc3\xa4", false},
    };
    char early[ENTRY_ID_MAX + 1], late[ENTRY_ID_MAX + 1], bounce[ENTRY_ID_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(rows[i].text, entry_id_is_valid(slice_of(rows[i].text)) == rows[i].valid,
                  "a name");
    for (time_t t = 1; t < 4000000000L; t = t * 3 + 1) {
        entry_name(early, t);
        entry_name(late, t + 1);
        assert_true(strcmp(early, late) < 0);
        assert_true(entry_id_is_valid(slice_of(early)));
    }
    assert_true(entry_bounce_name(bounce, early, 3));
    assert_true(entry_id_is_valid(slice_of(bounce)));
    assert_false(entry_bounce_name(bounce, "0123456789012345678901234567890123456789", 3));
}

static void add(struct entry *en, const char *text, enum verdict verdict, const char *bounce)
{
    struct path path;
    struct err e;

    assert_true(path_parse(&path, slice_of(text), &e));
    envelope_add(&en->envelope, &path);
    en->envelope.recipients[en->envelope.count - 1].outcome.verdict = verdict;
    if (*bounce)
        entry_set_bounce(en, en->envelope.count - 1, bounce);
}

static void the_state_is_what_the_recipients_wait_for(void **state)
{
    static const struct {
        enum verdict verdicts[2];
        const char *bounce;
        bool held;
        enum entry_state result;
    } rows[] = {
        {{VERDICT_NONE, VERDICT_NONE}, "", false, ENTRY_QUEUED},
        {{VERDICT_REFUSED, VERDICT_DEFERRED}, "b", false, ENTRY_QUEUED},
        {{VERDICT_REFUSED, VERDICT_IN_DOUBT}, "", true, ENTRY_HELD},
        {{VERDICT_REFUSED, VERDICT_REFUSED}, "", true, ENTRY_FAILED},
        {{VERDICT_REFUSED, VERDICT_REFUSED}, "b", false, ENTRY_BOUNCING},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry en = {.held = rows[i].held};
        add(&en, "a@b", rows[i].verdicts[0], rows[i].bounce);
        add(&en, "c@d", rows[i].verdicts[1], "");
        assert_int_equal(entry_state(&en), rows[i].result);
        entry_clear(&en);
    }
}

static void the_served_go_and_bounces_stay_with_their_recipients(void **state)
{
    struct entry en = {0};

    (void)state;
    add(&en, "a@b", VERDICT_DELIVERED, "");
    add(&en, "c@d", VERDICT_REFUSED, "x1");
    add(&en, "e@f", VERDICT_DELIVERED, "x2");
    add(&en, "g@h", VERDICT_REFUSED, "");
    add(&en, "i@j", VERDICT_REFUSED, "x3");
    entry_forget_served(&en);
    assert_int_equal(en.envelope.count, 3);
    assert_string_equal(entry_bounce(&en, 0), "x1");
    assert_string_equal(entry_bounce(&en, 1), "");
    assert_string_equal(entry_bounce(&en, 2), "x3");
    check_text("c@d", path_address(&en.envelope.recipients[0].path), "c@d");
    entry_clear(&en);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_reads_back_as_it_was),
        cmocka_unit_test(what_is_cut_or_changed_is_damaged),
        cmocka_unit_test(every_prefix_and_every_changed_octet_is_seen_or_harmless),
        cmocka_unit_test(a_later_version_is_not_damaged),
        cmocka_unit_test(names_sort_by_time),
        cmocka_unit_test(the_state_is_what_the_recipients_wait_for),
        cmocka_unit_test(the_served_go_and_bounces_stay_with_their_recipients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
