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
	[ETHTOOL_A_BITSET_SIZE] = { NL_U32, .max = 32, .name = "ETHTOOL_A_BITSET_SIZE" },
	[ETHTOOL_A_BITSET_BITS] = { NL_NESTED, .name = "ETHTOOL_A_BITSET_BITS" },
	[ETHTOOL_A_BITSET_VALUE] = { NL_BYTES, .name = "ETHTOOL_A_BITSET_VALUE" },
	[ETHTOOL_A_BITSET_MASK] = { NL_BYTES, .name = "ETHTOOL_A_BITSET_MASK" },
};

/* --- out --- */

static void put_bit(struct nl_buf *b, const struct ethtool_bits *bits, unsigned i, bool value)
{
	size_t nest = nl_nest(b, ETHTOOL_A_BITSET_BITS_BIT);
	nl_put_u32(b, ETHTOOL_A_BITSET_BIT_INDEX, i);
	nl_put_str(b, ETHTOOL_A_BITSET_BIT_NAME, bits->names[i]);
	if (value)
		nl_put_flag(b, ETHTOOL_A_BITSET_BIT_VALUE);
	nl_nest_end(b, nest);
}

static void put_list(struct nl_buf *b, const struct ethtool_bits *bits, uint32_t value, const uint32_t *mask)
{
	uint32_t listed = mask ? *mask : value;
	size_t nest = nl_nest(b, ETHTOOL_A_BITSET_BITS);
	for (unsigned i = 0; i < bits->n; i++)
		if (listed >> i & 1)
			put_bit(b, bits, i, mask && value >> i & 1);
	nl_nest_end(b, nest);
}

void ethtool_put_bits(struct nl_buf *b, uint16_t type, const struct ethtool_bits *bits, uint32_t value,
		      const uint32_t *mask, bool compact)
{
	size_t nest = nl_nest(b, type), words = bits->n ? sizeof value : 0;
	if (!mask)
		nl_put_flag(b, ETHTOOL_A_BITSET_NOMASK);
	nl_put_u32(b, ETHTOOL_A_BITSET_SIZE, bits->n);
	if (compact) {
		nl_put(b, ETHTOOL_A_BITSET_VALUE, &value, words);
		if (mask)
			nl_put(b, ETHTOOL_A_BITSET_MASK, mask, words);
	} else {
		put_list(b, bits, value, mask);
	}
	nl_nest_end(b, nest);
}

/* --- in --- */

static int bit_named(const struct nlattr *name, const struct ethtool_bits *bits, unsigned *ret)
{
	for (unsigned i = 0; i < bits->n; i++) {
		if (strcmp(bits->names[i], mnl_attr_get_str(name)) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -EOPNOTSUPP;
}

static int take_bit(const struct nlattr *a, const struct ethtool_bits *bits, bool nomask, uint32_t *value,
		    uint32_t *mask, struct nl_ext *ext)
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
	if (index && name && strcmp(bits->names[i], mnl_attr_get_str(name)) != 0)
		return nl_bad(ext, a, -EINVAL, "bit index and name mismatch");
	if (!index && bit_named(name, bits, &i))
		return nl_bad(ext, name, -EOPNOTSUPP, "bit name not found");
	*mask |= 1u << i;
	if (nomask || b[ETHTOOL_A_BITSET_BIT_VALUE])
		*value |= 1u << i;
	return 0;
}

static int take_list(const struct nlattr *list, const struct ethtool_bits *bits, bool nomask, uint32_t *value,
		     uint32_t *mask, struct nl_ext *ext)
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
		*mask = (uint32_t)(1ull << bits->n) - 1;
	return 0;
}

static int take_word(const struct nlattr *a, const struct ethtool_bits *bits, uint32_t size, uint32_t *ret,
		     struct nl_ext *ext)
{
	uint32_t w = 0;
	if (mnl_attr_get_payload_len(a) != (size + 31) / 32 * sizeof w)
		return nl_bad(ext, a, -EINVAL, "bitset value/mask of a length that is not its size's");
	memcpy(&w, mnl_attr_get_payload(a), MIN(sizeof w, (size_t)mnl_attr_get_payload_len(a)));
	if (bits->n < 32 && w >> bits->n)
		return nl_bad(ext, a, -EINVAL, "bitset value/mask bits beyond kernel max");
	*ret = w;
	return 0;
}

int ethtool_take_bits(const struct nlattr *a, const struct ethtool_bits *bits, uint32_t *ret_value,
		      uint32_t *ret_mask, struct nl_ext *ext)
{
	const struct nlattr *s[ETHTOOL_A_BITSET_MAX + 1];
	int err = nl_parse_nested(a, NL_STRICT, ethtool_bitset_policy, ETHTOOL_A_BITSET_MAX, s, ext);
	*ret_value = *ret_mask = 0;
	if (err)
		return err;
	const struct nlattr *list = s[ETHTOOL_A_BITSET_BITS], *value = s[ETHTOOL_A_BITSET_VALUE],
			    *mask = s[ETHTOOL_A_BITSET_MASK], *size = s[ETHTOOL_A_BITSET_SIZE];
	bool nomask = s[ETHTOOL_A_BITSET_NOMASK];
	if (list && (value || mask))
		return nl_bad(ext, list, -EINVAL, "bits and value/mask are mutually exclusive");
	if (list)
		return take_list(list, bits, nomask, ret_value, ret_mask, ext);
	if (!size)
		return nl_bad(ext, a, -EINVAL, "missing size in compact bitset");
	if (!value)
		return nl_bad(ext, a, -EINVAL, "missing value in compact bitset");
	if (nomask && mask)
		return nl_bad(ext, mask, -EINVAL, "mask not allowed in list bitset");
	if (!nomask && !mask)
		return nl_bad(ext, a, -EINVAL, "missing mask in compact bitset");
	*ret_mask = (uint32_t)(1ull << bits->n) - 1;
	err = take_word(value, bits, mnl_attr_get_u32(size), ret_value, ext);
	return err || nomask ? err : take_word(mask, bits, mnl_attr_get_u32(size), ret_mask, ext);
}

/* --- the names --- */

static const struct nl_policy stringset_policy[ETHTOOL_A_STRINGSET_MAX + 1] = {
	[ETHTOOL_A_STRINGSET_ID] = { NL_U32, .name = "ETHTOOL_A_STRINGSET_ID" },
};

static const struct ethtool_bits *names_of(uint32_t id)
{
	return id == ETH_SS_FEATURES ? &ethtool_feature_bits : NULL;
}

static void put_strings(struct nl_buf *b, uint32_t id, const struct ethtool_bits *names, bool counts_only)
{
	size_t set = nl_nest(b, ETHTOOL_A_STRINGSETS_STRINGSET);
	nl_put_u32(b, ETHTOOL_A_STRINGSET_ID, id);
	nl_put_u32(b, ETHTOOL_A_STRINGSET_COUNT, names->n);
	size_t list = counts_only ? 0 : nl_nest(b, ETHTOOL_A_STRINGSET_STRINGS);
	for (unsigned i = 0; !counts_only && i < names->n; i++) {
		size_t s = nl_nest(b, ETHTOOL_A_STRINGS_STRING);
		nl_put_u32(b, ETHTOOL_A_STRING_INDEX, i);
		nl_put_str(b, ETHTOOL_A_STRING_VALUE, names->names[i]);
		nl_nest_end(b, s);
	}
	if (!counts_only)
		nl_nest_end(b, list);
	nl_nest_end(b, set);
}

static int put_set(struct nl_req *r, const struct nlattr *set)
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
	const struct ethtool_bits *names = names_of(id);
	if (names) /* Linux: of sets that a device has none of nothing is said */
		put_strings(r->reply, id, names, r->attrs[ETHTOOL_A_STRSET_COUNTS_ONLY]);
	return 0;
}

int ethtool_strset_get(struct nl_req *r)
{
	const struct nlattr *sets = r->attrs[ETHTOOL_A_STRSET_STRINGSETS], *set;
	struct ethtool_ask ask;
	int err = ethtool_ask(r, false, &ask);
	if (err)
		return err;
	ethtool_begin(r, ETHTOOL_MSG_STRSET_GET_REPLY, 0, ask.ifc);
	size_t nest = nl_nest(r->reply, ETHTOOL_A_STRSET_STRINGSETS);
	if (!sets)
		put_strings(r->reply, ETH_SS_FEATURES, &ethtool_feature_bits,
			    r->attrs[ETHTOOL_A_STRSET_COUNTS_ONLY]);
	if (sets) {
		mnl_attr_for_each_nested(set, sets)
		{
			err = err ? err : put_set(r, set);
		}
	}
	nl_nest_end(r->reply, nest);
	return err ? err : nl_end(r->reply);
}
