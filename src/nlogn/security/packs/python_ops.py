"""Python: processes, files, numbers and settings that are unsafe in themselves.

Sources: the documentation of os, tempfile, urllib3, httplib2, aiohttp, python-ldap, pexpect and
DB-API drivers; CWE numbers are MITRE's.
"""

# fmt: off
# ruff: noqa: E501 -- tables, one rule after the other, read better wide

from __future__ import annotations

from ..rules import Rule
from .shared import TEST

OPS_RULES: tuple[Rule, ...] = (
    Rule("py.kill", 283, "medium", "high", "A caller chooses the process that is stopped.", ("os.{kill,killpg}",), kind="pid", args=(0,), need="param",
         when=(("arg", 0, r"(?i)^(?:process_?id|pid|proc_?id|process)$"),), unless=(("fn", r"(?i)owner|getuid|username\(|uids\(|getpgid|is_alive|poll\(|waitpid"), ("file", r"(?m)^class \w*(?:Process|Popen|Worker|Daemon)")),
         advice="Check that the process is yours.",
         insecure=("import os, signal\ndef stop(pid):\n    os.kill(pid, signal.SIGKILL)\n",), fixed=("import os, signal\ndef stop(self):\n    os.kill(self.child, signal.SIGKILL)\n",), near=()),
    Rule("py.tmp-fixed", 377, "medium", "medium", "A fixed name in a shared directory can be prepared by somebody else.", ("open", "os.open", "{os.mkdir,os.makedirs}"),
         when=(("re", 0, r"^/(?:var/)?tmp/[\w./-]+$"), ("any", ("re", (1, "mode"), r"[wax]"), ("call", r"^os\."))), unless=(("in", TEST),),
         advice="Use tempfile.mkstemp or NamedTemporaryFile.",
         insecure=("def f(x):\n    with open('/tmp/report.txt', 'w') as out:\n        out.write(x)\n",), fixed=("import tempfile\ndef f(x):\n    with tempfile.NamedTemporaryFile('w') as out:\n        out.write(x)\n",), near=("def f():\n    return open('/tmp/report.txt')\n",)),
    Rule("py.plain-download", 494, "medium", "medium", "A file is fetched over plain http and kept without a check of what it holds.", ("{requests.get,urllib.request.urlopen,urllib.request.urlretrieve,httpx.get,urlopen,urlretrieve,wget.download}",),
         when=(("re", 0, r"(?i)^http://(?!localhost|127\.|0\.0\.0\.0|\[::1\]|10\.|192\.168\.)[^\x00/]+/"), ("any", ("call", r"urlretrieve$|download$"), ("fn", r"open\([^\n]*[\"']wb[\"']"))), unless=(("fn", r"(?i)sha\d|hashlib|checksum|digest|gpg|signature"), ("in", TEST)),
         advice="Fetch it over https and compare a known hash.",
         insecure=("import requests\nr = requests.get('http://a.example/x.pdf')\nopen('x.pdf', 'wb').write(r.content)\n",), fixed=("import requests\nr = requests.get('https://a.example/x.pdf')\nopen('x.pdf', 'wb').write(r.content)\n",),
         near=("import requests\nr = requests.get('http://a.example/x.json')\nprint(r.json())\n",)),
    Rule("py.encoded-password", 522, "medium", "medium", "Base64 hides a password from nobody.", ("base64.{b64encode,b64decode,encodestring,standard_b64encode,urlsafe_b64encode}",),
         when=(("any", ("arg", 0, r"(?i)passw|pwd"), ("all", ("in", r"(?i)passw"), ("fn", r"b64decode\([^)]*\)\s*==|==\s*base64"))),), unless=(("fn", r"(?i)authorization|basic|encrypt|fernet|hashlib|urandom|salt|saml|smtp|auth_?plain|cram"), ("in", TEST)),
         advice="Store a salted hash: hashlib.scrypt.",
         insecure=("import base64\ndef store(password):\n    return base64.b64encode(password)\n",), fixed=("import base64\ndef store(picture):\n    return base64.b64encode(picture)\n",), near=()),
    Rule("py.empty-password", 258, "medium", "high", "The password is empty.", ("*.{connect,Connection,create_connection}", "{connect}"), when=(("any", ("is", "password", ""), ("is", "passwd", ""), ("is", "pwd", "")),), unless=(("in", TEST),),
         advice="Read it from the environment or a secret store.",
         insecure=("import MySQLdb\nc = MySQLdb.connect(host='h', user='root', passwd='')\n",), fixed=("import os, MySQLdb\nc = MySQLdb.connect(host='h', user='app', passwd=os.environ['P'])\n",), near=()),
    Rule("py.cert-none", 295, "high", "high", "The server's certificate is not checked.", ("*.{PoolManager,HTTPSConnectionPool,ProxyManager,Http,wrap_socket,TCPConnector,ClientSession,connect,request,get,post,Session,SSLContext,set_option}", "{PoolManager,wrap_socket}"),
         when=(("any", ("is", "cert_reqs", "CERT_NONE", "NONE"), ("arg", "cert_reqs", r"CERT_NONE$"), ("is", "disable_ssl_certificate_validation", True), ("is", "verify_ssl", False), ("is", "ssl_verify", False),
                ("all", ("call", r"TCPConnector$|aiohttp"), ("is", "ssl", False)), ("arg", 1, r"OPT_X_TLS_NEVER$")),), unless=(("in", TEST),),
         advice="Leave verification on.",
         insecure=("import urllib3\nh = urllib3.PoolManager(cert_reqs='CERT_NONE')\n",), fixed=("import urllib3\nh = urllib3.PoolManager()\n",), near=("import ssl, urllib3\nh = urllib3.PoolManager(cert_reqs='CERT_REQUIRED')\n",)),
    Rule("py.cookie-script", 1004, "medium", "high", "Scripts of the page can read the cookie.", ("*.set_cookie",), when=(("is", "httponly", False),), advice="Add httponly=True.", fix="cookie-flags",
         insecure=("def f(resp, v):\n    resp.set_cookie('id', v, secure=True, httponly=False)\n",), fixed=("def f(resp, v):\n    resp.set_cookie('id', v, secure=True, httponly=True)\n",), near=()),
    Rule("py.make-mode", 732, "medium", "high", "The file or directory can be changed by everybody.", ("os.{mkdir,makedirs,mkfifo}", "os.open", "*.mkdir"),
         when=(("any", ("all", ("not", ("call", r"os\.open$")), ("bits", "mode", 0o002)), ("all", ("call", r"^os\.(?:mkdir|makedirs|mkfifo)$"), ("bits", 1, 0o002)), ("all", ("call", r"^os\.open$"), ("bits", 2, 0o002))),), unless=(("is", "mode", 0o777), ("fn", r"mode\s*=\s*0o777"), ("in", TEST)),
         advice="Give the owner alone what is needed: 0o700.",
         insecure=("import os\nos.mkdir('d', 0o777)\n",), fixed=("import os\nos.mkdir('d', 0o700)\n",), near=()),
    Rule("py.root", 250, "high", "medium", "The process takes on the rights of root.", ("os.{setuid,seteuid,setreuid,setgid,setegid}",), when=(("is", 0, 0),), unless=(("fn", r"set(?:e|re)?uid\(\s*(?!0)\w"), ("in", TEST)),
         advice="Give the rights up, or run a small helper with them.",
         insecure=("import os\ndef f():\n    os.setuid(0)\n",), fixed=("import os\ndef f(uid):\n    os.setuid(uid)\n",), near=()),
    Rule("py.spawn", 78, "high", "high", "Data from outside becomes a command line.", ("pexpect.{spawn,run}", "*.{spawn_shell}", "fabric.api.{run,sudo,local}", "invoke.run", "sh.Command", "plumbum.*"), kind="cmd", args=(0,), need="param", advice="Pass the program and a list of arguments.",
         insecure=("import pexpect\ndef f(a):\n    pexpect.run('ping ' + a)\n",), fixed=("import pexpect\ndef f():\n    pexpect.run('ls')\n",), near=()),
    Rule("py.divide-request", 369, "low", "medium", "A number from the request may be zero here.", ("op/", "op//"), when=(("tag", 1, "web-number"),), unless=(("fn", r"(?:==|!=|>|<=)\s*0\b|ZeroDivision|if not \w|max\(\s*1"),),
         advice="Check it first.",
         insecure=("from flask import request\ndef f():\n    return 1 / float(request.args['n'])\n",), fixed=("from flask import request\ndef f():\n    n = float(request.args['n'])\n    if n == 0:\n        return 0\n    return 1 / n\n",), near=("def f(n):\n    return 1 / n\n",)),
    Rule("py.endless-loop", 835, "medium", "high", "Nothing in this loop changes what it waits for.", ("endless loop",), advice="Change the condition's variable in the body.",
         insecure=("def f(n):\n    k = 0\n    while k < n:\n        print(k)\n",), fixed=("def f(n):\n    k = 0\n    while k < n:\n        print(k)\n        k += 1\n",), near=("def f(n, g):\n    while n:\n        n = g(n)\n",)),
    Rule("py.uuid-token", 340, "medium", "medium", "uuid1 is made of the clock and the machine's address.", ("uuid.uuid1",), when=(("any", ("to", r"(?i)token|secret|session|password|reset"), ("in", r"(?i)token|secret|session|password|reset")),), advice="Use secrets.token_hex.",
         insecure=("import uuid\ndef make_token():\n    return uuid.uuid1()\n",), fixed=("import secrets\ndef make_token():\n    return secrets.token_hex()\n",), near=("import uuid\ndef make_id():\n    return uuid.uuid1()\n",)),
    Rule("py.mutable-secret-key", 798, "high", "high", "The key that signs sessions is in the source.", ("*.=secret_key", "*.=[SECRET_KEY]", "*.=[JWT_SECRET_KEY]"), when=(("re", 0, r"^.{1,}$"), ("const", 0)), unless=(("in", TEST),), advice="Read it from the environment.",
         insecure=("from flask import Flask\napp = Flask(__name__)\napp.secret_key = 'abc123'\n",), fixed=("import os\nfrom flask import Flask\napp = Flask(__name__)\napp.secret_key = os.environ['K']\n",), near=()),
)  # fmt: skip
