#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "cli/command.h"

#include "cli/json.h"

json_t *json_slice(struct slice text)
{
	struct buf line = BUF_INIT(LIMIT_LOG_LINE);
	json_t *made = json_stringn_nocheck(text.ptr == NULL ? "" : text.ptr, text.len);

	if (json_dumpb(made, NULL, 0, JSON_ENCODE_ANY) == 0) {
		json_decref(made);
		log_escape(&line, text);
		made = json_string(buf_cstr(&line));
		buf_free(&line);
	}
	return made;
}

enum rc json_print(json_t *value, size_t indent)
{
	char *text = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY |
	    (indent > 0 ? JSON_INDENT(indent) : JSON_COMPACT));

	json_decref(value);
	if (text == NULL)
		return RC_NOMEM;
	fputs(text, stdout);
	free(text);
	return RC_OK;
}

enum rc json_print_all(json_t *value)
{
	char *text = value == NULL ? NULL : json_dumps(value, JSON_INDENT(2));

	json_decref(value);
	if (text == NULL)
		return RC_NOMEM;
	command_print_json(text);
	free(text);
	return RC_OK;
}
