/* SPDX-License-Identifier: BSD-2-Clause */
/* Saved text (core/save.h), changed line by line: that is how it is written. */
#ifndef LEAT_FUZZ_TEXT_CHANGE_H
#define LEAT_FUZZ_TEXT_CHANGE_H

#include <stddef.h>
#include <stdint.h>

/* Changes are five bytes each of data: line (2), what to do with it, and how (2): another value, of values or of another line, another
 * byte, away with it, or the object that begins there twice. Returns how long the result in to is. */
size_t text_change(const char *good, const char *const *values, unsigned n_values, const uint8_t *data,
		   size_t size, char *to, size_t room);

#endif
