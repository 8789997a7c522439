/* SPDX-License-Identifier: BSD-2-Clause */
/* LD_PRELOADed into the tool beside the library: the tool gives shell lines in backquotes to system(3), and code in %{ }% asks
 * getsockopt(2) itself. Both are answered by the stack under test, or left to the C library while there is none. A line that
 * the stack does not understand fails: nothing of a script touches the host. One stack at a time, like the tool.
 *
 * What is preloaded has no other place to keep what it was told than a variable of its own: the one exception to the rule that there
 * are none. It is written before the tool's script begins and after it has ended. */
#include "packetdrill/preload.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

static struct preload_ops stack;

EXPORT void leat_packetdrill_register(const struct preload_ops *ops);
EXPORT void leat_packetdrill_register(const struct preload_ops *ops)
{
	stack = ops ? *ops : (struct preload_ops){ 0 };
}

/* The tool runs what it made of %{ }% by itself: "python3 /tmp/code_XXXXXX", when the script has come to its end. */
static bool is_code(const char *command)
{
	static const char name[] = " /tmp/code_";
	const char *at = strstr(command, name);
	size_t len = strlen(name) + 6;
	return at && strlen(at) == len && !strncmp(command, "python3 ", 8) && !strpbrk(command, ";&|<>`$\n");
}

EXPORT int system(const char *command)
{
	int (*next)(const char *);
	void *sym = dlsym(RTLD_NEXT, "system");
	memcpy(&next, &sym, sizeof next);
	return stack.system && command && !is_code(command) ? stack.system(stack.userdata, command)
							    : next(command);
}

EXPORT int getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	int (*next)(int, int, int, void *, socklen_t *);
	void *sym = dlsym(RTLD_NEXT, "getsockopt");
	memcpy(&next, &sym, sizeof next);
	return stack.system && stack.is_ours(stack.userdata, fd)
		       ? stack.getsockopt(stack.userdata, fd, level, name, val, len)
		       : next(fd, level, name, val, len);
}
