/* SPDX-License-Identifier: BSD-2-Clause */
/* fib_exc.c with another way to set the timer of an exception. */
#include "mutants.h"
#include "net/fib_exc_internal.h"

#define timer_set_at(wheel, timer, when_us) mutant_exception_timer(wheel, timer, when_us)

#include "net/fib_exc.c"
