/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic netlink family "leat": what leatd offers that Linux has no message for. The `leat` command is its client; any
 * other program may be one: resolve the family by name with the controller (CTRL_CMD_GETFAMILY), then send these commands.
 * Enums only, numbers never change their meaning, new ones are appended.
 *
 * Integers are in host order. A type is written behind each attribute; "msg:" tells in which messages it is found.
 * Commands marked (admin) answer EPERM to those who may not configure the stack. Refusals carry a line of text in
 * NLMSGERR_ATTR_MSG for sockets with NETLINK_EXT_ACK. */
#ifndef LEAT_GENL_H
#define LEAT_GENL_H

#define LEAT_GENL_NAME    "leat"
#define LEAT_GENL_VERSION 1

enum leat_cmd {
	LEAT_CMD_UNSPEC,
	LEAT_CMD_STACK_GET, /* do: the stack as a whole. Answer: NAME, TIME_US, WORKERS, PACKETS_DROPPED, MODULES, ROUTES_* */
	LEAT_CMD_DEV_GET, /* do: one device, by IFINDEX or IFNAME; dump: all. Answer: see LEAT_A_DEV_* */
	LEAT_CMD_DEV_ADD, /* do (admin): opens a device: KIND, IFNAME, OPTIONS ("key=value,..."; may be absent) */
	LEAT_CMD_DEV_DEL, /* do (admin): by IFINDEX or IFNAME */
	LEAT_CMD_NODE_GET, /* dump: a message per node of the graph, its edges and counters */
	LEAT_CMD_DROP_GET, /* dump: a message per (node, reason); those with count 0 only when ALL is present */
	LEAT_CMD_LCORE_GET, /* dump: a message per lcore */
	LEAT_CMD_MEM_GET, /* dump: a message per memory account */
	LEAT_CMD_TRACE_START, /* do (admin): FILTER, LIMIT_PACKETS; one trace per stack (EBUSY). Ends with the socket */
	LEAT_CMD_TRACE_STOP, /* do (admin): by the socket that started it */
	LEAT_CMD_TRACE_RECORD, /* sent to the socket that started the trace: a packet at a node */
	LEAT_CMD_TRACE_END, /* sent to the same when the last packet of LIMIT is through, or upon STOP: LOST */
	LEAT_CMD_SAVE, /* dump (admin): the saved stack as text, a piece a message: TEXT_PIECE */
	LEAT_CMD_KNOB_GET, /* do: one setting, by KNOB; dump: all. Answer: see below */
	LEAT_CMD_KNOB_SET, /* do (admin): KNOB, VALUE */
	/* do (admin): PACKET, and IFNAME (it comes in there; from the Ethernet header on) or none (the stack makes it; from the IP header on;
	 * OUT_IFNAME, MARK, UID, WHOLE), WORKER (absent: that of the device's first queue): what would happen to it. Nothing does. */
	LEAT_CMD_EXPLAIN,
	LEAT_CMD_EXPLAIN_STEP, /* sent to the socket that asked: as TRACE_RECORD, and FACT, LEAVES */
	LEAT_CMD_EXPLAIN_END, /* sent to the same: that was all; or not, for the reason HELP */
	/* do (admin): WHAT; IFNAME, NODE_NAME, FILTER, SNAP_LEN may be absent. Several at a time (EBUSY: too many). Ends with the socket */
	LEAT_CMD_CAPTURE_START,
	LEAT_CMD_CAPTURE_STOP, /* do (admin): by the socket that started it; what was captured until then still comes */
	LEAT_CMD_CAPTURE_RECORD, /* sent to the socket that started it: a packet */
	LEAT_CMD_CAPTURE_END, /* sent to the same, last: PACKETS (that matched), LOST (of those) */
	LEAT_CMD_MAX_PLUS_1,
};

enum leat_attr {
	LEAT_A_UNSPEC,
	LEAT_A_PAD,

	/* msg: STACK_GET and common ones */
	LEAT_A_NAME, /* string: of the stack */
	LEAT_A_TIME_US, /* u64: the runtime's clock */
	LEAT_A_WORKERS, /* u32 */
	LEAT_A_PACKETS_DROPPED, /* u64: all nodes and reasons but those CONSUMED */
	LEAT_A_MODULES, /* string: names with blanks between */
	LEAT_A_ALL, /* flag: DROP_GET */

	/* msg: DEV_* */
	LEAT_A_IFINDEX, /* u32 */
	LEAT_A_IFNAME, /* string */
	LEAT_A_KIND, /* string: the driver's: "af_packet", "tap", "mem", ... */
	LEAT_A_OPTIONS, /* string: DEV_ADD: what stands behind DRIVER:IFNAME, in --dev; DEV_GET: the whole --dev words */
	LEAT_A_FLAGS, /* u32: IFF_* */
	LEAT_A_MTU, /* u32 */
	LEAT_A_MAC, /* 6 bytes */
	LEAT_A_FEATURES, /* string: "tx-csum tx-tso4 ..." */
	LEAT_A_RX_PACKETS, /* u64, and so all that follow */
	LEAT_A_RX_BYTES,
	LEAT_A_RX_DROPPED,
	LEAT_A_RX_ERRORS,
	LEAT_A_TX_PACKETS,
	LEAT_A_TX_BYTES,
	LEAT_A_TX_DROPPED,
	LEAT_A_TX_ERRORS,

	/* msg: NODE_GET, DROP_GET, TRACE_RECORD */
	LEAT_A_NODE, /* u32: number in the graph */
	LEAT_A_NODE_NAME, /* string */
	LEAT_A_VECTORS, /* u64 */
	LEAT_A_PACKETS, /* u64 */
	LEAT_A_CYCLES, /* u64: 0 in a simulation */
	LEAT_A_EDGE, /* nest, once per edge: enum leat_edge_attr */
	LEAT_A_DROP, /* string: the reason's name */
	LEAT_A_HELP, /* string: a line about the reason */
	LEAT_A_COUNT, /* u64 */

	/* msg: LCORE_GET */
	LEAT_A_LCORE, /* u32: number; the last one is the control lcore */
	LEAT_A_TURNS, /* u64 */
	LEAT_A_BUSY_TURNS, /* u64: turns that found something to do */
	LEAT_A_CONTROL, /* flag: carries no packets */
	LEAT_A_POOL_ALLOCATED, /* u64: packets taken from the pool since the start; absent for the control lcore */
	LEAT_A_POOL_FREED, /* u64 */
	LEAT_A_POOL_IN_USE, /* u64: packets */
	LEAT_A_POOL_PAGES, /* u64: payload pages in use */
	LEAT_A_POOL_BYTES, /* u64: taken by the pool's regions */
	LEAT_A_POOL_EMPTY, /* u64: times that no buffer was free */
	LEAT_A_POOL_COPIED, /* u64: payload bytes copied */
	LEAT_A_POOL_PULLED_UP, /* u64: times that headers had to be copied together */

	/* msg: MEM_GET */
	LEAT_A_ACCOUNT, /* string: "runtime", the stack's, a socket's */
	LEAT_A_USED, /* u64: bytes */
	LEAT_A_PEAK, /* u64 */
	LEAT_A_LIMIT, /* u64; 0: none of its own */
	LEAT_A_REFUSED, /* u64: allocations refused */

	/* msg: TRACE_* */
	LEAT_A_FILTER, /* array of struct sock_filter (<linux/filter.h>) over an Ethernet frame; absent: all packets */
	LEAT_A_LIMIT_PACKETS, /* u64: packets to follow; 0 or absent: until stopped */
	LEAT_A_TRACE_ID, /* u32: one per packet */
	LEAT_A_NEXT_NAME, /* string: the node it went to; absent when it was dropped or kept */
	LEAT_A_KEPT, /* flag: the node kept it (a queue) */
	LEAT_A_WORKER, /* u32 */
	LEAT_A_IN_IFNAME, /* string; absent: none, or gone */
	LEAT_A_OUT_IFNAME, /* string */
	LEAT_A_LEN, /* u32: bytes at this node */
	LEAT_A_GSO, /* u32: enum pkt_gso, 0: none */
	LEAT_A_CSUM, /* u32: enum pkt_csum */
	LEAT_A_TEXT, /* string: what the node says about the packet; absent: nothing */
	LEAT_A_SNAP, /* bytes: the first of the packet as the node saw it */
	LEAT_A_LOST, /* u64: records lost since the trace began, because a ring or the listener was full */

	/* msg: SAVE */
	LEAT_A_TEXT_PIECE, /* bytes: the next ones */

	/* msg: TRACE_RECORD */
	LEAT_A_LAYER, /* u32: what SNAP begins with: 2 the Ethernet header, 3 the network header; absent: something else */
	LEAT_A_ETHERTYPE, /* u32: of the network header; absent: no node has looked yet */

	/* msg: KNOB_GET, KNOB_SET; with HELP */
	LEAT_A_KNOB, /* string: "net.ipv4.conf.eth0.forwarding"; slashes may separate, too */
	LEAT_A_VALUE, /* string: a decimal number, or two with a tab between them */
	LEAT_A_DEFAULT, /* string: the same, before anybody has set it */
	LEAT_A_MIN, /* u64: the least that each number may be */
	LEAT_A_MAX, /* u64 */
	LEAT_A_UNIT, /* string: "ms", "packets"; absent: none */
	LEAT_A_MODULE, /* string: whose it is */

	/* msg: LCORE_GET */
	LEAT_A_MESSAGES_LOST, /* u64: to other lcores, for want of memory */

	/* msg: DEV_GET */
	LEAT_A_MODE, /* string: how the driver works, and why not better; absent: there is nothing to say */
	LEAT_A_QUEUE, /* nest, once per queue, in order: enum leat_queue_attr; absent: a device without queues */

	/* msg: EXPLAIN */
	LEAT_A_PACKET, /* bytes */
	LEAT_A_MARK, /* u32: of the socket that sends it; absent: 0 */
	LEAT_A_UID, /* u32: of its owner; absent: 0 */
	LEAT_A_WHOLE, /* flag: nothing in its headers is to be filled in */

	/* msg: EXPLAIN_STEP */
	LEAT_A_FACT, /* nest, in order: enum leat_fact_attr */
	LEAT_A_LEAVES, /* flag: no node, but the device OUT_IFNAME, which is given the frame SNAP begins with */

	/* msg: CAPTURE_START, CAPTURE_RECORD; records have IN_IFNAME, OUT_IFNAME, NODE_NAME, DROP, HELP, LEN, LAYER, ETHERTYPE, SNAP, and LOST:
	 * packets since the one before, of the same worker */
	LEAT_A_WHAT, /* u32: enum leat_capture_what, START: together, RECORD: one of them */
	LEAT_A_SNAP_LEN, /* u32: bytes of each packet; 0 or absent: 60,000 */
	LEAT_A_TIME_NS, /* u64: since 1970 */

	/* msg: STACK_GET */
	LEAT_A_ROUTES_IP4, /* u64: in all tables */
	LEAT_A_ROUTES_IP6, /* u64 */

	/* msg: DROP_GET, CAPTURE_RECORD */
	LEAT_A_CONSUMED, /* flag: the reason is no loss: the packet had come to where it was going */

	/* msg: TRACE_RECORD, EXPLAIN_STEP */
	LEAT_A_TO_WORKER, /* u32: KEPT, since it went over to that one */

	LEAT_A_MAX_PLUS_1,
};

enum leat_capture_what {
	LEAT_CAPTURE_IN = 1, /* as a device hands it in */
	LEAT_CAPTURE_OUT = 2, /* as a device is given it */
	LEAT_CAPTURE_DROPS = 4, /* as it is dropped; with NODE, there */
	LEAT_CAPTURE_NODE = 8, /* as it comes to the node NODE_NAME */
	LEAT_CAPTURE_CONSUMED = 16, /* with DROPS: also for a reason that is no loss */
};

enum leat_fact_attr {
	LEAT_FACT_A_UNSPEC,
	LEAT_FACT_A_NAME, /* string: "route", "next-hop", ... */
	LEAT_FACT_A_VALUE, /* string, for people */
	LEAT_FACT_A_MAX_PLUS_1,
};

enum leat_queue_attr {
	LEAT_QUEUE_A_UNSPEC,
	LEAT_QUEUE_A_WORKER, /* u32: who polls it */
	LEAT_QUEUE_A_RX_PACKETS, /* u64, and so all that follow */
	LEAT_QUEUE_A_TX_PACKETS,
	LEAT_QUEUE_A_TX_KICKS, /* calls of the kernel for them */
	LEAT_QUEUE_A_RX_COPIED, /* packets that leat copied on their way in, out of the memory they arrived in */
	LEAT_QUEUE_A_TX_COPIED,
	LEAT_QUEUE_A_MAX_PLUS_1,
};

enum leat_edge_attr {
	LEAT_EDGE_A_UNSPEC,
	LEAT_EDGE_A_INDEX, /* u32: number of the edge at its node */
	LEAT_EDGE_A_NAME, /* string: the node it asks for */
	LEAT_EDGE_A_NODE, /* u32: the node it leads to; absent: not built in or not loaded, so a drop named no-module */
	LEAT_EDGE_A_MAX_PLUS_1,
};

#endif
