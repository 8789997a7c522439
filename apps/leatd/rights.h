/* SPDX-License-Identifier: BSD-2-Clause */
/* Getting rid of rights, and getting a namespace of one's own where rights harm nobody. */
#ifndef LEATD_RIGHTS_H
#define LEATD_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A new user and network namespace with this user mapped to root in it. 0 or -errno. */
int rights_own_namespace(void);
/* Whom to become when started as root: the named user, else the first of "leat" and "nobody" that exists.
 * 0 or -ENOENT. */
int rights_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid);
/* From now on no more than these (a mask of 1 << CAP_...) of those that are there, for good. 0 or -errno. */
int rights_keep(uint64_t caps);
/* Becomes that user (when change_user) and gives up every capability, for good. 0 or -errno. */
int rights_drop(bool change_user, uid_t uid, gid_t gid);

/* As many descriptors as there may be: clients bring some each, and the usual 1,024 are few. What cannot be had is done without. */
void rights_more_descriptors(void);

#endif
