/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a connection (RFC 9293, 3.3.2) and the steps between them, as a table. LISTEN is a listener, SYN-RECEIVED after a
 * listener a request, TIME-WAIT an object of its own; a connection is in SYN_RECV after a simultaneous open alone. */
#include "tcp/tcp_internal.h"

/* clang-format off */
const struct tcp_state_row tcp_states[TCP_STATES] = {
	/*                     name            on_close       on_fin           on_fin_acked    takes  sends */
	[TCP_ESTABLISHED] = { "ESTABLISHED", TCP_FIN_WAIT1, TCP_CLOSE_WAIT,  0,               true,  true  },
	[TCP_SYN_SENT]    = { "SYN_SENT",    TCP_CLOSE,     0,               0,               false, false },
	[TCP_SYN_RECV]    = { "SYN_RECV",    TCP_FIN_WAIT1, TCP_CLOSE_WAIT,  0,               true,  false },
	[TCP_FIN_WAIT1]   = { "FIN_WAIT1",   0,             TCP_CLOSING,     TCP_FIN_WAIT2,   true,  true  },
	[TCP_FIN_WAIT2]   = { "FIN_WAIT2",   0,             TCP_TIME_WAIT,   0,               true,  false },
	[TCP_TIME_WAIT]   = { "TIME_WAIT",   0,             0,               0,               false, false },
	[TCP_CLOSE]       = { "CLOSE",       0,             0,               0,               false, false },
	[TCP_CLOSE_WAIT]  = { "CLOSE_WAIT",  TCP_LAST_ACK,  0,               0,               false, true  },
	[TCP_LAST_ACK]    = { "LAST_ACK",    0,             0,               TCP_CLOSE,       false, true  },
	[TCP_LISTEN]      = { "LISTEN",      TCP_CLOSE,     0,               0,               false, false },
	[TCP_CLOSING]     = { "CLOSING",     0,             0,               TCP_TIME_WAIT,   false, true  },
};
/* clang-format on */

const char *tcp_state_name(uint8_t state)
{
	return state && state < TCP_STATES ? tcp_states[state].name : "?";
}

/* RFC 4022: tcpCurrEstab counts ESTABLISHED and CLOSE-WAIT. */
static bool is_up(uint8_t state)
{
	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
}

void tcp_set_state(struct tcp_conn *c, uint8_t state)
{
	uint64_t *up = &tcp_worker(c->w)->counts[TCP_N_CURR_ESTAB];
	racy_add(*up, (uint64_t)is_up(state) - (uint64_t)is_up(c->h.state));
	c->h.state = state;
}
