/* SPDX-License-Identifier: BSD-2-Clause */
/* The live view of `leat top`, by ncurses: keys are read while the next sample is waited for. */
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "leat/client.h"
#include "leat/leat.h"
#include "leat/top.h"

enum { DELAY_MIN_MS = 100, DELAY_MAX_MS = 60000, HELP_LINES = 1 };

struct screen {
	struct client *c;
	struct top_view *v;
	struct top_sample *now;
	unsigned delay_ms;
	int skip; /* lines scrolled away */
	int at, n_lines; /* while drawing */
	bool paused, left, typing; /* typing: the filter */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- drawing --- */

/* The first line stays when the others are scrolled. */
static void draw_line(void *ctx, const char *text, bool is_head)
{
	struct screen *s = ctx;
	int y = s->n_lines ? s->n_lines - s->skip : 0;

	if ((s->n_lines == 0 || y > 0) && y < LINES - HELP_LINES) {
		attrset(is_head ? A_BOLD : A_NORMAL);
		mvaddnstr(y, 0, text, COLS);
	}
	s->n_lines++;
}

static void draw_help(const struct screen *s)
{
	move(LINES - 1, 0);
	attrset(A_REVERSE);
	if (s->typing)
		printw("filter: %s_  (Enter: done, Escape: none)", s->v->filter);
	else
		printw("q quit  s sort  / filter  space %s  1-4 sections  +- delay %.1f s  arrows scroll",
		       s->paused ? "GO ON (paused)" : "pause", s->delay_ms / 1000.0);
	attrset(A_NORMAL);
	clrtoeol();
}

static void draw(struct screen *s)
{
	erase();
	top_order(s->now, s->v);
	s->n_lines = 0;
	top_text(s->now, s->v, draw_line, s);
	draw_help(s);
	refresh();
}

/* --- keys --- */

static void type(struct screen *s, int key)
{
	char *f = s->v->filter;
	size_t len = strlen(f);

	if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		s->typing = false;
	} else if (key == 27) {
		s->typing = false;
		*f = 0;
	} else if (key == KEY_BACKSPACE || key == 127 || key == '\b') {
		f[len ? len - 1 : 0] = 0;
	} else if (key > ' ' && key < 127 && len + 1 < sizeof s->v->filter) {
		f[len] = (char)key;
		f[len + 1] = 0;
	}
}

static void scroll_by(struct screen *s, int lines)
{
	int most = MAX(s->n_lines - (LINES - HELP_LINES), 0);

	s->skip = MAX(MIN(s->skip + lines, most), 0);
}

static void command(struct screen *s, int key)
{
	static const enum top_kind kinds[] = { TOP_LCORES, TOP_DEVS, TOP_DROPS, TOP_NODES };

	switch (key) {
	case 'q':
	case 'Q':
		s->left = true;
		break;
	case 's':
		s->v->sort = (s->v->sort + 1) % TOP_SORTS;
		break;
	case '/':
		s->typing = true;
		break;
	case ' ':
	case 'p':
		s->paused = !s->paused;
		break;
	case '1':
	case '2':
	case '3':
	case '4':
		s->v->hidden[kinds[key - '1']] ^= true;
		break;
	case '+':
		s->delay_ms = MIN(s->delay_ms * 2, (unsigned)DELAY_MAX_MS);
		break;
	case '-':
		s->delay_ms = MAX(s->delay_ms / 2, (unsigned)DELAY_MIN_MS);
		break;
	case KEY_DOWN:
		scroll_by(s, 1);
		break;
	case KEY_UP:
		scroll_by(s, -1);
		break;
	case KEY_NPAGE:
		scroll_by(s, LINES - 4);
		break;
	case KEY_PPAGE:
		scroll_by(s, 4 - LINES);
		break;
	}
}

/* --- the loop --- */

static int sample(struct screen *s)
{
	struct top_sample *next;
	int err = top_sample(s->c, s->now, &next);

	if (err)
		return err;
	top_sample_free(s->now);
	s->now = next;
	return 0;
}

static int follow(struct screen *s)
{
	uint64_t due = now_ms() + MIN(s->delay_ms, 300U); /* rates appear soon */
	int err = 0;

	while (!s->left && !err) {
		uint64_t now = now_ms();
		if (now >= due) {
			err = s->paused ? 0 : sample(s);
			due = now + s->delay_ms;
		}
		if (!err)
			draw(s);
		timeout(err ? 0 : (int)(due - now_ms() < DELAY_MAX_MS ? due - now_ms() : 0));
		int key = getch();
		if (key == ERR)
			continue;
		if (key == 'L' - '@') /* ^L: somebody else wrote on the screen */
			clearok(curscr, TRUE);
		else if (s->typing)
			type(s, key);
		else
			command(s, key);
		scroll_by(s, 0);
	}
	return err;
}

/* A terminal that goes away ends us by SIGHUP; ncurses gives it back on SIGINT and SIGTERM. Errors wait until the screen is a
 * terminal again. */
int top_screen(struct client *c, struct top_view *v, unsigned delay_ms)
{
	struct screen s = { .c = c, .v = v, .delay_ms = delay_ms };
	SCREEN *term;
	int err;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return leat_error("top: there is no terminal: leat top --batch prints lines");
	if (sample(&s))
		return 1;
	term = newterm(NULL, stdout, stdin);
	if (!term) {
		top_sample_free(s.now);
		return leat_error(
			"top: a terminal of the kind \"%s\" is not known: leat top --batch prints lines",
			getenv("TERM") ? getenv("TERM") : "");
	}
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	err = follow(&s);
	endwin();
	delscreen(term);
	top_sample_free(s.now);
	return err;
}
