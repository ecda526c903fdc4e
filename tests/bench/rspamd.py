"""rspamd as a milter with nothing but what assayd does too: DKIM, SPF, DMARC, Authentication-Results, signing.

Its proxy worker scans by itself (no second hop to a normal worker) and there is no controller.  Whatever
filters spam is not loaded, and neither are the models of languages, which it otherwise applies to every text.
The mail itself it always takes apart, URLs included: that cannot be switched off and counts.  The list of
public suffixes stays because DMARC needs it.
"""
import base64
import os

WORKERS = 2  # more than one, so that it too may use both sides of a machine; its own caches are for each worker
PLUGINS = ("spf", "dmarc", "dkim_signing", "milter_headers")

SPF_SYMBOLS = ("ALLOW", "FAIL", "SOFTFAIL", "NEUTRAL", "DNSFAIL", "PERMFAIL", "NA")

# No actions: nothing may be rejected, delayed or rewritten for its score.  The weights of nothing are there
# because a symbol without one makes it take a stack trace for every message.
CONFIG = """\
options {
  filters = "dkim";
  dns { nameserver = ["127.0.0.1:%(port)d"]; timeout = 1s; sockets = 16; retransmits = 5; }
  url_tld = "%(share)s/effective_tld_names.dat";
  tempdir = "%(run)s"; hs_cache_dir = "%(run)s/"; cache_file = "%(run)s/symbols.cache";
  control_socket = "%(run)s/control mode=0600"; pidfile = "%(run)s/pid";
  local_addrs = [];
}
logging { type = "console"; level = "error"; }
lang_detection { languages = "%(run)s/no-languages"; }
modules { %(plugins)s }
worker "rspamd_proxy" {
  bind_socket = "%(sock)s mode=0600"; milter = yes; timeout = 120s; count = %(workers)d;
  upstream "local" { default = yes; self_scan = yes; }
}
dkim { dkim_cache_size = 2k; }
spf { spf_cache_size = 2k; }
dmarc { }
group "policies" { symbols { %(symbols)s } }
milter_headers { use = ["authentication-results"]; }
dkim_signing { allow_username_mismatch = true; domain { %(domains)s } }
"""


def seed(pem):
    """An Ed25519 key as rspamd reads it: base64 of the 32 octets at the end of the PKCS #8 structure."""
    with open(pem) as f:
        der = base64.b64decode("".join(line for line in f.read().splitlines() if not line.startswith("-")))
    return base64.b64encode(der[-32:])


def domains(programs):
    """The keys to sign with, RSA in PEM, Ed25519 as a seed."""
    out = []
    for (domain, kind), path in programs.material.keys.items():
        if not domain.startswith("sign-"):
            continue
        if kind == "ed25519":
            raw = programs.unique(kind + ".key")
            with open(raw, "wb") as f:
                f.write(seed(path))
            path = raw
        out.append('"%s" { selector = "%s"; path = "%s"; }' % (domain, kind, path))
    return " ".join(out)


def environment(usr, run, env):
    """Where an unpacked rspamd finds its own files, and where it may write."""
    share, lib = os.path.join(usr, "share/rspamd"), os.path.join(usr, "lib/rspamd")
    return {**env, "LD_LIBRARY_PATH": ":".join([lib] + [d for d in [env.get("LD_LIBRARY_PATH")] if d]),
            "SHAREDIR": share, "LUALIBDIR": share + "/lualib", "PLUGINSDIR": share + "/plugins", "RULESDIR": share + "/rules",
            "DBDIR": run, "RUNDIR": run, "LOGDIR": run, "TMPDIR": run}


def start(programs, port):
    """a milter: (socket, processes)"""
    program, env = programs.find("rspamd")
    sock, run = programs.unique("rspamd.sock"), programs.unique("rspamd")
    usr = os.path.dirname(os.path.dirname(os.path.realpath(program)))
    share = os.path.join(usr, "share/rspamd")
    os.mkdir(run)
    with open(os.path.join(run, "rspamd.conf"), "w") as f:
        f.write(CONFIG % {"port": port, "share": share, "run": run, "sock": sock, "workers": WORKERS, "domains": domains(programs),
                          "symbols": " ".join('"R_SPF_%s" { weight = 0; }' % symbol for symbol in SPF_SYMBOLS),
                          "plugins": " ".join('path = "%s/plugins/%s.lua";' % (share, p) for p in PLUGINS)})
    args = [program, "-f", "-c", f.name] + (["-i"] if os.geteuid() == 0 else [])
    # the first start compiles the list of suffixes and keeps the outcome, as it would be kept on a server:
    # without that the memory shown is the compiler's
    programs.stop(programs.start(args, sock, environment(usr, run, env)))
    os.unlink(sock)
    return [sock], [programs.start(args, sock, environment(usr, run, env))]
