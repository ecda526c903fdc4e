"""python3-authres reads Authentication-Results fields: a JSON list of values comes in on standard input, out goes
one entry for each, {"id", "results": [[method, result, {property: value}]]} or {"error"}."""

import json
import sys

try:
    import authres
except ImportError as e:
    sys.exit("python3-authres is not installed (%s)" % e)


def read(value):
    try:
        field = authres.AuthenticationResultsHeader.parse("Authentication-Results:" + value)
        return {"id": field.authserv_id, "results": [
            [r.method, r.result, {"%s.%s" % (p.type, p.name): str(p.value) for p in r.properties}]
            for r in field.results if not isinstance(r, authres.NoneAuthenticationResult)]}
    except authres.AuthResError as e:
        return {"error": str(e)}


if __name__ == "__main__":
    json.dump({"version": "python3-authres " + authres.__version__ if hasattr(authres, "__version__")
               else "python3-authres", "fields": [read(value) for value in json.load(sys.stdin)]}, sys.stdout)
