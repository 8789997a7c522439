/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of what is saved in one place and taken up in another: a text in memory, written to and then read. */
#ifndef LEAT_CORE_SAVED_TEST_H
#define LEAT_CORE_SAVED_TEST_H

#include "base/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "core/save_file.h"

/* What is written there can be read here. */
static int saved_file = -1;

static inline struct saver *writing(void)
{
	saved_file = memfd_create("saved", MFD_CLOEXEC);
	struct saver *s = saver_new(save_to_fd, &saved_file);
	assert_non_null(s);
	return s;
}

static inline struct loader *written(struct saver *s)
{
	char why[128];
	assert_int_equal(saver_end(s), 0);
	struct loader *l = loader_new_fd(saved_file, "saved", why, sizeof why);
	assert_non_null(l);
	close(saved_file);
	saver_free(s);
	return l;
}

#endif
