/* SPDX-License-Identifier: BSD-2-Clause */
/* How hosts tell routers which groups they listen to: IGMP (RFC 1112, 2236, 3376) and MLD (RFC 2710, 3810), whose messages are the
 * same but for the size of an address. Versions are IGMP's: MLDv1 is called 2, MLDv2 is called 3. */
#ifndef LEAT_WIRE_MCAST_H
#define LEAT_WIRE_MCAST_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"

struct text;

enum igmp_type {
	IGMP_QUERY = 0x11,
	IGMP_V1_REPORT = 0x12,
	IGMP_V2_REPORT = 0x16,
	IGMP_V2_LEAVE = 0x17,
	IGMP_V3_REPORT = 0x22,
};
enum mcast_record { /* RFC 3376, 4.2.12 */
		    MCAST_IS_IN = 1,
		    MCAST_IS_EX = 2,
		    MCAST_TO_IN = 3,
		    MCAST_TO_EX = 4,
		    MCAST_ALLOW = 5,
		    MCAST_BLOCK = 6,
};

struct mcast_query {
	uint8_t version; /* 1 to 3 */
	struct ipaddr group; /* zero: of all groups */
	uint64_t max_resp_us;
	uint8_t robustness; /* 0: not told */
	uint32_t interval_s; /* the querier's; 0: not told */
	uint16_t n_sources;
	struct cursor sources; /* of that many addresses */
};
/* From the first byte of the message on; the checksum is not looked at. DROP_TRUNCATED, DROP_MCAST_MALFORMED. */
enum drop igmp_query_parse(struct cursor c, struct mcast_query *ret);
enum drop mld_query_parse(struct cursor c, struct mcast_query *ret);
/* The group of a report or leave of version 1 or 2. */
enum drop igmp_report_parse(struct cursor c, struct ipaddr *ret_group);
enum drop mld_report_parse(struct cursor c, struct ipaddr *ret_group);
/* The next address of a query's sources; false at the end. */
bool mcast_source_next(struct cursor *c, uint8_t family, struct ipaddr *ret);

/* --- reports, checksum 0 --- */

enum { MCAST_OLD_MAX = 24 }; /* the longest message of versions 1 and 2 */
/* A report, or with `leave` its end. Returns the length. */
unsigned mcast_old_emit(uint8_t family, uint8_t version, bool leave, const struct ipaddr *group,
			uint8_t to[static MCAST_OLD_MAX]);

/* Version 3: records are put behind each other until there is no more room. */
struct mcast_report {
	uint8_t family;
	uint32_t len, max; /* bytes */
	uint32_t record; /* where the last record begins; 0: none */
	uint8_t b[1500];
};
void mcast_report_begin(struct mcast_report *r, uint8_t family, uint32_t max);
/* False, and nothing is changed: no room for it and n_sources more, or for the count. */
bool mcast_report_record(struct mcast_report *r, enum mcast_record type, const struct ipaddr *group,
			 uint32_t n_sources);
bool mcast_report_source(struct mcast_report *r,
			 const struct ipaddr *source); /* of the last record; false: no room */

void igmp_print(struct cursor c, struct text *to);
void mld_print(struct cursor c, struct text *to);

#endif
