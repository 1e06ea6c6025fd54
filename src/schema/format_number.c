/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_number: the formats of OpenAPI's registry that say which numbers the backend's type can hold. All are exact: 1.0
 * and 1e2 are whole numbers, 2147483648 is not one of 32 bits.
 */
#include "formats.h"

/* Whole, and neither above `most` nor below -`least`. */
static int whole(const ag_number_t *number, apr_uint64_t least, apr_uint64_t most)
{
    ag_number_t size = *number;
    apr_uint64_t value;

    size.negative = 0;
    return ag_number_u64(&size, &value) == 0 && value <= (number->negative ? least : most);
}

/* `bits` and one of sign. */
static int signed_bits(const ag_number_t *number, int bits)
{
    return whole(number, APR_UINT64_C(1) << bits, (APR_UINT64_C(1) << bits) - 1);
}

int ag_format_int8(const ag_number_t *number)
{
    return signed_bits(number, 7);
}

int ag_format_int16(const ag_number_t *number)
{
    return signed_bits(number, 15);
}

int ag_format_int32(const ag_number_t *number)
{
    return signed_bits(number, 31);
}

int ag_format_int64(const ag_number_t *number)
{
    return signed_bits(number, 63);
}

int ag_format_uint8(const ag_number_t *number)
{
    return whole(number, 0, 0xFF);
}

int ag_format_uint16(const ag_number_t *number)
{
    return whole(number, 0, 0xFFFF);
}

int ag_format_uint32(const ag_number_t *number)
{
    return whole(number, 0, 0xFFFFFFFF);
}

int ag_format_uint64(const ag_number_t *number)
{
    return whole(number, 0, APR_UINT64_MAX);
}

/* Not larger than what is written in `most`; smaller than zero likewise. */
static int within(const ag_number_t *number, const char *most, apr_size_t n)
{
    ag_number_t size = *number, bound;

    size.negative = 0;
    return ag_number_read(&bound, most, n) == 0 && ag_number_compare(&size, &bound) <= 0;
}

#define FLOAT_MOST  "3.4028234663852886e38" /* IEEE 754, the largest of 32 bits */
#define DOUBLE_MOST "1.7976931348623157e308"

/* What has more digits than the type is rounded by the backend; what is too large would be infinite there. */
int ag_format_float(const ag_number_t *number)
{
    return within(number, FLOAT_MOST, sizeof FLOAT_MOST - 1);
}

int ag_format_double(const ag_number_t *number)
{
    return within(number, DOUBLE_MOST, sizeof DOUBLE_MOST - 1);
}
