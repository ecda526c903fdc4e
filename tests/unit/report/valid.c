#include <stdio.h>

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "base/buf.h"

#include "suites.h"

/* --- the order of elements, as RFC 9990 section 3.1.1 and RFC 7489 appendix C have it ------------------ */

/* U-05 to U-21.  Children in their order: "?" may be missing, "*" any number, "+" at least one. */
static const struct {
	const char *parent, *children, *legacy; /* legacy NULL: the same */
} orders[] = {
	{ "feedback", "version report_metadata policy_published record+", NULL },
	{ "report_metadata", "org_name email extra_contact_info? report_id date_range error? generator",
	  "org_name email extra_contact_info? report_id date_range error?" },
	{ "date_range", "begin end", NULL },
	{ "policy_published", "domain adkim aspf p sp? np? fo testing discovery_method",
	  "domain adkim aspf p sp pct fo" },
	{ "record", "row identifiers auth_results", NULL },
	{ "row", "source_ip count policy_evaluated", NULL },
	{ "policy_evaluated", "disposition dkim spf reason*", NULL },
	{ "reason", "type comment?", NULL },
	{ "identifiers", "envelope_to? envelope_from header_from", NULL },
	{ "auth_results", "dkim* spf", NULL },
	{ "auth_results/dkim", "domain selector result human_result?", NULL },
	{ "auth_results/spf", "domain scope result", NULL },
};

static bool is_named(const xmlNode *node, const char *name)
{
	return node->name != NULL && strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *next_element(const xmlNode *node)
{
	while (node != NULL && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

/* "name", or "auth_results/name" for those that occur in two places. */
static bool is_of(const xmlNode *node, struct slice entry)
{
	struct slice rest = entry, first = slice_split(&rest, '/');
	bool within = is_named(node->parent, "auth_results");

	return within != slice_is_null(rest) &&
	    slice_eq(within ? rest : first, slice_str((const char *)node->name));
}

static const char *order_of(const xmlNode *node, bool legacy)
{
	for (size_t i = 0; i < N_ELEMENTS(orders); i++)
		if (is_of(node, slice_str(orders[i].parent)))
			return legacy && orders[i].legacy != NULL ? orders[i].legacy : orders[i].children;
	return NULL;
}

/* Consumes the children that one word of an order stands for. */
static const xmlNode *take_children(const xmlNode *child, struct slice word)
{
	char last = word.ptr[word.len - 1];
	bool marked = strchr("?*+", last) != NULL;
	struct slice name = slice_take(word, word.len - (marked ? 1 : 0));
	size_t n = 0;

	while (child != NULL && slice_eq(slice_str((const char *)child->name), name)) {
		child = next_element(child->next);
		if (++n == 1 && (!marked || last == '?'))
			break;
	}
	ck_assert_msg(n > 0 || (marked && last != '+'), "<%.*s> is missing", SLICE_ARG(name));
	return child;
}

static void check_order(const xmlNode *node, bool legacy)
{
	struct slice rest = slice_str(order_of(node, legacy));
	const xmlNode *child = next_element(node->children);

	ck_assert_msg((child == NULL) == slice_is_null(rest), "<%s>", (const char *)node->name);
	while (!slice_is_null(rest))
		child = take_children(child, slice_split(&rest, ' '));
	ck_assert_msg(child == NULL, "<%s> in <%s>", child == NULL ? "" : (const char *)child->name,
	    (const char *)node->name);
	for (child = next_element(node->children); child != NULL; child = next_element(child->next))
		check_order(child, legacy);
}

/* --- the schema (U-25) ---------------------------------------------------------------------------------------- */

static xmlSchemaPtr read_schema(void)
{
	char *path = unit_shared_path("rfc/rfc9990-appendix-a.xsd");
	xmlSchemaParserCtxtPtr parser;
	xmlSchemaPtr schema;

	if (path == NULL) {
		unit_skipped("the schema of RFC 9990 is not there: only the order of elements is checked");
		return NULL;
	}
	parser = xmlSchemaNewParserCtxt(path);
	schema = xmlSchemaParse(parser);
	ck_assert_msg(schema != NULL, "%s: not a schema", path);
	xmlSchemaFreeParserCtxt(parser);
	free(path);
	return schema;
}

static void complain(void *ctx, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void complain(void *ctx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(ctx, fmt, ap);
	va_end(ap);
}

static void check_schema(xmlDocPtr doc)
{
	static xmlSchemaPtr schema;
	static bool asked;
	struct buf errors = BUF_INIT(10000);
	xmlSchemaValidCtxtPtr ctx;

	if (!asked)
		schema = read_schema();
	asked = true;
	if (schema == NULL)
		return;
	ctx = xmlSchemaNewValidCtxt(schema);
	xmlSchemaSetValidErrors(ctx, complain, complain, &errors);
	ck_assert_msg(xmlSchemaValidateDoc(ctx, doc) == 0, "%s", buf_cstr(&errors));
	xmlSchemaFreeValidCtxt(ctx);
	buf_free(&errors);
}

void valid_report(struct slice xml, bool legacy)
{
	xmlDocPtr doc = xmlReadMemory(xml.ptr, (int)xml.len, "report", NULL, XML_PARSE_NONET |
	    XML_PARSE_HUGE);
	const xmlNode *root;

	ck_assert_msg(doc != NULL, "not well-formed: %.*s", SLICE_ARG(slice_take(xml, 4000)));
	root = xmlDocGetRootElement(doc);
	ck_assert_str_eq((const char *)root->name, "feedback");
	ck_assert((root->ns == NULL) == legacy);
	ck_assert(legacy || (root->ns->prefix == NULL &&
	    strcmp((const char *)root->ns->href, "urn:ietf:params:xml:ns:dmarc-2.0") == 0));
	check_order(root, legacy);
	if (!legacy)
		check_schema(doc);
	xmlFreeDoc(doc);
}
