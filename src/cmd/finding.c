/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/finding.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/say.h"
#include "base/utf8.h"

#define GREEN "\x1b[32m"
#define RED "\x1b[31m"
#define BOLD "\x1b[1m"
#define PLAIN "\x1b[0m"

enum { STEP_WIDTH = 14, RESULT_WIDTH = 6 };

void findings_init(struct findings *f, bool as_json, bool color)
{
    *f = (struct findings){.as_json = as_json, .color = color, .since = clock_monotonic()};
    buf_init(&f->text, LIMIT_CONFIG_FILE);
    json_init(&f->json, &f->text);
    if (as_json) {
        json_begin_object(&f->json, NULL);
        json_begin_array(&f->json, "steps");
    }
}

static void print_clean(const char *before, const char *text)
{
    struct buf clean;

    buf_init(&clean, LIMIT_CONFIG_FILE);
    log_clean(&clean, slice_of(text));
    printf("%s%s\n", before, clean.data ? clean.data : "");
    buf_clear(&clean);
}

/* printf counts octets. */
static void print_column(const char *text, size_t width)
{
    size_t length = utf8_length(slice_of(text));

    printf("%s%*s", text, (int)(length < width ? width - length : 0), "");
}

static void add_json(struct findings *f, const struct finding *finding, int64_t milliseconds)
{
    json_begin_object(&f->json, NULL);
    json_put_number(&f->json, "number", f->count);
    json_put_text(&f->json, "step", slice_of(finding->step));
    json_put_bool(&f->json, "ok", finding->ok);
    json_put_number(&f->json, "ms", milliseconds);
    json_put_string(&f->json, "summary", finding->summary);
    json_begin_array(&f->json, "details");
    for (size_t i = 0; finding->details && i < finding->details->count; i++)
        json_put_text(&f->json, NULL, slice_of(finding->details->items[i]));
    json_end(&f->json);
    json_end(&f->json);
}

static void print_step(const struct findings *f, const struct finding *finding,
                       int64_t milliseconds)
{
    const char *begin = !f->color ? "" : finding->ok ? GREEN : RED BOLD;

    printf("%2u. ", f->count);
    print_column(_(finding->step), STEP_WIDTH);
    printf(" %s", begin);
    print_column(finding->ok ? _("ok") : _("FAILED"), RESULT_WIDTH);
    printf("%s %6" PRId64 " ms", f->color ? PLAIN : "", milliseconds);
    print_clean(finding->summary ? "  " : "", finding->summary ? finding->summary : "");
    for (size_t i = 0; finding->details && i < finding->details->count; i++)
        print_clean("      ", finding->details->items[i]);
    fflush(stdout);
}

void findings_begin(struct findings *f)
{
    f->since = clock_monotonic();
}

void findings_add(struct findings *f, const struct finding *finding)
{
    int64_t now = clock_monotonic();
    int64_t milliseconds = (now - f->since) / 1000000;

    f->since = now;
    f->count++;
    if (f->as_json)
        add_json(f, finding, milliseconds);
    else
        print_step(f, finding, milliseconds);
}

bool findings_end(struct findings *f, bool ok, const char *verdict, const char *next)
{
    if (f->as_json) {
        json_end(&f->json);
        json_put_bool(&f->json, "ok", ok);
        json_put_text(&f->json, "verdict", slice_of(verdict));
        json_put_text(&f->json, "next", slice_of(next));
        json_end(&f->json);
        fputs(f->text.data, stdout);
    } else {
        printf("\n%s", !f->color ? "" : ok ? GREEN BOLD : RED BOLD);
        print_clean(_("verdict: "), verdict);
        printf("%s", f->color ? PLAIN : "");
        print_clean(_("next:    "), _(next));
    }
    buf_clear(&f->text);
    return fflush(stdout) == 0;
}
