/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic netlink family "leat_file": the files of /proc/net, /proc/sys/net and /sys/class/net, as Linux words them. `leat run`
 * is its client. Paths begin without a slash: "proc/net/dev", "sys/class/net/lo". Enums only, numbers never change their meaning,
 * new ones are appended. Commands marked (admin) answer EPERM to those who may not configure the stack. */
#ifndef LEAT_FILE_H
#define LEAT_FILE_H

#define LEAT_FILE_GENL_NAME    "leat_file"
#define LEAT_FILE_GENL_VERSION 1

enum leat_file_cmd {
	LEAT_FILE_CMD_UNSPEC,
	LEAT_FILE_CMD_STAT, /* do: PATH. Answer: MODE, and TARGET of a symbolic link */
	LEAT_FILE_CMD_LIST, /* dump: PATH of a directory. Answer: NAME, MODE */
	LEAT_FILE_CMD_READ, /* dump: PATH. Answer: TEXT, piece by piece */
	LEAT_FILE_CMD_WRITE, /* do (admin): PATH, TEXT */
	LEAT_FILE_CMD_MAX_PLUS_1,
};

enum leat_file_attr {
	LEAT_FILE_A_UNSPEC,
	LEAT_FILE_A_PATH, /* string */
	LEAT_FILE_A_NAME, /* string */
	LEAT_FILE_A_MODE, /* u32: as st_mode, type and permissions */
	LEAT_FILE_A_TARGET, /* string */
	LEAT_FILE_A_TEXT, /* bytes */
	LEAT_FILE_A_MAX_PLUS_1,
};

#endif
