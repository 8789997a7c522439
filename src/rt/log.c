/* SPDX-License-Identifier: BSD-2-Clause */
/* The log: lines on standard error, or, when that is the journal's (JOURNAL_STREAM names it), messages with fields by
 * its own protocol, so that `journalctl -p warning` and `-t leatd` work.
 *
 * A stranger who finds a way to cause lines must not fill a disk, nor hide what else there is to say. So each kind of line has a
 * token bucket of its own, and all of them together have one. A kind is a level and the text without what differs from one line to
 * the next: digits, and what stands in quotation marks. The first line of a kind that is let through again says how many
 * were left out. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rt/rt_internal.h"

enum { ALL_BURST = 50, ALL_PER_SECOND = 10, KIND_BURST = 10, KIND_SECONDS = 5, LINE_BYTES = 1024 };

static const struct {
	const char *name;
	unsigned priority; /* syslog's */
} levels[] = {
	[LOG_ERROR] = { "error", 3 },
	[LOG_WARN] = { "warning", 4 },
	[LOG_INFO] = { "info", 6 },
	[LOG_DEBUG] = { "debug", 7 },
};

/* --- how much --- */

static uint32_t kind_of(enum log_level level, const char *line)
{
	uint32_t h = 2166136261u ^ level;
	bool quoted = false;
	for (const char *c = line; *c; c++) {
		quoted ^= *c == '"';
		if (!quoted && !(*c >= '0' && *c <= '9'))
			h = (h ^ (uint8_t)*c) * 16777619u;
	}
	return h;
}

/* Its bucket, or that of the kind that has been silent for longest. */
static struct rt_log_kind *kind_find(struct rt_log *l, uint32_t kind, uint64_t now_us)
{
	struct rt_log_kind *k = &l->kind[0];
	for (unsigned i = 0; i < ARRAY_SIZE(l->kind); i++) {
		if (l->kind[i].used && l->kind[i].kind == kind)
			return &l->kind[i];
		if (!l->kind[i].used || (k->used && l->kind[i].last_us < k->last_us))
			k = &l->kind[i];
	}
	*k = (struct rt_log_kind){ .used = true, .kind = kind, .tokens = KIND_BURST, .tokens_at_us = now_us };
	return k;
}

/* Also counts what is left out; *ret_left_out of this kind, *ret_others of all, before this one. */
static bool log_allowed(struct rt_log *l, uint32_t kind, uint64_t now_us, uint64_t *ret_left_out)
{
	struct rt_log_kind *k = kind_find(l, kind, now_us);
	uint64_t earned = (now_us - l->tokens_at_us) * ALL_PER_SECOND / 1000000;
	uint64_t own = (now_us - k->tokens_at_us) / (KIND_SECONDS * 1000000ull);
	k->last_us = now_us;
	if (earned) {
		l->tokens = (unsigned)MIN((uint64_t)ALL_BURST, l->tokens + earned);
		l->tokens_at_us = now_us;
	}
	if (own) {
		k->tokens = (unsigned)MIN((uint64_t)KIND_BURST, k->tokens + own);
		k->tokens_at_us = now_us;
	}
	if (!k->tokens || !l->tokens) {
		k->left_out++;
		return false;
	}
	k->tokens--;
	l->tokens--;
	*ret_left_out = k->left_out;
	k->left_out = 0;
	return true;
}

/* --- where to --- */

/* systemd.exec(5): "device:inode" of the stream that is connected to the journal. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;
	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && !fstat(STDERR_FILENO, &st) &&
	       st.st_dev == dev && st.st_ino == ino;
}

static int journal_open(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a)) {
		close(fd);
		return -1;
	}
	return fd;
}

void rt_log_init(struct rt_log *l)
{
	const char *path = getenv("LEAT_JOURNAL"); /* another journal's socket, for tests */
	pthread_mutex_init(&l->lock, NULL);
	l->tokens = ALL_BURST;
	l->in_journal = stderr_is_journal();
	l->journal_fd =
		l->in_journal || path ? journal_open(path ? path : "/run/systemd/journal/socket") : -1;
}

void rt_log_done(struct rt_log *l)
{
	pthread_mutex_destroy(&l->lock);
	if (l->journal_fd >= 0)
		close(l->journal_fd);
}

static bool tell_journal(struct real_rt *rr, enum log_level level, const char *line, uint64_t left_out)
{
	char text[LINE_BYTES + 256];
	int n = snprintf(
		text, sizeof text,
		"PRIORITY=%u\nSYSLOG_IDENTIFIER=%s\nLEAT_LEVEL=%s\nLEAT_LEFT_OUT=%llu\nMESSAGE=%.*s\n",
		levels[level].priority, rr->opts.log_name, levels[level].name, (unsigned long long)left_out,
		LINE_BYTES, line);
	return n > 0 && send(rr->log.journal_fd, text, (size_t)MIN(n, (int)sizeof text - 1),
			     MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* One line, whatever is in it. */
static void make_one_line(char *to, size_t len, const char *line, uint64_t left_out)
{
	if (left_out)
		snprintf(to, len, "%s (and %llu more like this, which were left out)", line,
			 (unsigned long long)left_out);
	else
		snprintf(to, len, "%s", line);
	for (; *to; to++)
		if (*to == '\n')
			*to = ' ';
}

void rt_log_line(struct leat_runtime *rt, enum log_level level, const char *line)
{
	struct real_rt *rr = real(rt);
	char text[LINE_BYTES], prefix[8] = "";
	uint64_t left_out = 0;
	if (level > rr->opts.log_level)
		return;
	pthread_mutex_lock(&rr->log.lock);
	bool allowed = log_allowed(&rr->log, kind_of(level, line), rt_now_us(rt), &left_out);
	pthread_mutex_unlock(&rr->log.lock);
	if (!allowed)
		return;
	make_one_line(text, sizeof text, line, left_out);
	if (rr->log.journal_fd >= 0 && tell_journal(rr, level, text, left_out))
		return;
	if (rr->log.in_journal) /* sd-daemon(3) */
		snprintf(prefix, sizeof prefix, "<%u>", levels[level].priority);
	dprintf(STDERR_FILENO, "%s%s: %s: %s\n", prefix, rr->opts.log_name, levels[level].name, text);
}
