/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* Every maximum of the program, in octets unless the name says otherwise. A buffer is born with
 * one of these; nothing grows past it, whatever a file, a caller or a server sends. */

enum {
    /* Addresses: RFC 5321 4.5.3.1.1 to 4.5.3.1.3 say 64, 255 and 256; some slack for the real
     * world (SRS, bounce tags), none for attackers. */
    LIMIT_LOCAL_PART = 256,
    LIMIT_DOMAIN = 255,
    LIMIT_PATH = LIMIT_LOCAL_PART + 1 + LIMIT_DOMAIN,

    /* Values of DSN parameters, in xtext (RFC 3461 4.2, 4.4). */
    LIMIT_ORCPT = 500,
    LIMIT_ENVID = 100,
    /* A parameter of MAIL or RCPT given by hand, and how many of them. */
    LIMIT_PARAMETER = 500,
    LIMIT_PARAMETERS = 4,

    /* Command lines we write (RFC 5321 4.5.3.1.4 says 512, more with parameters). */
    LIMIT_COMMAND = 4096,
    /* The initial response stays in the AUTH command while the line is at most this long,
     * else it waits for the 334 (RFC 4954 4). */
    LIMIT_AUTH_INLINE = 512,
    /* A line of an AUTH exchange (RFC 4954 4), tokens of several KiB included. */
    LIMIT_AUTH_LINE = 128 * 1024,

    /* Replies (RFC 5321 4.5.3.1.5 says 512 a line). */
    LIMIT_REPLY_LINE = 2048,
    LIMIT_REPLY_LINES = 256,
    LIMIT_REPLY = 64 * 1024,
    /* What is kept of the words of a refusal. */
    LIMIT_REPLY_TEXT = 1000,

    /* Text lines (RFC 5322 2.1.1), without CRLF. */
    LIMIT_TEXT_LINE = 998,
    /* The header block of a message, all fields together. */
    LIMIT_HEADER_BLOCK = 8 * 1024 * 1024,
    /* MIME structure that is looked into (RFC 2046 5.1): parts of a message, parts within parts, a
     * boundary (5.1.1 says 70). What is beyond stays as it is. */
    LIMIT_PARTS = 10000,
    LIMIT_PART_DEPTH = 64,
    LIMIT_BOUNDARY = 250,
    /* Recipients of one message. */
    LIMIT_RECIPIENTS = 100000,

    /* Domains in a session that are counted for RFC 9422 RCPTDOMAINMAX; more is no limit. */
    LIMIT_DOMAINS = 1000,

    /* The message is held in memory up to this size, in an unnamed file beyond it. */
    LIMIT_MESSAGE_MEMORY = 256 * 1024,
    /* One block of copying. */
    LIMIT_BLOCK = 64 * 1024,

    /* An envelope in the queue: LIMIT_RECIPIENTS of them with their addresses and what was said. */
    LIMIT_ENVELOPE_FILE = 128 * 1024 * 1024,

    /* Pipelined commands under way without an answer (RFC 2920 3.1 asks for a bound). */
    LIMIT_FLIGHT_COMMANDS = 10000,
    /* ... and message data: one chunk of BDAT, all that waits for its answer. */
    LIMIT_CHUNK = 1024 * 1024,
    LIMIT_FLIGHT_OCTETS = 4 * 1024 * 1024,
    /* ... and transactions. */
    LIMIT_FLIGHT_TRANSACTIONS = 100,

    /* Who submits over SMTP: recipients of one message, mistakes before he is sent away. */
    LIMIT_SERVER_RECIPIENTS = 10000,
    LIMIT_SERVER_MISTAKES = 20,

    /* The service, for each user unless it says otherwise (man: --limit): connections at a time;
     * messages that wait in the queue, and their octets; messages in a minute; octets of one. */
    LIMIT_SERVICE_CONNECTIONS = 400,
    LIMIT_SERVICE_SESSIONS = 100,
    LIMIT_SERVICE_MESSAGES = 10000,
    LIMIT_SERVICE_OCTETS = 1024 * 1024 * 1024,
    LIMIT_SERVICE_RATE = 1000,
    LIMIT_SERVICE_SIZE = 100 * 1024 * 1024,
    /* Servers that a message may have passed; with more it is in a loop (RFC 5321 6.3). */
    LIMIT_HOPS = 100,

    /* Configuration. */
    LIMIT_CONFIG_FILE = 1024 * 1024,
    LIMIT_LIKE_CHAIN = 8,
    LIMIT_INCLUDE_DEPTH = 8,
    LIMIT_SECRET = 64 * 1024,

    /* Alias files: one file; aliases of aliases; files that one recipient may pull in; faults that
     * are told. */
    LIMIT_ALIAS_FILE = 8 * 1024 * 1024,
    LIMIT_ALIAS_DEPTH = 32,
    LIMIT_ALIAS_INCLUDES = 256,
    LIMIT_ALIAS_FAULTS = 100,

    /* A log line, a line for a person. */
    LIMIT_LOG_LINE = 4096,
    /* What --json prints. */
    LIMIT_JSON = 64 * 1024 * 1024,
    LIMIT_ERROR_TEXT = 768,

    /* An HTML document that a composed message shows; what is larger can be attached. */
    LIMIT_HTML = 16 * 1024 * 1024,
    /* What a filter may add to a message. */
    LIMIT_FILTER_GROWTH = 64 * 1024 * 1024,
    /* What a helper program may print. */
    LIMIT_HELPER_OUTPUT = 64 * 1024
};

#endif
