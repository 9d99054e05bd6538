/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/path.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/idna.h"
#include "base/log.h"
#include "base/mem.h"
#include "mail/transfer.h"

/* How much of a wrong address an error shows. */
#define SHOWN 160

/* The scanners below return NULL, or what is wrong. */

static bool is_8bit(char c)
{
    return (unsigned char)c > 127;
}

/* RFC 5322 atext, dots and UTF-8. Dots anywhere: "a..b" and "a." are no dot-atoms, but mailboxes of
 * large providers have such names, and they cannot be mistaken for anything else. */
static bool is_local(char c)
{
    switch (c) {
    case '(': case ')': case '<': case '>': case '[': case ']':
    case ':': case ';': case '@': case '\\': case ',': case '"':
    case ' ': case 127: return false;
    default: return (unsigned char)c > 32;
    }
}

static bool is_label(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_' || is_8bit(c);
}

static const char *fault_of(char c)
{
    if (c == ' ')
        return "a blank outside quotes";
    if (c == '<' || c == '>')
        return "an angle bracket that does not enclose it";
    return "a character that an address cannot hold";
}

/* What holds everywhere: no control (U+0080 to U+009F are some too), and UTF-8 in good form. */
static const char *check_octets(struct slice s)
{
    struct utf8_check utf8;
    bool has_8bit = false;

    for (size_t i = 0; i < s.len; i++) {
        if (ascii_is_control(s.data[i]))
            return "a control character";
        has_8bit = has_8bit || is_8bit(s.data[i]);
    }
    if (!has_8bit)
        return NULL;
    utf8_check_init(&utf8);
    utf8_check_put(&utf8, s);
    if (!utf8_check_is_valid(&utf8))
        return "8-bit characters that are no UTF-8";
    for (size_t i = slice_find(s, '\xc2', 0); i < s.len; i = slice_find(s, '\xc2', i + 1))
        if ((unsigned char)s.data[i + 1] < 0xa0)
            return "a control character";
    return NULL;
}

/* RFC 5321 4.1.3: IPv4 and IPv6; no other kind was ever registered. */
static const char *check_literal(struct slice s)
{
    static const struct slice tag = {"IPv6:", 5};
    char text[INET6_ADDRSTRLEN + 1] = "";
    struct in6_addr address;

    if (s.len < 2 || s.data[s.len - 1] != ']')
        return "an address literal without its \"]\"";
    struct slice inner = slice_make(s.data + 1, s.len - 2);
    bool is_v6 = slice_has_prefix_nocase(inner, tag);
    inner = slice_from(inner, is_v6 ? tag.len : 0);
    if (inner.len < sizeof text) {
        memcpy(text, inner.data, inner.len);
        if (inet_pton(is_v6 ? AF_INET6 : AF_INET, text, &address) == 1)
            return NULL;
    }
    return "an address literal that is neither IPv4 nor IPv6";
}

static const char *check_domain(struct slice s)
{
    bool in_label = false;

    if (s.len == 0)
        return "nothing behind the \"@\"";
    if (s.len > LIMIT_DOMAIN)
        return "a domain of more than 255 octets";
    if (s.data[0] == '[')
        return check_literal(s);
    for (size_t i = 0; i < s.len; i++) {
        bool is_dot = s.data[i] == '.';
        if (!is_dot && !is_label(s.data[i]))
            return s.data[i] == '@' ? "a second \"@\"" : fault_of(s.data[i]);
        if (is_dot && !in_label)
            break;
        in_label = !is_dot;
    }
    return in_label ? NULL : "a domain with a dot too much";
}

/* "@a,@b:" in front of the address: checked, taken off, forgotten. */
static const char *drop_route(struct slice *s)
{
    while (s->len && s->data[0] == '@') {
        size_t end = 1;
        if (end < s->len && s->data[end] == '[')
            end = slice_find(*s, ']', end);
        while (end < s->len && s->data[end] != ',' && s->data[end] != ':')
            end++;
        if (end == s->len)
            return "nothing before the \"@\"";
        const char *fault = check_domain(slice_make(s->data + 1, end - 1));
        if (fault)
            return fault;
        bool more = s->data[end] == ',';
        *s = slice_from(*s, end + 1);
        if (!more)
            return s->len ? NULL : "a route to nowhere";
        if (s->len == 0 || s->data[0] != '@')
            return "a route with something else than domains";
    }
    return NULL;
}

/* RFC 5321 4.1.2 Quoted-string. */
static const char *scan_quoted(struct slice s, size_t *used)
{
    size_t i = 1;

    while (i < s.len && s.data[i] != '"') {
        bool is_pair = s.data[i] == '\\';
        i += is_pair;
        if (i == s.len)
            break;
        if (is_pair && is_8bit(s.data[i]))
            return "a backslash before an 8-bit character";
        i++;
    }
    if (i == s.len)
        return "a quote that is not closed";
    *used = i + 1;
    return *used == 2 ? "nothing between the quotes" : NULL;
}

static const char *scan_local(struct slice s, size_t *used)
{
    const char *fault = NULL;

    if (s.len && s.data[0] == '"')
        fault = scan_quoted(s, used);
    else
        for (*used = 0; *used < s.len && is_local(s.data[*used]);)
            ++*used;
    if (fault)
        return fault;
    if (*used < s.len && s.data[*used] != '@')
        return fault_of(s.data[*used]);
    if (*used == 0)
        return "nothing before the \"@\"";
    return *used > LIMIT_LOCAL_PART ? "a local part of more than 256 octets" : NULL;
}

/* Reduce *s to "local@domain", "local" or nothing. */
static const char *read_path(struct slice *s, size_t *local_len)
{
    const char *fault = check_octets(*s);
    bool opened = s->len && s->data[0] == '<';
    bool closed = s->len > 1 && s->data[s->len - 1] == '>';

    if (fault)
        return fault;
    if (opened != closed)
        return "an angle bracket without its partner";
    if (opened)
        *s = slice_make(s->data + 1, s->len - 2);
    if (s->len == 0)
        return NULL;
    fault = drop_route(s);
    if (!fault)
        fault = scan_local(*s, local_len);
    if (!fault && *local_len < s->len)
        fault = check_domain(slice_from(*s, *local_len + 1));
    return fault;
}

static struct slice trim_blanks(struct slice s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = slice_from(s, 1);
    while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool path_fault(struct err *e, struct slice text, const char *fault)
{
    struct buf shown;

    buf_init(&shown, SHOWN * 4 + 3);
    log_clean(&shown, slice_make(text.data, text.len < SHOWN ? text.len : SHOWN));
    if (text.len > SHOWN)
        buf_put_text(&shown, "...");
    struct slice text_shown = buf_slice(&shown);
    err_set(e, ERR_DATA, "\"%.*s\" is no address: %s", (int)text_shown.len, text_shown.data, fault);
    buf_clear(&shown);
    return false;
}

bool path_parse(struct path *p, struct slice text, struct err *e)
{
    struct slice address = trim_blanks(text);
    size_t local_len = 0;

    *p = (struct path){0};
    const char *fault = read_path(&address, &local_len);
    if (fault)
        return path_fault(e, trim_blanks(text), fault);
    p->text = slice_dup(address);
    p->local_len = local_len;
    return true;
}

void path_clear(struct path *p)
{
    free(p->text);
    *p = (struct path){0};
}

void path_copy(struct path *to, const struct path *from)
{
    *to = (struct path){from->text ? mem_strdup(from->text) : NULL, from->local_len};
}

bool path_is_set(const struct path *p)
{
    return p->text != NULL;
}

bool path_is_null(const struct path *p)
{
    return p->text && p->text[0] == '\0';
}

bool path_is_bare(const struct path *p)
{
    return p->text && p->text[0] != '\0' && p->text[p->local_len] == '\0';
}

bool path_has_utf8_local(const struct path *p)
{
    return slice_has_8bit(path_local(p));
}

bool path_has_utf8_domain(const struct path *p)
{
    return slice_has_8bit(path_domain(p));
}

struct slice path_local(const struct path *p)
{
    return slice_make(p->text ? p->text : "", p->local_len);
}

struct slice path_domain(const struct path *p)
{
    return slice_of(p->text && p->text[p->local_len] ? p->text + p->local_len + 1 : NULL);
}

struct slice path_address(const struct path *p)
{
    return slice_of(p->text);
}

bool path_qualify(struct path *p, const char *domain, struct err *e)
{
    struct buf address;

    if (!path_is_bare(p))
        return true;
    if (!path_domain_is_valid(slice_of(domain)))
        return err_set(e, ERR_DATA, "\"%s\" needs a domain, and \"%s\" is none", p->text, domain);
    buf_init(&address, LIMIT_PATH);
    buf_put_format(&address, "%s@%s", p->text, domain);
    free(p->text);
    p->text = buf_take(&address);
    return true;
}

bool path_domain_to_ascii(struct path *p, struct err *e)
{
    struct buf address;

    if (!path_has_utf8_domain(p))
        return true;
    buf_init(&address, LIMIT_PATH);
    buf_put(&address, p->text, p->local_len + 1);
    bool ok = idna_to_ascii(&address, path_domain(p), e);
    if (ok && address.overflow)
        ok = err_set(e, ERR_DATA, "\"%s\": the domain's ASCII form is too long", p->text);
    /* The mapping takes other full stops for dots, also where none may be. */
    else if (ok && !path_domain_is_valid(slice_from(buf_slice(&address), p->local_len + 1)))
        ok = err_set(e, ERR_DATA, "\"%s\": the domain's ASCII form is no domain", p->text);
    if (!ok) {
        buf_clear(&address);
        return false;
    }
    free(p->text);
    p->text = buf_take(&address);
    return true;
}

bool path_domain_is_valid(struct slice text)
{
    return !check_octets(text) && !check_domain(text);
}

int path_compare(const struct path *a, const struct path *b)
{
    struct slice left = path_local(a), right = path_local(b);

    if (path_is_set(a) != path_is_set(b))
        return path_is_set(a) ? 1 : -1;
    int order = memcmp(left.data, right.data, left.len < right.len ? left.len : right.len);
    if (order == 0 && left.len != right.len)
        order = left.len < right.len ? -1 : 1;
    if (order != 0)
        return order;
    left = path_domain(a);
    right = path_domain(b);
    for (size_t i = 0; i < left.len && i < right.len; i++) {
        char x = ascii_lower(left.data[i]), y = ascii_lower(right.data[i]);
        if (x != y)
            return (unsigned char)x < (unsigned char)y ? -1 : 1;
    }
    return left.len == right.len ? 0 : left.len < right.len ? -1 : 1;
}

void path_format(struct buf *out, const struct path *p)
{
    buf_put_byte(out, '<');
    buf_put_slice(out, path_address(p));
    buf_put_byte(out, '>');
}
