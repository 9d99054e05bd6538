/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/verb.h"

const struct verb_facts verbs[VERBS] = {
    [VERB_GREETING] = {"greeting", "connection", "RFC 5321 3.1", 300},
    [VERB_EHLO] = {"EHLO", "EHLO", "RFC 5321 4.1.1.1", 300},
    [VERB_HELO] = {"HELO", "HELO", "RFC 5321 4.1.1.1", 300},
    [VERB_LHLO] = {"LHLO", "LHLO", "RFC 2033 4.1", 300},
    [VERB_STARTTLS] = {"STARTTLS", "STARTTLS", "RFC 3207 4", 120},
    [VERB_AUTH] = {"AUTH", "login", "RFC 4954 4", 120},
    [VERB_MAIL] = {"MAIL FROM", "sender", "RFC 5321 4.1.1.2", 300},
    [VERB_RCPT] = {"RCPT TO", "recipient", "RFC 5321 4.1.1.3", 300},
    [VERB_DATA] = {"DATA", "data", "RFC 5321 4.1.1.4", 120},
    [VERB_BDAT] = {"BDAT", "message", "RFC 3030 2", 180},
    [VERB_BODY] = {"end of data", "message", "RFC 5321 4.1.1.4", 600},
    [VERB_RSET] = {"RSET", "RSET", "RFC 5321 4.1.1.5", 300},
    [VERB_QUIT] = {"QUIT", "QUIT", "RFC 5321 4.1.1.10", 10},
};
