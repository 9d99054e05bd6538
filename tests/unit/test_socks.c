/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdlib.h>

#include "net/socks.h"

static void check_proxy(const char *text, const struct proxy *p, const char *want)
{
    struct buf got;

    buf_init(&got, 1024);
    buf_put_format(&got, "%s %u", p->host, p->port);
    if (p->user) {
        buf_put_format(&got, " %s ", p->user);
        buf_put_slice(&got, secret_bytes(&p->password));
    }
    check_text(text, buf_slice(&got), want);
    buf_clear(&got);
}

static void texts(void **state)
{
    static const struct {
        const char *text, *want;     /* NULL: is refused */
    } rows[] = {
        {"socks5://proxy.example", "proxy.example 1080"},
        {"SOCKS5://proxy.example:9050", "proxy.example 9050"},
        {"socks5h://127.0.0.1:9050/", "127.0.0.1 9050"},
        {"socks5://[2001:db8::1]", "2001:db8::1 1080"},
        {"socks5://[2001:db8::1]:1", "2001:db8::1 1"},
        {"socks5://ada:pw@proxy.example:1", "proxy.example 1 ada pw"},
        {"socks5://ada:p@w:x@[::1]", "::1 1080 ada p@w:x"},
        {"socks5://a%40b:%25%3A@h", "h 1080 a@b %:"},
        {"", NULL},
        {"proxy.example:1080", NULL},
        {"http://proxy.example", NULL},
        {"socks4://proxy.example", NULL},
        {"socks5://", NULL},
        {"socks5:///", NULL},
        {"socks5://:1080", NULL},
        {"socks5://h:", NULL},
        {"socks5://h:0", NULL},
        {"socks5://h:65536", NULL},
        {"socks5://h:1x", NULL},
        {"socks5://h/path", NULL},
        {"socks5://[::1", NULL},
        {"socks5://[]", NULL},
        {"socks5://[::1]x", NULL},
        {"socks5://ada@h", NULL},
        {"socks5://:pw@h", NULL},
        {"socks5://ada:@h", NULL},
        {"socks5://ada:%4@h", NULL},
        {"socks5://ada:%zz@h", NULL},
        {"socks5://ada:%00@h", NULL},
        {"socks5://ada:pw@", NULL},
        {"socks5://h h", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.kind = ERR_NONE};
        struct proxy p;

        if (proxy_parse(slice_of(rows[i].text), &p, &e) != (rows[i].want != NULL))
            fail_msg("\"%s\": %s", rows[i].text, rows[i].want ? e.text : "is taken");
        if (rows[i].want)
            check_proxy(rows[i].text, &p, rows[i].want);
        else
            assert_int_equal(e.kind, ERR_CONFIG);
        if (!rows[i].want)
            assert_null(strstr(e.text, "pw@"));
        proxy_clear(&p);
    }
}

static void passwords_are_masked(void **state)
{
    static const struct {
        const char *text, *masked;
    } rows[] = {
        {"socks5://h:1080", "socks5://h:1080"},
        {"socks5://ada:pw@h:1080", "socks5://ada:***@h:1080"},
        {"socks5://ada:p@w:x@h", "socks5://ada:***@h"},
        {"socks5h://ada:pw@", "socks5h://ada:***@"},
        {"nothing", "nothing"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;

        buf_init(&out, 100);
        proxy_mask(&out, slice_of(rows[i].text));
        check_text(rows[i].text, buf_slice(&out), rows[i].masked);
        assert_int_equal(proxy_has_password(slice_of(rows[i].text)),
                         strcmp(rows[i].text, rows[i].masked) != 0);
        buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(passwords_are_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
