/* SPDX-License-Identifier: BSD-2-Clause */
/* What every x_test.c includes: cmocka, with the headers it wants in front of it. */
#ifndef LEAT_BASE_TEST_H
#define LEAT_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
