#include "base/cursor.h"

#include "der.h"

#define DER_INTEGER    '\x02'
#define DER_BIT_STRING '\x03'
#define DER_NULL       '\x05'
#define DER_OID        '\x06'
#define DER_SEQUENCE   '\x30'

/* Length octets: the short form below 128, else the fewest octets that hold it (X.690 10.1). */
static bool take_length(struct cursor *c, size_t *out)
{
	struct cursor try = *c;
	unsigned char first, count;
	size_t length = 0;

	if (cursor_done(&try))
		return false;
	first = (unsigned char)*try.at++;
	if (first >= 0x80) {
		count = first & 0x7f;
		if (count == 0 || count > 3 || cursor_left(&try) < count || *try.at == '\0')
			return false;
		while (count-- > 0)
			length = length << 8 | (unsigned char)*try.at++;
		if (length < 0x80)
			return false;
	} else {
		length = first;
	}
	*out = length;
	*c = try;
	return true;
}

/* One element with that tag; content gets its contents octets. */
static bool take_element(struct cursor *c, char tag, struct slice *content)
{
	struct cursor try = *c;
	size_t length;

	if (!take_char(&try, tag) || !take_length(&try, &length) || length > cursor_left(&try))
		return false;
	*content = slice_of(try.at, length);
	try.at += length;
	*c = try;
	return true;
}

/* INTEGER above zero: no sign bit, a zero octet in front only to keep it clear (X.690 8.3). */
static bool take_positive(struct cursor *c, struct slice *magnitude)
{
	struct cursor try = *c;
	struct slice number;

	if (!take_element(&try, DER_INTEGER, &number) || number.len == 0)
		return false;
	if ((number.ptr[0] & 0x80) != 0)
		return false;
	if (number.ptr[0] == '\0') {
		number = slice_drop(number, 1);
		if (number.len == 0 || (number.ptr[0] & 0x80) == 0)
			return false;
	}
	*magnitude = number;
	*c = try;
	return true;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
static bool rsa_public_key(struct slice der, struct rsa_numbers *out)
{
	struct cursor outer = cursor_of(der), inner;
	struct rsa_numbers numbers;
	struct slice content;

	if (!take_element(&outer, DER_SEQUENCE, &content) || !cursor_done(&outer))
		return false;
	inner = cursor_of(content);
	if (!take_positive(&inner, &numbers.modulus) || !take_positive(&inner, &numbers.exponent) ||
	    !cursor_done(&inner))
		return false;
	*out = numbers;
	return true;
}

/*
 * AlgorithmIdentifier of rsaEncryption.  Its parameters must be NULL (RFC 3279 section 2.3.1); left
 * out they mean the same, and other verifiers take such keys.
 */
static bool take_rsa_algorithm(struct cursor *c)
{
	static const char rsa_encryption[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
	struct slice content, oid, parameters;
	struct cursor inner;

	if (!take_element(c, DER_SEQUENCE, &content))
		return false;
	inner = cursor_of(content);
	if (!take_element(&inner, DER_OID, &oid) ||
	    !slice_eq(oid, slice_of(rsa_encryption, sizeof(rsa_encryption) - 1)))
		return false;
	if (cursor_done(&inner))
		return true;
	return take_element(&inner, DER_NULL, &parameters) && parameters.len == 0 &&
	    cursor_done(&inner);
}

/* SubjectPublicKeyInfo ::= SEQUENCE { AlgorithmIdentifier, BIT STRING { RSAPublicKey } } */
static bool subject_public_key_info(struct slice der, struct rsa_numbers *out)
{
	struct cursor outer = cursor_of(der), inner;
	struct slice content, bits;

	if (!take_element(&outer, DER_SEQUENCE, &content) || !cursor_done(&outer))
		return false;
	inner = cursor_of(content);
	if (!take_rsa_algorithm(&inner) || !take_element(&inner, DER_BIT_STRING, &bits) ||
	    !cursor_done(&inner))
		return false;
	/* the first octet counts the unused bits of the last one */
	return bits.len > 0 && bits.ptr[0] == '\0' && rsa_public_key(slice_drop(bits, 1), out);
}

bool der_rsa_public(struct slice der, struct rsa_numbers *out)
{
	return rsa_public_key(der, out) || subject_public_key_info(der, out);
}

size_t der_bits(struct slice number)
{
	unsigned char top = (unsigned char)number.ptr[0];
	size_t bits = 8 * (number.len - 1);

	while (top > 0) {
		bits++;
		top >>= 1;
	}
	return bits;
}
