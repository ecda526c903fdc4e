#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/options.h"

#include "cli/command.h"
#include "cli/json.h"

struct config_request {
	const char *path;
	bool options, json;
};

/* One line each, "section name" with "-" for the top level: what the documentation check reads. */
static int list_options(void)
{
	const struct option_info *o;

	for (size_t i = 0; (o = option_info(i)) != NULL; i++)
		printf("%s %s\n", o->section[0] == '\0' ? "-" : o->section, o->name);
	return EXIT_SUCCESS;
}

static json_t *json_value(const struct set_option *option)
{
	json_t *list;

	if (!option->list)
		return json_slice(option->values[0].text);
	list = json_array();
	for (size_t i = 0; i < option->count; i++)
		json_array_append_new(list, json_slice(option->values[i].text));
	return list;
}

static void add_setting(void *ctx, const struct set_option *option)
{
	json_t *o = json_object();

	if (*option->section != '\0')
		json_object_set_new(o, "section", json_string(option->section));
	if (!slice_is_null(option->title))
		json_object_set_new(o, "title", json_slice(option->title));
	json_object_set_new(o, "name", json_string(option->name));
	if (option->list || option->count > 0)
		json_object_set_new(o, "value", json_value(option));
	if (option->at.file != NULL) {
		json_object_set_new(o, "file", json_string(option->at.file));
		json_object_set_new(o, "line", json_integer(option->at.line));
	}
	json_array_append_new(ctx, o);
}

static enum rc print_json(const struct settings *s)
{
	json_t *list = json_array();

	settings_each(s, add_setting, list);
	return json_print_all(json_pack("{s:i, s:o}", "version", 1, "options", list));
}

static void print_text_of(const struct settings *s)
{
	struct buf out = BUF_INIT(16u * 1024 * 1024);

	settings_print(s, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_free(&out);
}

static int print_settings(const struct config_request *r)
{
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	enum rc rc = command_settings(r->path, &s, &err);

	if (rc == RC_OK && r->json)
		rc = print_json(s);
	else if (rc == RC_OK)
		print_text_of(s);
	settings_release(&s);
	return command_end(&err, rc);
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct config_request, path),
	OPTION_JSON(struct config_request, json),
	{ "options", ARGUMENT_FLAG, offsetof(struct config_request, options), NULL,
	    "list the names of all options only" },
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct config_request r = { 0 };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 0, 0, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	if (r.options && r.json)
		return command_usage(c, "write --options or --json");
	return r.options ? list_options() : print_settings(&r);
}

const struct command command_config = {
	.name = "config",
	.run = run,
	.summary = "print every option with its value and where it came from",
	.usage = "[-c FILE] [--options|--json]",
	.arguments = arguments,
};
