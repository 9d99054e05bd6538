/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "queue/schedule.h"

/* The longest pause with its jitter. */
#define LONGEST (SCHEDULE_LONGEST + SCHEDULE_LONGEST / 8)

unsigned long schedule_pause(unsigned long first, unsigned long tries, uint32_t dice)
{
    unsigned long pause = first ? first : 1;

    for (unsigned long i = 1; i < tries && pause < SCHEDULE_LONGEST; i++)
        pause *= 2;
    if (pause > SCHEDULE_LONGEST)
        pause = SCHEDULE_LONGEST;
    unsigned long spread = pause / 4 + 1;
    return pause - pause / 8 + dice % spread;
}

bool schedule_is_due(time_t next, time_t last, time_t now)
{
    return schedule_wait(next, last, now) == 0;
}

unsigned long schedule_wait(time_t next, time_t last, time_t now)
{
    if (now >= next || now < last || next - now > LONGEST)
        return 0;
    return (unsigned long)(next - now);
}

unsigned long schedule_turn(enum schedule_case which, const struct schedule_times *message,
                            const struct schedule_times *account, time_t now)
{
    unsigned long rest = account->next ? schedule_wait(account->next, account->last, now) : 0;
    unsigned long own = schedule_wait(message->next, message->last, now);

    if (which == SCHEDULE_NEW && rest > 0) {
        unsigned long probe = schedule_wait(account->last + SCHEDULE_PROBE, account->last, now);
        return probe < rest ? probe : rest;
    }
    if (which == SCHEDULE_WITH_ACCOUNT)
        return rest;
    return own > rest ? own : rest;
}

unsigned long schedule_age(unsigned long age, time_t last, time_t now)
{
    if (now <= last)
        return age;
    unsigned long gap = now - last > SCHEDULE_GAP ? SCHEDULE_GAP : (unsigned long)(now - last);
    return age + gap;
}

bool schedule_is_over(unsigned long age, unsigned long lifetime)
{
    return age >= lifetime;
}
