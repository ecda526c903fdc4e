#include <stdlib.h>

#include "base/buf.h"
#include "crypto/keyfile.h"

#include "files.h"
#include "keys.h"
#include "unit.h"

struct private_key *keys_private(const char *name)
{
	struct private_key *key = NULL;
	struct err err = ERR_INIT;
	size_t len;
	char *text = keys_text(name, &len);

	ck_assert_msg(private_key_decode_untried(slice_of(text, len), name, &key, &err) == RC_OK, "%s",
	    buf_cstr(&err.text));
	free(text);
	err_free(&err);
	return key;
}
