/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP's numbers: a script counts from 0, the stack from wherever it likes. */
#ifndef LEAT_DRILL_TALK_H
#define LEAT_DRILL_TALK_H

#include "drill/bytes.h"

enum { TALKS_MAX = 16, TALK_STAMPS_MAX = 256 };

/* What is known of the TCP connection over one flow. */
struct talk {
	struct flow flow;
	bool used, has_seq, has_remote, has_stamp;
	uint32_t remote_seq; /* of the SYN that the script sent */
	uint32_t local_isn, script_isn; /* of the stack's SYN: as it is, as the script says */
	uint32_t remote_isn; /* of the script's: of what comes after it numbers are counted from there */
	uint32_t first_script, first_live; /* time stamps */
	unsigned n_stamps;
	struct {
		uint32_t script, live;
	} stamp[TALK_STAMPS_MAX]; /* those seen, the oldest forgotten first */
};

struct talks {
	struct talk of[TALKS_MAX];
	unsigned next; /* to be forgotten */
	uint16_t next_port; /* of the next connection that the script opens */
	bool anew; /* listen() was called: the next SYN is another one, whatever its number */
};

bool talk_is_known(const struct talks *t, const struct flow *f);
/* That of this flow; made when there is none. */
struct talk *talk_of(struct talks *t, const struct flow *f);
/* A SYN of the script's begins another connection: its flow gets a port that none has had. Not when it is the same SYN again. */
void talk_begin(struct talks *t, struct flow *f, const struct packet *syn);
/* A packet of the script's in the stack's numbers. */
void talk_to_live(struct talk *t, const struct script *s, struct packet *p);
/* A packet of the stack's in the script's numbers; want: the one that it should be. */
void talk_to_script(struct talk *t, const struct script *s, const struct packet *want, struct packet *seen);
/* A script may want as one segment what comes as several: `more`, which follows, becomes part of p. False: it does not follow. */
bool talk_join(struct packet *p, const struct packet *more);

#endif
