/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_REQUESTS_H
#define LEAT_REQUESTS_H

#include <stddef.h>
#include <stdint.h>

/* Requests to the families of those names (the last is NULL), now and then to another one, made by request_make.h of what is chosen, upon a
 * whole stack: several to a datagram, with a listener beside that may be slow, and time passing between. Whatever comes back has to be
 * well-formed; what was made of the stack can be saved and restored; and when all sockets are closed the stack must come down without a
 * leak (the accounts say so). The first byte chooses: bit 0 strict checking, bits 1 and 2 the form of acks, bit 3 no rich stack (rich.h),
 * bit 4 how many datagrams the sender takes before it is full, bit 5 that the listener takes none, bits 6 and 7 (01) saving. */
int requests_play(const char *const *families, const uint8_t *data, size_t size);

#endif
