/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

struct file {
    const char *name, *text;
};

/* The files, the one that is imported, and what must be among the lines of the new file. */
struct row {
    struct file files[4];
    const char *import;
    const char *wanted[16];
};

static const struct row rows[] = {
    {{{"msmtprc", "# c\ndefaults\ntls on\nport 587\nlogfile ~/.msmtp.log\n\naccount a\n"
                  "host smtp.example.org\nfrom \"ada@example.org\"\nauth scram-sha-1\nuser ada\n"
                  "passwordeval pass show \"a b\"\ntls_certcheck off\nremove_bcc_headers off\n"
                  "account b : a\nfrom b@example.org\ntls_starttls off\nport 465\nauth ntlm\n"
                  "account default : b\n"}},
     "msmtprc",
     {"default-account = \"b\"", "defaults {", "  port             = 587",
      "  tls              = starttls", "  log-file         = \"~/.msmtp.log\"", "account \"a\" {",
      "  host             = \"smtp.example.org\"", "  from             = \"ada@example.org\"",
      "  password-command = \"pass show \\\"a b\\\"\"", "  tls-verify       = no",
      "  keep-bcc         = yes", "  like             = \"a\"", "  tls              = implicit",
      "  # line 19: auth ntlm: this mechanism is not supported; auth = auto takes the best that "
      "is"}},
    {{{".msmtprc", "account x\nhost h.example\nuser u\npassword p\nmade_up 7\n"}},
     ".msmtprc",
     {"  tls              = none", "  # line 5: made_up 7: is not known here",
      "  password         = \"p\"", "  # msmtp logged in without TLS here"}},
    {{{"msmtprc", "account k\nhost h.example\ntls on\nauth on\nuser u\n"}},
     "msmtprc",
     {"  # msmtp looked for the password in the keyring, then in ~/.netrc; write "
      "password-command = { \"secret-tool\", \"lookup\", \"host\", \"h.example\", "
      "\"service\", \"smtp\", \"user\", \"u\" }"}},
    /* One value stays one, whatever it holds; an account that is missing stays missing. */
    {{{"msmtprc", "account x : y\nhost h.example\ntls on\nport 25 user = \"u\"\nauth plain login\n"
                  "dsn_notify failure, delay\ndsn_return hdrs } account \"z\" {\n"
                  "account q\"\\$ : q\"\\$\naccount z : gone\nhost h.example\ntls on\n"}},
     "msmtprc",
     {"  port             = \"25 user = \\\"u\\\"\"\n", "  auth             = \"plain login\"\n",
      "  dsn-notify       = { failure, delay }\n",
      "  dsn-return       = \"hdrs } account \\\"z\\\" {\"\n", "  like             = \"gone\"",
      "account \"q___\" {\n  like             = \"q___\""}},
    {{{"rc",
       "account x\nhost h.example\ntls on\nauth xoauth2\nuser u\npasswordeval oama access u\n"}},
     "rc", /* known by what it says */
     {"  tls              = starttls", "  user             = \"u\""}},
    {{{"ssmtp.conf", "#x\nmailhub=smtp.example.org:587\nUseSTARTTLS=Yes\nAuthUser = ada\n"
                     "AuthPass=a=b:c\nHostname=box.example.org\nDebug=YES\n"},
      {"revaliases", "# c\nroot:ada@example.org:smtp.example.org\n"}},
     "ssmtp.conf",
     {"account \"ssmtp\" {", "  host             = \"smtp.example.org\"",
      "  port             = 587", "  hello            = \"box.example.org\"",
      "  tls              = starttls", "  password         = \"a=b:c\"",
      "  # line 7: Debug YES: smtpost -v shows the dialogue",
      "envelope-from = \"ada@example.org\""}},
    {{{"ssmtp.conf", "mailhub=[2001:db8::1]:25\n"}},
     "ssmtp.conf",
     {"  host             = \"2001:db8::1\"", "  port             = 25",
      "  tls              = none", "revaliases"}},
    {{{"dma.conf",
       "# c\nSMARTHOST mail.example.org # x\nPORT 465\nSECURETRANSFER\nAUTHPATH {dir}/auth\n"
       "MASQUERADE example.org\nSPOOLDIR /var/spool/dma\n"},
      {"auth", "# c\nother|x.example:no\nada|mail.example.org:se|c:ret\n"}},
     "dma.conf",
     {"  host             = \"mail.example.org\"", "  port             = 465",
      "  tls              = implicit", "  user             = \"ada\"",
      "  password         = \"se|c:ret\"", "  domain           = \"example.org\"",
      "smtpost-queue(7)"}},
    {{{"dma.conf", "MAILNAME /etc/mailname\n"}}, "dma.conf", {"has no SMARTHOST"}},
    {{{"esmtprc", "hostname = smtp.example.org:25 # c\nusername = \"us#er\"\npassword = 'p'\n"
                  "identity = me@example.com\n hostname = smtp.example.com\n starttls = required\n"
                  " default\nmda = \"/usr/bin/procmail\"\n"}},
     "esmtprc",
     {"default-account = \"me@example.com\"", "account \"esmtp\" {",
      "  user             = \"us#er\"", "  tls              = none", "account \"me@example.com\" {",
      "  tls              = starttls", "  from             = \"me@example.com\"",
      "there is no local delivery"}},
    {{{"remotes", "# c\nmail.example.org smtp --port=2525 starttls user=u pass='a \"b' auth-login\n"
                  "second.example.org esmtps tls insecure\n"},
      {"me", "box.example.org\n"},
      {"defaultdomain", "example.org\n"},
      {"pausetime", "60\n"}},
     "", /* the directory */
     {"  hello            = \"box.example.org\"", "  domain           = \"example.org\"",
      "pausetime 60", "account \"nullmailer\" {", "  port             = 2525",
      "  password         = \"a \\\"b\"", "  auth             = login", "account \"nullmailer2\" {",
      "  tls-verify       = no", "  tls              = implicit", "protocol esmtps: only smtp"}},
};

static void make_file(const char *directory, const struct file *f)
{
    char path[400];
    const char *place = strstr(f->text, "{dir}");

    snprintf(path, sizeof path, "%s/%s", directory, f->name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    if (place)
        fprintf(out, "%.*s%s%s", (int)(place - f->text), f->text, directory, place + 5);
    else
        fputs(f->text, out);
    assert_int_equal(fclose(out), 0);
}

static void remove_files(const char *directory, const struct row *row)
{
    char path[400];

    for (size_t i = 0; i < 4 && row->files[i].name; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, row->files[i].name);
        unlink(path);
    }
    rmdir(directory);
}

static void run_row(const struct row *row)
{
    char directory[] = "/tmp/smtpost-import.XXXXXX", path[400];
    struct draft draft;
    struct buf out;
    struct err e;

    assert_non_null(mkdtemp(directory));
    for (size_t i = 0; i < 4 && row->files[i].name; i++)
        make_file(directory, &row->files[i]);
    snprintf(path, sizeof path, "%s/%s", directory, row->import);
    bool ok = import_file(path, &draft, &e);
    remove_files(directory, row);
    if (!ok)
        fail_msg("%s: %s", row->import, e.text);
    buf_init(&out, 100000);
    draft_write(&draft, &out);
    for (size_t i = 0; i < 16 && row->wanted[i]; i++)
        if (!strstr(out.data, row->wanted[i]))
            fail_msg("%s: \"%s\" is missing in:\n%s", row->import, row->wanted[i], out.data);
    buf_clear(&out);
    draft_clear(&draft);
}

static void foreign_files_become_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run_row(&rows[i]);
}

static void what_is_no_configuration_is_refused(void **state)
{
    static const struct {
        struct file file;
        const char *error;
    } faults[] = {
        {{"notes.txt", "buy milk\n"}, "could be recognised"},
        {{"msmtprc", "# nothing\n"}, "there is no account in it"},
        {{"ssmtp.conf", "Debug=YES\n"}, "there is no mailhub in it"},
        {{"esmtprc", "username = x\n"}, "there is no hostname in it"},
        {{"remotes", "# nothing\n"}, "there is no server in it"},
    };
    struct draft draft;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char directory[] = "/tmp/smtpost-import.XXXXXX", path[400];
        struct row row = {.files = {faults[i].file}};
        assert_non_null(mkdtemp(directory));
        make_file(directory, &faults[i].file);
        snprintf(path, sizeof path, "%s/%s", directory, faults[i].file.name);
        assert_false(import_file(path, &draft, &e));
        remove_files(directory, &row);
        if (!strstr(e.text, faults[i].error))
            fail_msg("%s: %s", faults[i].file.name, e.text);
        assert_int_equal(draft.count, 0);
    }
    assert_false(import_file("/nonexistent/msmtprc", &draft, &e));
}

static void write_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
}

static void a_nul_is_no_text(void **state)
{
    static const char text[] = "mail.example.org user=a\0\0pass=b\n";
    char directory[] = "/tmp/smtpost-import.XXXXXX", path[400];
    struct row row = {.files = {{"remotes", ""}}};
    struct draft draft;
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/remotes", directory);
    write_bytes(path, text, sizeof text - 1);
    assert_false(import_file(path, &draft, &e));
    assert_non_null(strstr(e.text, "there is a NUL in it"));
    /* The same in a file that another one leads to. */
    assert_false(import_file(directory, &draft, &e));
    remove_files(directory, &row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_files_become_ours),
        cmocka_unit_test(what_is_no_configuration_is_refused),
        cmocka_unit_test(a_nul_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
