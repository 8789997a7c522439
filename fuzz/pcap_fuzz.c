/* SPDX-License-Identifier: BSD-2-Clause */
/* The input is a capture file that a pcap interface is to play: pcap or pcapng, whole or not. Either it is refused with a line that
 * says why, or its frames lie where they are said to be, in the order of time. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/manual.h"
#include "dev/pcap_file.h"
#include "fuzz.h"
#include "stack/stack_modules.h"

static void check_frames(const struct pcap_frames *f, size_t size)
{
	uint64_t end = 0, at_us = 0;
	for (uint32_t i = 0; i < f->n; i++) {
		const struct pcap_frame *x = &f->frame[i];
		fuzz_check(x->off == end && x->at_us >= at_us);
		end += x->len;
		at_us = x->at_us;
	}
	fuzz_check(end <= size);
	FILE *nowhere = fopen("/dev/null", "we"); /* a sanitizer sees whether the bytes are there */
	fuzz_check(nowhere && fwrite(f->bytes, 1, end, nowhere) == end);
	fclose(nowhere);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct module *const none[] = { NULL };
	struct leat_stack *st;
	struct pcap_frames f;
	char path[40], why[512] = "";
	int fd = memfd_create("capture", MFD_CLOEXEC);
	struct manual_rt *m = manual_rt_new(1, 1);
	fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	fuzz_check(stack_new(manual_rt_of(m), "pcap", 1, none, &st) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int err = pcap_frames_load(st, path, &f, why, sizeof why);
	fuzz_check(!err || (err < 0 && why[0]));
	if (!err)
		check_frames(&f, size);
	pcap_frames_free(&f);
	stack_free(st);
	manual_rt_free(m);
	close(fd);
	return 0;
}
