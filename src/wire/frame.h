/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet in one line, for people. */
#ifndef LEAT_WIRE_FRAME_H
#define LEAT_WIRE_FRAME_H

#include "base/cursor.h"

/* From the Ethernet header on. Always a proper string when size > 0, and never a newline in it. */
void wire_print_frame(struct cursor c, char *to, size_t size);
/* From the network header on; ethertype says which. */
void wire_print_l3(uint16_t ethertype, struct cursor c, char *to, size_t size);

#endif
