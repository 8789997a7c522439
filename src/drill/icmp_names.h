/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of ICMP types and codes in scripts. */
#ifndef LEAT_DRILL_ICMP_NAMES_H
#define LEAT_DRILL_ICMP_NAMES_H

#include "base/base.h"

/* False: there is no such name in that version. family: AF_INET or AF_INET6. */
bool icmp_type_of(uint8_t family, const char *name, uint8_t *ret);
bool icmp_code_of(uint8_t family, uint8_t type, const char *name, uint8_t *ret);
/* NULL: without a name. */
const char *icmp_type_name(uint8_t family, uint8_t type);
const char *icmp_code_name(uint8_t family, uint8_t type, uint8_t code);

#endif
