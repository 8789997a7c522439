/* SPDX-License-Identifier: BSD-2-Clause */
/* What expressions of scripts are worth. */
#ifndef LEAT_DRILL_VALUES_H
#define LEAT_DRILL_VALUES_H

#include <sys/socket.h>

#include "drill/script.h"

/* A constant of Linux by its name. */
bool value_of_name(const char *name, int64_t *ret);
/* ECONNREFUSED: a positive number; 0: there is none of that name. */
int errno_of_name(const char *name);

/* Numbers, names, a | b, htons(n) (which is n: ports are kept in host order), [n], INADDR_ANY. False for anything else, ... included. */
bool value_int(const struct expr *e, int64_t *ret);
static inline bool value_is_any(const struct expr *e)
{
	return !e || e->kind == EXPR_ANY;
}
static inline bool value_is_string(const struct expr *e)
{
	return e && (e->kind == EXPR_STRING || e->kind == EXPR_STRING_ANY);
}
/* The value of a field of a structure; NULL: it has none of that name. Two names: either. */
const struct expr *value_field(const struct expr *e, const char *name, const char *or_name);
/* A struct sockaddr written as {sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr("192.0.2.1")}. False: it is not. */
bool value_sockaddr(const struct expr *e, struct sockaddr_storage *ret, socklen_t *ret_len);

#endif
