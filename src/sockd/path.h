/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a daemon of a given name listens: ${LEAT_RUNDIR}, else /run/leat for root, else ${XDG_RUNTIME_DIR}/leat, else
 * /tmp/leat-UID; in it NAME.sock, a SOCK_SEQPACKET Unix socket. Used by the daemon and by its clients. */
#ifndef LEAT_SOCKD_PATH_H
#define LEAT_SOCKD_PATH_H

#include <stddef.h>

#define SOCKD_DEFAULT_NAME "leat"
enum { SOCKD_PATH_MAX = 108 }; /* of sockaddr_un */

/* Where `leatd --name name` listens when started by this user. 0; -EINVAL: the name has other characters than letters,
 * digits, '.', '_', '-', starts with '.' or is too long; -ENAMETOOLONG. */
int sockd_path(const char *name, char *ret_path, size_t len_bytes);

/* The daemon's side: makes the directory when it is missing, and the name is this process's as long as the descriptor is open here
 * or wherever it is handed on to. 0, -EADDRINUSE when somebody has it, -errno. */
int sockd_lock(const char *path, int *ret_fd);

/* Then: makes the directory when it is missing, takes away a socket that nobody listens on any more, and
 * listens; anyone may connect (rights come from SO_PEERCRED). The descriptor is non-blocking and closes on exec.
 * 0, -EADDRINUSE when a daemon lives there, -errno. */
int sockd_listen(const char *path, int *ret_fd);

/* A client's side: connects to the daemon of that name, this user's or else the system's. *ret_path is what was tried first
 * when none answered, for the error line; it is always written unless the name is bad. 0 or -errno. */
int sockd_connect(const char *name, char *ret_path, size_t len_bytes, int *ret_fd);

/* A client's side: the names of the daemons that sockd_connect() would find at this moment, each once; in order within a directory. */
typedef void sockd_name_fn(void *ctx, const char *name);
void sockd_each(sockd_name_fn *fn, void *ctx);

#endif
