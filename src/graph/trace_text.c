/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/trace_text.h"

#include <inttypes.h>
#include <string.h>

#include "graph/trace.h"
#include "wire/frame.h"

void trace_packet_text(const struct trace_words *t, char *to, size_t size)
{
	*to = '\0';
	if (!cur_left(&t->snap))
		return;
	if (t->layer == 2)
		wire_print_frame(t->snap, to, size);
	else if (t->layer == 3 && t->ethertype)
		wire_print_l3(t->ethertype, t->snap, to, size);
}

const char *trace_kept_text(const struct trace_words *t, const char *dflt, char *to, size_t size)
{
	static const char *const means[][2] = {
		{ "iface-output", "sent" },
		{ "neigh-output", "waits for a neighbour" },
	};
	snprintf(to, size, "%s", dflt);
	for (unsigned i = 0; i < sizeof means / sizeof means[0]; i++)
		if (!strcmp(t->node, means[i][0]))
			snprintf(to, size, "%s", means[i][1]);
	if (t->to_worker)
		snprintf(to, size, "to worker %u", (unsigned)t->to_worker - 1);
	return to;
}

static void print_next(FILE *out, const struct trace_words *t)
{
	char kept[32];
	if (t->drop)
		fprintf(out, " DROP %s", t->drop);
	else if (t->kept)
		fprintf(out, " %s", trace_kept_text(t, "kept", kept, sizeof kept));
	else if (t->next)
		fprintf(out, " -> %s", t->next);
	else
		fprintf(out, " sent");
}

/* What the node said is often the packet in the same words, for which it had less room. */
static bool says_the_same(const char *text, const char *packet)
{
	size_t len = strlen(text), room = sizeof((struct trace_record *)0)->text;
	return !strcmp(text, packet) || (len >= room - 1 && !strncmp(text, packet, len));
}

static void print_where(FILE *out, const struct trace_words *t)
{
	fprintf(out, " | ");
	if (t->in || t->out)
		fprintf(out, "%s%s%s%s, ", t->in ? t->in : "", t->in && t->out ? " " : "", t->out ? "> " : "",
			t->out ? t->out : "");
	fprintf(out, "%" PRIu32 " bytes%s", t->len, t->gso ? " (segments)" : "");
}

void trace_print(FILE *out, const struct trace_words *t, uint32_t *last_id)
{
	char packet[TRACE_PACKET_MAX];
	trace_packet_text(t, packet, sizeof packet);
	if (*last_id && t->id != *last_id)
		fputc('\n', out);
	*last_id = t->id;
	fprintf(out, "%" PRIu64 ".%06u #%" PRIu32 " %s%s%s", t->time_us / 1000000,
		(unsigned)(t->time_us % 1000000), t->id, t->where ? t->where : "", t->where ? ": " : "",
		t->node);
	print_next(out, t);
	print_where(out, t);
	if (*packet)
		fprintf(out, " | %s", packet);
	if (t->text && *t->text && !says_the_same(t->text, packet))
		fprintf(out, " | %s", t->text);
	fputc('\n', out);
}
