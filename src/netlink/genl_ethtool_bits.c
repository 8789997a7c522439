/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of named bits, in both forms that Linux gives them (Documentation/networking/ethtool-netlink.rst, "Bit sets"): words, or a
 * list with a name each; and the sets of names themselves. */
#include <errno.h>

#include "netlink/genl_ethtool.h"

static const struct nl_policy bit_policy[ETHTOOL_A_BITSET_BIT_MAX + 1] = {
	[ETHTOOL_A_BITSET_BIT_INDEX] = { NL_U32, .name = "ETHTOOL_A_BITSET_BIT_INDEX" },
	[ETHTOOL_A_BITSET_BIT_NAME] = { NL_NUL_STRING, .max = ETH_GSTRING_LEN - 1,
					.name = "ETHTOOL_A_BITSET_BIT_NAME" },
	[ETHTOOL_A_BITSET_BIT_VALUE] = { NL_FLAG, .name = "ETHTOOL_A_BITSET_BIT_VALUE" },
};
const struct nl_policy ethtool_bitset_policy[ETHTOOL_A_BITSET_MAX + 1] = {
	[ETHTOOL_A_BITSET_NOMASK] = { NL_FLAG, .name = "ETHTOOL_A_BITSET_NOMASK" },
	[ETHTOOL_A_BITSET_SIZE] = { NL_U32, .name = "ETHTOOL_A_BITSET_SIZE" },
	[ETHTOOL_A_BITSET_BITS] = { NL_NESTED, .name = "ETHTOOL_A_BITSET_BITS" },
	[ETHTOOL_A_BITSET_VALUE] = { NL_BYTES, .name = "ETHTOOL_A_BITSET_VALUE" },
	[ETHTOOL_A_BITSET_MASK] = { NL_BYTES, .name = "ETHTOOL_A_BITSET_MASK" },
};

/* --- out --- */

static void put_bit(struct nl_buf *b, const struct ethtool_bits *bits, unsigned i, bool value)
{
	char name[ETH_GSTRING_LEN];
	ethtool_name(NULL, bits->set, i, name);
	size_t nest = nl_nest(b, ETHTOOL_A_BITSET_BITS_BIT);
	nl_put_u32(b, ETHTOOL_A_BITSET_BIT_INDEX, i);
	nl_put_str(b, ETHTOOL_A_BITSET_BIT_NAME, name);
	if (value)
		nl_put_flag(b, ETHTOOL_A_BITSET_BIT_VALUE);
	nl_nest_end(b, nest);
}

static void put_list(struct nl_buf *b, const struct ethtool_bits *bits, uint64_t value, const uint64_t *mask)
{
	uint64_t listed = mask ? *mask : value;
	size_t nest = nl_nest(b, ETHTOOL_A_BITSET_BITS);
	for (unsigned i = 0; i < bits->n; i++)
		if (listed >> i & 1)
			put_bit(b, bits, i, mask && value >> i & 1);
	nl_nest_end(b, nest);
}

void ethtool_put_bits(struct nl_buf *b, uint16_t type, const struct ethtool_bits *bits, uint64_t value,
		      const uint64_t *mask, bool compact)
{
	size_t nest = nl_nest(b, type), bytes = (bits->n + 31) / 32 * sizeof(uint32_t);
	if (!mask)
		nl_put_flag(b, ETHTOOL_A_BITSET_NOMASK);
	nl_put_u32(b, ETHTOOL_A_BITSET_SIZE, bits->n);
	if (compact) {
		nl_put(b, ETHTOOL_A_BITSET_VALUE, &value, bytes);
		if (mask)
			nl_put(b, ETHTOOL_A_BITSET_MASK, mask, bytes);
	} else {
		put_list(b, bits, value, mask);
	}
	nl_nest_end(b, nest);
}

/* --- in --- */

static uint64_t all_of(const struct ethtool_bits *bits)
{
	return bits->n < 64 ? (1ull << bits->n) - 1 : UINT64_MAX;
}

static bool is_named(const struct ethtool_bits *bits, unsigned i, const struct nlattr *name)
{
	char own[ETH_GSTRING_LEN];
	ethtool_name(NULL, bits->set, i, own);
	return !strcmp(own, mnl_attr_get_str(name));
}

static int bit_named(const struct nlattr *name, const struct ethtool_bits *bits, unsigned *ret)
{
	for (*ret = 0; *ret < bits->n; ++*ret)
		if (is_named(bits, *ret, name))
			return 0;
	return -EOPNOTSUPP;
}

static int take_bit(const struct nlattr *a, const struct ethtool_bits *bits, bool nomask, uint64_t *value,
		    uint64_t *mask, struct nl_ext *ext)
{
	const struct nlattr *b[ETHTOOL_A_BITSET_BIT_MAX + 1];
	unsigned i = 0;
	int err = nl_parse_nested(a, NL_STRICT, bit_policy, ETHTOOL_A_BITSET_BIT_MAX, b, ext);
	if (err)
		return err;
	const struct nlattr *index = b[ETHTOOL_A_BITSET_BIT_INDEX], *name = b[ETHTOOL_A_BITSET_BIT_NAME];
	if (!index && !name)
		return nl_bad(ext, a, -EINVAL, "neither bit index nor name specified");
	if (index && mnl_attr_get_u32(index) >= bits->n)
		return nl_bad(ext, index, -EOPNOTSUPP, "bit index too high");
	if (index)
		i = mnl_attr_get_u32(index);
	if (index && name && !is_named(bits, i, name))
		return nl_bad(ext, a, -EINVAL, "bit index and name mismatch");
	if (!index && bit_named(name, bits, &i))
		return nl_bad(ext, name, -EOPNOTSUPP, "bit name not found");
	*mask |= 1ull << i;
	if (nomask || b[ETHTOOL_A_BITSET_BIT_VALUE])
		*value |= 1ull << i;
	return 0;
}

static int take_list(const struct nlattr *list, const struct ethtool_bits *bits, bool nomask, uint64_t *value,
		     uint64_t *mask, struct nl_ext *ext)
{
	const struct nlattr *a;
	mnl_attr_for_each_nested(a, list)
	{
		if (mnl_attr_get_type(a) != ETHTOOL_A_BITSET_BITS_BIT)
			return nl_bad(ext, a, -EINVAL,
				      "only ETHTOOL_A_BITSET_BITS_BIT allowed in ETHTOOL_A_BITSET_BITS");
		int err = take_bit(a, bits, nomask, value, mask, ext);
		if (err)
			return err;
	}
	if (nomask) /* it says all of them */
		*mask = all_of(bits);
	return 0;
}

/* Words of 32 bits, as many as the sender's set has; of those that are not ours none may be set. */
static bool take_words(const struct nlattr *a, const struct ethtool_bits *bits, uint64_t *ret)
{
	const uint8_t *p = mnl_attr_get_payload(a);
	uint64_t set = 0;
	bool beyond = false;
	for (unsigned i = 0; i < mnl_attr_get_payload_len(a) / sizeof(uint32_t); i++) {
		uint32_t w;
		memcpy(&w, p + i * sizeof w, sizeof w);
		if (i < 2)
			set |= (uint64_t)w << 32 * i;
		else
			beyond |= w != 0;
	}
	*ret = set & all_of(bits);
	return !beyond && set == *ret;
}

static int take_compact(const struct nlattr *const *s, const struct ethtool_bits *bits, uint64_t *ret_value,
			uint64_t *ret_mask, struct nl_ext *ext)
{
	const struct nlattr *value = s[ETHTOOL_A_BITSET_VALUE], *mask = s[ETHTOOL_A_BITSET_MASK];
	size_t bytes = ((uint64_t)mnl_attr_get_u32(s[ETHTOOL_A_BITSET_SIZE]) + 31) / 32 * sizeof(uint32_t);
	if (mnl_attr_get_payload_len(value) != bytes)
		return nl_bad(ext, value, -EINVAL, "bitset value length does not match size");
	if (mask && mnl_attr_get_payload_len(mask) != bytes)
		return nl_bad(ext, mask, -EINVAL, "bitset mask length does not match size");
	*ret_mask = all_of(bits);
	if (mask ? !take_words(mask, bits, ret_mask) : !take_words(value, bits, ret_value))
		return nl_bad(ext, mask ? mask : value, -EINVAL,
			      "cannot modify bits past kernel bitset size");
	take_words(value, bits, ret_value);
	return 0;
}

int ethtool_take_bits(const struct nlattr *a, const struct ethtool_bits *bits, uint64_t *ret_value,
		      uint64_t *ret_mask, struct nl_ext *ext)
{
	const struct nlattr *s[ETHTOOL_A_BITSET_MAX + 1];
	int err = nl_parse_nested(a, NL_STRICT, ethtool_bitset_policy, ETHTOOL_A_BITSET_MAX, s, ext);
	*ret_value = *ret_mask = 0;
	if (err)
		return err;
	const struct nlattr *list = s[ETHTOOL_A_BITSET_BITS], *value = s[ETHTOOL_A_BITSET_VALUE],
			    *mask = s[ETHTOOL_A_BITSET_MASK];
	bool nomask = s[ETHTOOL_A_BITSET_NOMASK];
	if (list && (value || mask))
		return nl_bad(ext, list, -EINVAL, "bits and value/mask are mutually exclusive");
	if (list)
		return take_list(list, bits, nomask, ret_value, ret_mask, ext);
	if (nomask && mask)
		return nl_bad(ext, mask, -EINVAL, "mask not allowed in list bitset");
	if (!s[ETHTOOL_A_BITSET_SIZE])
		return nl_bad(ext, a, -EINVAL, "missing size in compact bitset");
	if (!value)
		return nl_bad(ext, a, -EINVAL, "missing value in compact bitset");
	if (!nomask && !mask)
		return nl_bad(ext, a, -EINVAL, "missing mask in compact bitset");
	return take_compact(s, bits, ret_value, ret_mask, ext);
}

/* --- the names --- */

static const struct nl_policy stringset_policy[ETHTOOL_A_STRINGSET_MAX + 1] = {
	[ETHTOOL_A_STRINGSET_ID] = { NL_U32, .name = "ETHTOOL_A_STRINGSET_ID" },
};

static void put_string(struct nl_buf *b, const struct iface *i, uint32_t set, unsigned n)
{
	char name[ETH_GSTRING_LEN];
	size_t nest = nl_nest(b, ETHTOOL_A_STRINGS_STRING);
	ethtool_name(i, set, n, name);
	nl_put_u32(b, ETHTOOL_A_STRING_INDEX, n);
	nl_put_str(b, ETHTOOL_A_STRING_VALUE, name);
	nl_nest_end(b, nest);
}

/* Linux: of sets that a device has none of nothing is said. */
static void put_strings(struct nl_req *r, const struct iface *i, uint32_t set)
{
	bool counts_only = r->attrs[ETHTOOL_A_STRSET_COUNTS_ONLY];
	unsigned n = ethtool_n_names(i, set);
	if (!n)
		return;
	size_t nest = nl_nest(r->reply, ETHTOOL_A_STRINGSETS_STRINGSET);
	nl_put_u32(r->reply, ETHTOOL_A_STRINGSET_ID, set);
	nl_put_u32(r->reply, ETHTOOL_A_STRINGSET_COUNT, n);
	size_t list = counts_only ? 0 : nl_nest(r->reply, ETHTOOL_A_STRINGSET_STRINGS);
	for (unsigned k = 0; !counts_only && k < n; k++)
		put_string(r->reply, i, set, k);
	if (!counts_only)
		nl_nest_end(r->reply, list);
	nl_nest_end(r->reply, nest);
}

static int put_set(struct nl_req *r, const struct iface *i, const struct nlattr *set)
{
	const struct nlattr *s[ETHTOOL_A_STRINGSET_MAX + 1];
	int err = nl_parse_nested(set, NL_STRICT, stringset_policy, ETHTOOL_A_STRINGSET_MAX, s, r->ext);
	if (err)
		return err;
	if (!s[ETHTOOL_A_STRINGSET_ID])
		return -EINVAL;
	uint32_t id = mnl_attr_get_u32(s[ETHTOOL_A_STRINGSET_ID]);
	if (id >= ETH_SS_COUNT)
		return -EOPNOTSUPP;
	put_strings(r, i, id);
	return 0;
}

/* Linux: who names no set gets all, of a device its own and else those that belong to none. */
int ethtool_strset_get(struct nl_req *r)
{
	const struct nlattr *sets = r->attrs[ETHTOOL_A_STRSET_STRINGSETS], *set;
	struct ethtool_ask ask;
	int err = ethtool_ask(r, false, &ask);
	if (err)
		return err;
	ethtool_begin(r, ETHTOOL_MSG_STRSET_GET_REPLY, 0, ask.ifc);
	size_t nest = nl_nest(r->reply, ETHTOOL_A_STRSET_STRINGSETS);
	for (uint32_t id = 0; !sets && id < ETH_SS_COUNT; id++)
		if (!ask.ifc == (id != ETH_SS_STATS))
			put_strings(r, ask.ifc, id);
	if (sets) {
		mnl_attr_for_each_nested(set, sets)
		{
			err = err ? err : put_set(r, ask.ifc, set);
		}
	}
	nl_nest_end(r->reply, nest);
	return err ? err : nl_end(r->reply);
}
