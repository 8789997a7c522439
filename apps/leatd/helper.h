/* SPDX-License-Identifier: BSD-2-Clause */
/* The privileged helper: a process that leatd starts before it gives up its rights. It opens what needs rights, one request
 * at a time over a SOCK_SEQPACKET pair, and gives interfaces back when the other end closes, for whatever reason. */
#ifndef LEATD_HELPER_H
#define LEATD_HELPER_H

#include <net/if.h>

#include "base/base.h"
#include "calls.h"
#include "dev/host.h"

/* --- the protocol --- */

enum {
	HELPER_PROTOCOL = 1
}; /* grows when what follows changes: a helper outlives the daemon that started it (give.c) */
enum helper_op { HELPER_HOLD, HELPER_QUEUE, HELPER_GIVE_BACK, HELPER_TAP };

struct helper_req {
	uint32_t op; /* enum helper_op */
	uint32_t
		arg; /* HOLD: enum dev_hold_flags; QUEUE: its number (a descriptor may come with it: the umem); TAP: enum dev_tap_flags */
	char ifname[IFNAMSIZ]; /* NUL-terminated */
};
struct helper_rep {
	int32_t err; /* 0 (with a descriptor, but for GIVE_BACK) or -errno */
	char why[236]; /* a line for a person: when err, or what was refused on the way */
};

/* --- helper.c: the helper's side --- */

/* Serves requests on fd until the other end closes, cleans up and exits. `sock_path` (may be NULL) is a Unix socket that
 * it takes away then, if it is still the same one. */
__attribute__((noreturn)) void helper_main(int fd, const char *sock_path, enum calls_mode calls);

/* --- helper_call.c: the daemon's side --- */

struct helper {
	struct dev_host host;
	int fd; /* -1: there is none, and calls say so */
	pid_t pid; /* 0: it has ended */
	bool borrowed; /* it still is another process's: nothing is given back */
	char kept
		[256]; /* names of what was to be given back when there was no helper to do it; " ..." at the end: some more */
};

/* Forks the helper; before any thread exists. 0 or -errno. */
int helper_start(struct helper *h, const char *sock_path, enum calls_mode calls);
/* A daemon without rights: every call explains itself. */
void helper_none(struct helper *h);
/* One that another process started. It is borrowed at first. */
void helper_adopt(struct helper *h, int fd, pid_t pid);
/* Its end has closed, which it never does by itself: reaps it and returns how it ended, as waitpid() says. */
int helper_reap(struct helper *h);
/* Lets it clean up and waits for it. False when interfaces stay held because it was gone: their names are in h->kept. */
bool helper_stop(struct helper *h);

#endif
