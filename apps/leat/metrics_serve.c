/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics over HTTP, by libmicrohttpd.
 *
 * Theory of operation: one thread waits for the server's descriptor and for signals. A scrape asks the daemon, for two seconds at most;
 * scrapes that come soon after get the same text, so that nobody can keep the daemon busy through us. Who connects has
 * DEADLINE_MS for all it wants, whether it is slow or not: connections are bounded in number, memory and time, and when they are many
 * the oldest is closed to make room for the next. The daemon may come and go; leat_up says which. */
#include "leat/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "leat/client.h"
#include "leat/leat.h"

enum {
	CONNECTIONS_MAX = 64,
	CONNECTIONS_MANY = 48,
	DEADLINE_MS = 10000,
	REQUEST_BYTES = 16384,
	FRESH_MS = 200,
	BACKLOG = 64,
	ACTIVATED_FD = 3, /* sd_listen_fds(3) */
};

struct conn {
	struct list link; /* oldest first */
	uint64_t since_ms;
	int fd;
	bool hung_up;
};

struct server {
	const char *daemon;
	struct client *c; /* NULL: to be connected */
	bool said; /* that there is no daemon */
	struct list conns;
	unsigned n_conns; /* but for those we hung up on */
	struct {
		char *p;
		size_t len;
		uint64_t at_ms;
	} text[2]; /* by format */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- the text --- */

static void say_once(struct server *s, bool gone)
{
	if (gone && !s->said)
		leat_error("metrics: the daemon does not answer; leat_up is 0 until it does");
	s->said = gone;
}

static void collect(struct server *s, struct metrics *m)
{
	int err = s->c ? 0 : client_try(s->daemon, &s->c);

	*m = (struct metrics){ 0 };
	if (!err)
		err = metrics_collect(s->c, m);
	if (err) {
		client_close(s->c);
		s->c = NULL;
	}
	say_once(s, err);
}

/* false: no memory. */
static bool refresh(struct server *s, bool open)
{
	struct metrics m;
	FILE *f;

	if (s->text[open].p && now_ms() - s->text[open].at_ms < FRESH_MS)
		return true;
	free(s->text[open].p);
	s->text[open].p = NULL;
	f = open_memstream(&s->text[open].p, &s->text[open].len);
	if (!f)
		return false;
	collect(s, &m);
	metrics_text(&m, open, f);
	metrics_done(&m);
	s->text[open].at_ms = now_ms();
	return !fclose(f) && s->text[open].p;
}

/* --- HTTP --- */

static enum MHD_Result answer(struct MHD_Connection *conn, unsigned status, const char *type,
			      const char *text, size_t len)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ret;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	ret = MHD_queue_response(conn, status, r);
	MHD_destroy_response(r);
	return ret;
}

static enum MHD_Result answer_line(struct MHD_Connection *conn, unsigned status, const char *line)
{
	return answer(conn, status, "text/plain; charset=utf-8", line, strlen(line));
}

static enum MHD_Result asked(void *ctx, struct MHD_Connection *conn, const char *url, const char *method,
			     const char *version, const char *body, size_t *body_len, void **state)
{
	const char *accept = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool open = accept && strstr(accept, "application/openmetrics-text");
	struct server *s = ctx;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_line(conn, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD are served.\n");
	if (!strcmp(url, "/"))
		return answer_line(conn, MHD_HTTP_OK, "leat's metrics are at /metrics.\n");
	if (strcmp(url, "/metrics") != 0)
		return answer_line(conn, MHD_HTTP_NOT_FOUND, "There is /metrics only.\n");
	if (!refresh(s, open))
		return answer_line(conn, MHD_HTTP_SERVICE_UNAVAILABLE, "Out of memory.\n");
	return answer(conn, MHD_HTTP_OK,
		      open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			   : "text/plain; version=0.0.4; charset=utf-8",
		      s->text[open].p, s->text[open].len);
}

/* --- connections --- */

/* The server notices that nothing more comes, and tells us by came_or_went(). */
static void hang_up(struct server *s, struct conn *c)
{
	if (c->hung_up)
		return;
	c->hung_up = true;
	s->n_conns--;
	shutdown(c->fd, SHUT_RDWR);
}

static void hang_up_oldest(struct server *s)
{
	struct conn *c;

	list_for_each (c, &s->conns, link)
		if (!c->hung_up) {
			hang_up(s, c);
			return;
		}
}

static void came(struct server *s, struct MHD_Connection *conn, void **ret_conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct conn *c = info ? calloc(1, sizeof *c) : NULL;

	*ret_conn = c;
	if (!c)
		return;
	if (s->n_conns >= CONNECTIONS_MANY)
		hang_up_oldest(s);
	c->fd = info->connect_fd;
	c->since_ms = now_ms();
	list_append(&s->conns, &c->link);
	s->n_conns++;
}

static void came_or_went(void *ctx, struct MHD_Connection *conn, void **state,
			 enum MHD_ConnectionNotificationCode what)
{
	struct server *s = ctx;
	struct conn *c = *state;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		came(s, conn, state);
	} else if (c) {
		list_remove(&c->link);
		s->n_conns -= !c->hung_up;
		free(c);
	}
}

static void hang_up_late(struct server *s)
{
	struct conn *c;

	list_for_each (c, &s->conns, link)
		if (now_ms() - c->since_ms >= DEADLINE_MS)
			hang_up(s, c);
}

/* --- listening --- */

static int listen_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof a.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno == ECONNREFUSED)
		unlink(path); /* of one that is gone */
	if (bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

static int listen_at(const struct addrinfo *a)
{
	int on = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

/* ADDRESS:PORT or [ADDRESS]:PORT, numbers both. */
static int listen_inet(const char *words)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(words, ':');
	struct addrinfo *a;
	char host[64];
	int fd;

	errno = EINVAL;
	if (!colon || colon == words || strlen(colon + 1) > 5 || atoi(colon + 1) < 1 ||
	    atoi(colon + 1) > UINT16_MAX)
		return -1;
	snprintf(host, sizeof host, "%.*s", (int)(colon - words - 2 * (*words == '[')),
		 words + (*words == '['));
	if ((*words == '[') != (colon[-1] == ']') || getaddrinfo(host, colon + 1, &hints, &a))
		return -1;
	fd = listen_at(a);
	freeaddrinfo(a);
	return fd;
}

/* What systemd listens at for us comes first. */
static int activated(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

	return pid && n && atoi(pid) == getpid() && atoi(n) == 1 ? ACTIVATED_FD : -1;
}

static int listen_somewhere(const char *where)
{
	int fd = activated();

	if (fd >= 0)
		return fd;
	fd = strncmp(where, "unix:", 5) ? listen_inet(where) : listen_unix(where + 5);
	if (fd < 0 && errno == EINVAL)
		leat_error("metrics: --listen takes ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH, not %s",
			   where);
	else if (fd < 0)
		leat_error("metrics: cannot listen at %s: %s", where, strerror(errno));
	return fd;
}

/* --- the loop --- */

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void serve(struct server *s, struct MHD_Daemon *d, int signals)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd p[] = { { .fd = info->epoll_fd, .events = POLLIN },
			      { .fd = signals, .events = POLLIN } };

	do {
		MHD_UNSIGNED_LONG_LONG ms = 1000;
		MHD_run(d);
		hang_up_late(s);
		if (MHD_get_timeout(d, &ms) != MHD_YES || ms > 1000)
			ms = 1000;
		if (list_empty(&s->conns) && ms == 1000)
			ms = UINT32_MAX; /* nothing to be late */
		poll(p, 2, ms == UINT32_MAX ? -1 : (int)ms);
	} while (!p[1].revents);
}

int metrics_serve(const char *daemon, const char *listen_words)
{
	struct server s = { .daemon = daemon };
	int fd = listen_somewhere(listen_words), signals;
	struct MHD_Daemon *d;

	if (fd < 0)
		return 1;
	list_init(&s.conns);
	signals = watch_signals();
	d = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, asked, &s, MHD_OPTION_LISTEN_SOCKET, fd,
			     MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
			     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(DEADLINE_MS / 1000),
			     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
			     MHD_OPTION_NOTIFY_CONNECTION, came_or_went, &s, MHD_OPTION_END);
	if (!d)
		return leat_error("metrics: cannot serve: %s", strerror(errno));
	serve(&s, d, signals);
	MHD_stop_daemon(d);
	if (!strncmp(listen_words, "unix:", 5) && activated() < 0)
		unlink(listen_words + 5);
	client_close(s.c);
	free(s.text[0].p);
	free(s.text[1].p);
	close(signals);
	return 0;
}
