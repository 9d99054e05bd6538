/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* Linked into a build for coverage alone, with ld's --wrap=_exit: the children that end by _exit
 * (base/run) would take what they have counted with them. */

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
