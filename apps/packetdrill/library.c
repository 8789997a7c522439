/* SPDX-License-Identifier: BSD-2-Clause */
/* libleat-packetdrill.so: a leat stack in virtual time, as a stack in user space for google's packetdrill. Start reading here: making
 * it, its network device, the shell lines, its end. Time is in clock.c, sockets in calls.c. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drill/shell.h"
#include "packetdrill/tested.h"

/* --- the network device --- */

static int netdev_send(void *u, const void *buf, size_t len)
{
	struct tested *t = u;
	tested_lock(t);
	int err = len ? world_inject(t->w, buf, (uint32_t)len) : -EINVAL;
	clock_poke(t);
	tested_unlock(t);
	return (int)call_result(err);
}

static int netdev_receive(void *u, void *buf, size_t *len, long long *ret_at_us)
{
	struct tested *t = u;
	tested_lock(t);
	struct caught *k = clock_packet(t);
	size_t n = k ? MIN(*len, (size_t)k->len) : 0;
	if (n)
		memcpy(buf, k->bytes, n);
	*ret_at_us = k ? (long long)k->at_us : 0;
	*len = n;
	free(k);
	tested_unlock(t);
	return 0;
}

/* --- shell lines --- */

static int shell(void *u, const char *command)
{
	enum { EXIT_1 = 1 << 8 };
	struct tested *t = u;
	char why[256];
	const char *missing = shell_missing(".", command, why, sizeof why);
	tested_lock(t);
	int err = missing ? -ENOSYS : shell_run(t->w, ".", command, why, sizeof why);
	manual_rt_settle(t->w->m);
	clock_poke(t);
	tested_unlock(t);
	if (err)
		fprintf(stderr, "leat: %s\n", why);
	return err ? EXIT_1 : 0;
}

/* False: it is not there. */
static bool preload_tell(const struct preload_ops *ops)
{
	preload_register_fn *fn;
	void *sym = dlsym(RTLD_DEFAULT, PRELOAD_REGISTER);
	memcpy(&fn, &sym, sizeof fn);
	if (fn)
		fn(ops);
	return fn != NULL;
}

/* --- beginning and end --- */

static void tested_free(void *u)
{
	struct tested *t = u;
	if (!t)
		return;
	preload_tell(NULL);
	calls_close_all(t);
	world_free(t->w);
	script_free(t->script);
	pthread_cond_destroy(&t->woken);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct tested *tested_new(const char *flags, char *ret_why, size_t why_len)
{
	struct tested *t = calloc(1, sizeof *t);
	int err = -ENOMEM;
	snprintf(ret_why, why_len, "no memory");
	if (!t)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->woken, NULL);
	t->clockwork = pthread_self();
	t->first_tid = gettid();
	if (!options_read(t, flags, ret_why, why_len))
		goto free_tested;
	err = world_new(t->script, &t->w);
	if (!err)
		return t;
	snprintf(ret_why, why_len, "no stack: %s", strerror(-err));
free_tested:
	tested_free(t);
	return NULL;
}

void packetdrill_interface_init(const char *flags, struct tool_interface *ret)
{
	char why[256];
	struct tested *t = tested_new(flags, why, sizeof why);
	if (!t) { /* there is no way to say no */
		fprintf(stderr, "leat: %s\n", why);
		exit(2);
	}
	*ret = (struct tool_interface){ .userdata = t,
					.free = tested_free,
					.netdev_send = netdev_send,
					.netdev_receive = netdev_receive,
					.usleep = clock_usleep,
					.gettimeofday = clock_gettimeofday };
	calls_fill(ret);
	t->preload = (struct preload_ops){ t, shell, calls_is_ours, ret->getsockopt };
	if (!preload_tell(&t->preload)) {
		fprintf(stderr, "leat: without its interposer (LD_PRELOAD; the tool must not be linked "
				"statically) the "
				"script's shell lines would be the host's\n");
		exit(2);
	}
}
