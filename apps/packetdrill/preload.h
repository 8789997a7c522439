/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library tells the preloaded interposer, when there is one. */
#ifndef LEAT_PACKETDRILL_PRELOAD_H
#define LEAT_PACKETDRILL_PRELOAD_H

#include <stdbool.h>
#include <sys/socket.h>

struct preload_ops {
	void *userdata;
	/* As system(3) returns: a shell line answered by the stack. */
	int (*system)(void *userdata, const char *command);
	bool (*is_ours)(void *userdata, int fd);
	int (*getsockopt)(void *userdata, int fd, int level, int name, void *val, socklen_t *len);
};
#define PRELOAD_REGISTER "leat_packetdrill_register"
/* Found by name in the process. NULL: the stack is gone. */
typedef void preload_register_fn(const struct preload_ops *ops);

#endif
