/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 4096 };

static bool read_u64(const char *v, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;
	errno = 0;
	uint64_t n = strtoull(v, &end, 0);
	if (v[0] < '0' || v[0] > '9' || *end || errno || n < min || n > max)
		return false;
	*ret = n;
	return true;
}

static bool read_mac(const char *v, uint8_t ret[6])
{
	uint8_t mac[6], any = 0;
	unsigned b[6];
	int end = 0;
	if (sscanf(v, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &end) != 6 ||
	    v[end])
		return false;
	for (unsigned i = 0; i < 6; i++)
		any |= mac[i] = (uint8_t)b[i];
	if (!any || mac[0] & 1)
		return false;
	memcpy(ret, mac, sizeof mac);
	return true;
}

static bool read_value(const struct dev_option *o, const char *v, char *to)
{
	uint64_t n;
	switch (o->type) {
	case DEV_OPT_U64:
		return read_u64(v, o->min, o->max, (uint64_t *)to);
	case DEV_OPT_BOOL:
		if (!read_u64(v, 0, 1, &n))
			return false;
		*(bool *)to = n;
		return true;
	case DEV_OPT_STR:
		if (!*v || strlen(v) >= o->max)
			return false;
		memcpy(to, v, strlen(v) + 1);
		return true;
	case DEV_OPT_MAC:
		return read_mac(v, (uint8_t *)to);
	}
	return false;
}

static int one(const struct dev_option *o, char *word, void *to, char *ret_why, size_t why_len)
{
	char *value = strchr(word, '=');
	if (value)
		*value++ = 0;
	while (o->key && strcmp(o->key, word) != 0)
		o++;
	if (!o->key)
		snprintf(ret_why, why_len, "no option is called \"%s\"", word);
	else if (!value)
		snprintf(ret_why, why_len, "option \"%s\" wants a value", word);
	else if (!read_value(o, value, (char *)to + o->at))
		snprintf(ret_why, why_len, "option \"%s\" cannot be \"%s\"", word, value);
	else
		return 0;
	return -EINVAL;
}

int dev_options(const struct dev_option *table, const char *text, void *to, char *ret_why, size_t why_len)
{
	char word[VALUE_MAX];
	while (*text) {
		size_t len = strcspn(text, ",");
		if (len >= sizeof word) {
			snprintf(ret_why, why_len, "an option is too long");
			return -EINVAL;
		}
		memcpy(word, text, len);
		word[len] = 0;
		if (len && one(table, word, to, ret_why, why_len))
			return -EINVAL;
		text += len + (text[len] == ',');
	}
	return 0;
}
