/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_VERB_H
#define SMTP_VERB_H

/* The facts about the steps of a conversation, in one table that deadlines, error texts and
 * transcripts read. */

enum verb {
    VERB_GREETING,           /* the server's 220: nothing is sent */
    VERB_EHLO,
    VERB_HELO,
    VERB_LHLO,               /* LMTP's EHLO */
    VERB_STARTTLS,
    VERB_AUTH,
    VERB_MAIL,
    VERB_RCPT,
    VERB_DATA,
    VERB_BDAT,               /* a chunk that is not the last one */
    VERB_BODY,               /* the end of the data, by a dot or by BDAT LAST */
    VERB_RSET,
    VERB_QUIT,
    VERBS
};

struct verb_facts {
    const char *name;        /* as on the wire; "greeting" and "end of data" for the two others */
    const char *noun;        /* what a refusal refuses: "sender refused: 550 ..." */
    const char *section;     /* of which RFC */
    int seconds;             /* RFC 5321 4.5.3.2: how long to wait for the answer */
};

extern const struct verb_facts verbs[VERBS];

#endif
