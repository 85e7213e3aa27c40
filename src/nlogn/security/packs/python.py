"""Python: where data comes from, what cleans it, and the injection sinks.

Sources: the documentation of Flask, Django, FastAPI, Tornado, aiohttp, requests, DB-API 2.0
(PEP 249), SQLAlchemy, subprocess, lxml, ldap3; CWE numbers are MITRE's.
"""

# fmt: off
# ruff: noqa: E501 -- tables, one rule after the other, read better wide

from __future__ import annotations

from ..rules import Guard, Pack, Rule
from .python_api import API_RULES, TAGS
from .python_ops import OPS_RULES
from .shared import FIXED_HOST, SQL, SQL_VALUE, TEST

EXECUTE = "*.{execute,executemany,executescript,mogrify,execute_sql,executeQuery}"
SQL_ARG = (0, "sql", "query", "statement", "operation", "command")
LOGGERS = r"(?i)(?:^|\.)(?:log\w*|logging\w*|warn\w*|print|debug|info|error|write|echo|append|format|join|replace)$"

INJECTION: tuple[Rule, ...] = (
    Rule(
        "py.sql-injection", 89, "critical", "high",
        "Request data becomes part of an SQL statement.",
        (EXECUTE, "*.{raw,extra,text,from_statement,RawSQL,read_sql,read_sql_query}",
         "text", "RawSQL", "{sqlalchemy,sqlalchemy.sql}.text"),
        kind="sql", args=SQL_ARG, need="web",
        advice="Pass the value as a bound parameter: execute(sql, (value,)).", fix="parameterise",
        insecure=("from flask import request\ndef f(cur):\n    n = request.args['n']\n"
                  "    cur.execute('select * from t where n = ' + n)\n",),
        fixed=("from flask import request\ndef f(cur):\n    n = request.args['n']\n"
               "    cur.execute('select * from t where n = ?', (n,))\n",),
        near=("from flask import request\ndef f(cur):\n    n = int(request.args['n'])\n"
              "    cur.execute('select * from t where n = %d' % n)\n",),
    ),
    Rule(
        "py.sql-built", 89, "high", "high",
        "An SQL statement is put together from values instead of binding them.",
        ("anycall",), kind="sql", args=("*",), need="built",
        when=(("any", *(("re", a, SQL_VALUE) for a in (0, 1, 2, "sql", "query", "statement"))),),
        unless=(("call", LOGGERS), ("in", r"(?i)__(?:str|repr)__|" + TEST)),
        advice="Pass the value as a bound parameter: execute(sql, (value,)).", fix="parameterise",
        insecure=("def f(cur, n):\n    cur.execute(\"select * from t where n = '%s'\" % n)\n",
                  "def f(db, n):\n    q = f\"delete from t where n = '{n}'\"\n    db.query(q)\n"),
        fixed=("def f(cur, n):\n    cur.execute('select * from t where n = %s', (n,))\n",),
        near=("TABLE = 't'\ndef f(cur, n):\n    cur.execute(f'select * from {TABLE} where n=?', (n,))\n",
              "def f(log, n):\n    log.info('select %s from the list' % n)\n"),
    ),
    Rule(
        "py.command-injection", 78, "critical", "high",
        "Data from outside becomes part of a shell command.",
        ("os.{system,popen,popen2,popen3,popen4}", "{subprocess,commands}.{getoutput,getstatusoutput}",
         "popen2.{popen2,popen3}", "asyncio.create_subprocess_shell", "pty.spawn", "*.exec_command"),
        kind="cmd", args=(0, "cmd", "command"), need="param",
        advice="Run the program with a list of arguments and no shell.", fix="argv",
        insecure=("import os\ndef f(name):\n    os.system('ping ' + name)\n",),
        fixed=("import subprocess\ndef f(name):\n    subprocess.run(['ping', name])\n",),
        near=("import os\ndef f(n: int):\n    os.system('sleep %d' % n)\n",),
    ),
    Rule(
        "py.shell-built", 78, "high", "high",
        "A shell command is put together from values.",
        ("os.{system,popen}", "{subprocess,commands}.{getoutput,getstatusoutput}"),
        kind="cmd", args=(0,), need="built",
        advice="Run the program with a list of arguments and no shell.", fix="argv",
        insecure=("import os\ndef f(self):\n    os.system('rm -r %s' % self.path)\n",),
        fixed=("import subprocess\ndef f(self):\n    subprocess.run(['rm', '-r', self.path])\n",),
        near=("import os\ndef f(self):\n    os.system('clear')\n",),
    ),
    Rule(
        "py.subprocess-shell", 78, "critical", "high",
        "A command with outside data in it runs through the shell.",
        ("subprocess.{run,call,Popen,check_call,check_output}",
         "{run,call,Popen,check_call,check_output}"),
        kind="cmd", args=(0, "args"), need="param", when=(("is", "shell", True, 1),),
        advice="Pass a list of arguments and drop shell=True.", fix="argv",
        insecure=("import subprocess\ndef f(name):\n    subprocess.run('ping ' + name, shell=True)\n",),
        fixed=("import subprocess\ndef f(name):\n    subprocess.run(['ping', name])\n",),
        near=("import subprocess\ndef f(name):\n    subprocess.run('ls -l', shell=True)\n",),
    ),
    Rule(
        "py.subprocess-shell-built", 78, "high", "high",
        "A shell command is put together from values.",
        ("subprocess.{run,call,Popen,check_call,check_output}",), kind="cmd", args=(0, "args"),
        need="built", when=(("is", "shell", True, 1),),
        advice="Pass a list of arguments and drop shell=True.", fix="argv",
        insecure=("import subprocess\ndef f(self):\n    subprocess.call('rm %s' % self.x, shell=True)\n",),
        fixed=("import subprocess\ndef f(self):\n    subprocess.call(['rm', self.x])\n",),
        near=("import subprocess\ndef f(self):\n    subprocess.call('make', shell=True)\n",),
    ),
    Rule(
        "py.command-argv", 78, "high", "high", "Request data chooses the program that is run.",
        ("subprocess.{run,call,Popen,check_call,check_output}",
         "os.{execl,execle,execlp,execv,execve,execvp,spawnl,spawnv,spawnlp,spawnvp,startfile}",
         "asyncio.create_subprocess_exec"),
        kind="cmd", args=(0, "args"), need="web", unless=(("head", (0, "args")),),
        advice="Choose the program from a fixed list.",
        insecure=("import subprocess\nfrom flask import request\ndef f():\n"
                  "    subprocess.run(request.args['c'].split())\n",),
        fixed=("import subprocess\nfrom flask import request\ndef f():\n"
               "    c = request.args['c']\n    if c in ('ls', 'df'):\n        subprocess.run([c])\n",),
        near=("import subprocess\ndef f():\n    subprocess.run(['ls'])\n",),
    ),
    Rule(
        "py.command-list-built", 78, "high", "high", "Command text is built from unchecked values.",
        ("subprocess.{run,call,Popen,check_call,check_output}", "{call,Popen,check_output,check_call}"),
        kind="cmd", args=(0,), need="built", unless=(("is", "shell", False),),
        when=(("re", 0, r"^\S+ .*\x00"),),
        advice="Pass a list of arguments.",
        insecure=("from subprocess import call\ndef f(x):\n    call('useradd {}'.format(x))\n",),
        fixed=("from subprocess import call\ndef f(x):\n    call(['useradd', x])\n",),
        near=("from subprocess import call\ndef f(x):\n    call('ls')\n",),
    ),
    Rule(
        "py.remote-shell-built", 78, "high", "high",
        "A command line for another machine is put together from values.",
        ("*.{run,sudo,exec_command,execute_command,ssh_exec,_run_ssh,_ssh,send_command,_cli_run}",),
        kind="cmd", args=(0,), need="built", evidence="heuristic",
        when=(("re", 0, r"^[a-z][\w./-]+ .*(?:-|\x00)"), ("not", ("re", 0, SQL)),
              ("re", 0, r"^(?:[\w./-]*(?:kubectl|docker|ssh|scp|rm|cp|mv|ls|cat|chmod|chown|sudo|useradd"
               r"|mount|create|delete|show|set|get|ping|curl|wget|git|tar|iptables|ip|echo|mk\w+))\b")),
        advice="Quote every value with shlex.quote, or pass a list.",
        insecure=("def f(host, n):\n    host.run('kubectl exec -ti %s ls' % n)\n",),
        fixed=("def f(host, n):\n    host.run('kubectl exec -ti %s ls', n)\n",),
        near=("def f(host, n):\n    host.run('kubectl get pods')\n",),
    ),
    Rule(
        "py.code-injection", 94, "critical", "high", "Data from outside is run as code.",
        ("{eval,exec,execfile,compile}", "builtins.{eval,exec}", "__builtins__.{eval,exec}",
         "*.{runsource,runcode}", "importlib.import_module", "__import__"),
        kind="code", args=(0,), need="web",
        advice="Parse the data (ast.literal_eval, json) or look the action up in a table.",
        insecure=("from flask import request\ndef f():\n    eval(request.args['e'])\n",),
        fixed=("import ast\nfrom flask import request\ndef f():\n"
               "    ast.literal_eval(request.args['e'])\n",),
        near=("def f():\n    eval('1 + 1')\n",),
    ),
    Rule(
        "py.eval-param", 94, "high", "high", "Code is made of a value that callers choose.",
        ("{eval,exec,execfile}",), kind="code", args=(0,), need="param",
        unless=(("arg", 0, r"(?i)compile|\.code$|codeobj"), ("file", r"(?m)^class \w*(?:Repl|Debug)")),
        advice="Parse the data (ast.literal_eval, json) or look the action up in a table.",
        insecure=("def f(e):\n    return eval(e)\n",), fixed=("import ast\ndef f(e):\n    return ast.literal_eval(e)\n",),
        near=("def f(e):\n    return eval('len')(e)\n",),
    ),
    Rule(
        "py.code-built", 94, "high", "high", "Code is put together from values.",
        ("{eval,exec,execfile}",), kind="code", args=(0,), need="built",
        unless=(("in", r"(?i)" + TEST + r"|namedtuple|dataclass"), ("arg", 0, r"(?i)compile")),
        advice="Look the action up in a table.",
        insecure=("exec('import urllib.' + version)\n",), fixed=("import importlib\nimportlib.import_module('urllib.parse')\n",),
        near=("exec('import urllib.parse')\n",),
    ),
    Rule(
        "py.path-traversal", 22, "high", "high", "Request data chooses a file.",
        ("{open,file,codecs.open,io.open,os.open,io.FileIO}",
         "os.{remove,unlink,rename,rmdir,mkdir,makedirs,listdir,scandir,chmod,chown,stat,lstat}",
         "shutil.{copy,copyfile,move,rmtree,copy2,copytree}", "flask.{send_file}",
         "*.{FileResponse,TemporaryFile,send_file}", "FileResponse",
         "pathlib.Path()*.{open,read_text,read_bytes,write_text,write_bytes,unlink,exists,is_file}",
         "*.{get_contents_to_filename}"),
        kind="path", args=(0, 1, -1, "file", "path", "filename"), need="web",
        unless=(("call", r"chmod$|\.stat$"),),
        advice="Resolve the path and check that it stays inside its directory.", fix="confine",
        insecure=("from flask import request\ndef f():\n    return open('d/' + request.args['n'])\n",),
        fixed=("import os\nfrom flask import request\nfrom werkzeug.utils import secure_filename\ndef f():\n"
               "    return open('d/' + secure_filename(request.args['n']))\n",),
        near=("def f():\n    return open('d/' + 'x')\n",),
    ),
    Rule(
        "py.path-probe", 22, "medium", "high", "Request data chooses a file whose existence is told.",
        ("os.path.{exists,isfile,isdir,getsize}",), kind="path", args=(0,), need="web",
        advice="Resolve the path and check that it stays inside its directory.",
        insecure=("import os\nfrom flask import request\ndef f():\n    return os.path.exists('d/' + request.args['n'])\n",),
        fixed=("import os\nfrom flask import request\ndef f():\n    return os.path.exists('d/' + os.path.basename(request.args['n']))\n",),
        near=("import os\ndef f(n):\n    return os.path.exists(n)\n",),
    ),
    Rule(
        "py.path-typed", 22, "medium", "high", "Text that a person types chooses a file.",
        ("{open,io.open,codecs.open}", "os.{remove,unlink,rename,rmdir,listdir,chmod}", "shutil.{copy,move,rmtree,copyfile}"),
        kind="path", args=(0, 1), need="param", when=(("src", r"^(?:input|raw_input|sys\.argv)"),),
        advice="Resolve the path and check that it stays inside its directory.",
        insecure=("def f():\n    return open('d/' + input())\n",),
        fixed=("import os\ndef f():\n    return open('d/' + os.path.basename(input()))\n",),
        near=("def f(n):\n    return open(n)\n",),
    ),
    Rule(
        "py.url-typed", 918, "medium", "high", "Text that a person types chooses the address connected to.",
        ("requests.{get,post,put,delete,patch,head}", "{urllib.request,urllib}.urlopen"), kind="ssrf", args=(0, "url"), need="param",
        when=(("src", r"^(?:input|raw_input|sys\.argv)"),),
        advice="Check the part that comes from outside before it enters the address.",
        insecure=("import requests\ndef f():\n    requests.get(input())\n",),
        fixed=("import requests\ndef f():\n    requests.get('https://a.example/%d' % int(input()))\n",),
        near=("import requests\ndef f(u):\n    requests.get(u)\n",),
    ),
    Rule(
        "py.path-join", 22, "medium", "high", "A path is joined from an unchecked name and then used.",
        ("*.{get_contents_to_filename,save_to_file,download_file,extract_to}",
         "shutil.move", "os.{mkdir,symlink}", "*.{send_from_directory}", "zipfile.ZipFile().extract"),
        kind="path", args=(0, 1), need="param", evidence="heuristic",
        unless=(("in", r"(?i)" + TEST + r"|^\s*_|copy|backup|move"),),
        when=(("not", ("file", r"safe_join|basename|realpath|abspath")),),
        advice="Keep only the base name, or resolve and compare with the directory.",
        insecure=("import os\ndef f(key, d, name):\n    key.get_contents_to_filename(os.path.join(d, name))\n",),
        fixed=("import os\ndef f(key, d, name):\n"
               "    key.get_contents_to_filename(os.path.join(d, os.path.basename(name)))\n",),
        near=("def f(key):\n    key.get_contents_to_filename('x')\n",),
    ),
    Rule(
        "py.upload-name", 434, "high", "high", "An uploaded file is saved under the name the client chose.",
        ("*.save",), kind="path", args=(0, "dst"), need="web",
        advice="Use werkzeug.utils.secure_filename or a name of your own.",
        insecure=("from flask import request\ndef f():\n    u = request.files['u']\n    u.save(u.filename)\n",),
        fixed=("from flask import request\nfrom werkzeug.utils import secure_filename\ndef f():\n"
               "    u = request.files['u']\n    u.save(secure_filename(u.filename))\n",),
        near=("from flask import request\ndef f():\n    request.files['u'].save('fixed.bin')\n",),
    ),
    Rule(
        "py.xss", 79, "high", "high", "Request data is sent to the browser unescaped.",
        ("route.return", "flask.{make_response,Response,Markup}", "{make_response,Response,HTMLResponse}",
         "*.{HttpResponse,HTMLResponse,HttpResponseBadRequest,HttpResponseNotFound,mark_safe,Markup,SafeString}",
         "{HttpResponse,mark_safe,Markup}", "*.response.write", "self.write", "web.Response",
         "bottle.{HTTPResponse}", "*.{respond,write_html}"),
        kind="xss", args=(0, "text", "body", "content"), need="web",
        unless=(("call", r"JsonResponse|StreamingHttp"),
                ("is", ("content_type", "mimetype", "media_type"), "text/plain", "application/json",
                 "application/octet-stream", "image/png", "text/csv"),
                ("arg", 0, r"jsonify\(\)$|json\.dumps\(\)$|render_template\(\)$|redirect\(\)$|render\(\)$"
                 r"|url_for\(\)$|send_file\(\)$|query|model|predict|\.json\(\)$|filter")),
        advice="Escape it: html.escape, markupsafe.escape, or a template with autoescaping.",
        fix="escape",
        insecure=("from flask import Flask, request\napp = Flask(__name__)\n@app.route('/')\ndef f():\n"
                  "    return 'Hi ' + request.args['n']\n",),
        fixed=("import html\nfrom flask import Flask, request\napp = Flask(__name__)\n@app.route('/')\n"
               "def f():\n    return 'Hi ' + html.escape(request.args['n'])\n",),
        near=("from flask import Flask, jsonify, request\napp = Flask(__name__)\n@app.route('/')\n"
              "def f():\n    return jsonify(request.args['n'])\n",),
    ),
    Rule(
        "py.reflected-store", 79, "medium", "high",
        "A value from the request is kept unescaped and may be shown as HTML.",
        ("*.=[]",), kind="xss", args=(1,), need="web", evidence="heuristic",
        when=(("recv", r"^\w+\.\w+$"),),
        unless=(("recv", r"(?i)flask\.|cache|headers|cookies|config|environ|\.(?:args|form|params|session)$"),),
        advice="Escape it where it enters: html.escape.",
        insecure=("class R:\n    def render_GET(self, request):\n"
                  "        s = request.args.get('s')[0]\n        self.clients[s] = 1\n",),
        fixed=("import html\nclass R:\n    def render_GET(self, request):\n"
               "        s = html.escape(request.args['s'][0])\n        self.clients[s] = 1\n",),
        near=("class R:\n    def render_GET(self, request):\n        self.clients['a'] = 1\n",),
    ),
    Rule(
        "py.html-built", 79, "medium", "high", "HTML is put together from unescaped values.",
        ("*.{mark_safe,Markup,SafeString,SafeText}", "{mark_safe,Markup}", "*.=html", "*.=innerHTML"),
        kind="xss", args=(0,), need="built", when=(("re", 0, r"<\s*\w"),),
        advice="Use format_html or escape each value.",
        insecure=("from django.utils.safestring import mark_safe\ndef f(n):\n"
                  "    return mark_safe('<b>%s</b>' % n)\n",),
        fixed=("from django.utils.html import format_html\ndef f(n):\n    return format_html('<b>{}</b>', n)\n",),
        near=("from django.utils.safestring import mark_safe\ndef f():\n    return mark_safe('<b>x</b>')\n",),
    ),
    Rule(
        "py.template-injection", 1336, "critical", "high", "Request data becomes part of a template.",
        ("flask.render_template_string", "render_template_string", "*.from_string",
         "{jinja2,django.template,mako.template}.Template", "Template"),
        kind="template", args=(0, "source"), need="web",
        advice="Keep the template constant and pass the data as a variable.",
        insecure=("from flask import request, render_template_string\ndef f():\n"
                  "    return render_template_string('Hi ' + request.args['n'])\n",),
        fixed=("from flask import request, render_template_string\ndef f():\n"
               "    return render_template_string('Hi {{ n }}', n=request.args['n'])\n",),
        near=("from flask import render_template_string\ndef f():\n    return render_template_string('Hi')\n",),
    ),
    Rule(
        "py.open-redirect", 601, "medium", "high", "Request data chooses where the browser goes.",
        ("flask.redirect", "{redirect,HttpResponseRedirect,RedirectResponse}", "django.shortcuts.redirect",
         "*.{HttpResponseRedirect,HttpResponsePermanentRedirect,RedirectResponse,HTTPFound,HTTPSeeOther}",
         "*.=[Location]", "*.=[location]", "*.=location", "self.redirect", "bottle.redirect"),
        kind="redirect", args=(0, "url", "location"), need="web",
        unless=(("re", 0, r"^(?:/(?!/)[^\x00]|https?://[^/\x00]+/)"),),
        advice="Redirect to a path of your own, or compare the host with a list.",
        insecure=("from flask import redirect, request\ndef f():\n    return redirect(request.args['u'])\n",),
        fixed=("from flask import redirect, request\ndef f():\n    u = request.args['u']\n"
               "    if u not in ('/a', '/b'):\n        u = '/'\n    return redirect(u)\n",),
        near=("from flask import redirect, url_for\ndef f():\n    return redirect(url_for('home'))\n",),
    ),
    Rule(
        "py.ssrf", 918, "high", "high", "Request data chooses the address that the server connects to.",
        ("requests.{get,post,put,delete,head,patch,request,options}",
         "requests.Session().{get,post,put,delete,head,request}", "httpx.{get,post,put,delete,request,stream}",
         "httpx.{AsyncClient,Client}().{get,post}", "{urllib.request,urllib,urllib2,six.moves.urllib.request}.{urlopen,urlretrieve,Request}",
         "{urlopen,urlretrieve}", "{http.client,httplib}.{HTTPConnection,HTTPSConnection}",
         "aiohttp.ClientSession().{get,post,request}", "urllib3.PoolManager().request", "socket.create_connection",
         "*.ClientSession().{get,post}"),
        kind="ssrf", args=(0, 1, "url", "host"), need="web",
        unless=(("re", 0, FIXED_HOST), ("re", "url", FIXED_HOST), ("re", 1, FIXED_HOST),
                ("all", ("is", 0, "GET", "POST", "PUT"), ("re", 1, FIXED_HOST))),
        advice="Compare the host with a list of those you mean to reach.",
        insecure=("import requests\nfrom flask import request\ndef f():\n    requests.get(request.args['u'])\n",),
        fixed=("import requests\nfrom flask import request\ndef f():\n    u = request.args['u']\n"
               "    if u in ('https://a.example/', 'https://b.example/'):\n        requests.get(u)\n",),
        near=("import requests\nfrom flask import request\ndef f():\n"
              "    requests.get('https://a.example/?q=' + request.args['q'])\n",),
    ),
    Rule(
        "py.ssrf-path", 918, "medium", "high", "Request data can lead to another path of the service that is called.",
        ("requests.{get,post,put,delete,head,patch,request}", "httpx.{get,post,put,delete}", "{urllib.request,urllib}.urlopen"),
        kind="ssrf", args=(0, 1, "url"), need="web",
        when=(("any", ("re", 0, r"^https?://[^/\x00?]+/[^?\x00]*\x00"), ("re", "url", r"^https?://[^/\x00?]+/[^?\x00]*\x00")),),
        advice="Quote it with urllib.parse.quote(value, safe='').",
        insecure=("import requests\nfrom flask import request\ndef f():\n    requests.get('https://a.example/u/' + request.args['u'])\n",),
        fixed=("import requests\nfrom urllib.parse import quote\nfrom flask import request\ndef f():\n"
               "    requests.get('https://a.example/u/' + quote(request.args['u'], safe=''))\n",),
        near=(),
    ),
    Rule(
        "py.log-typed", 117, "low", "high", "Text that a person types is logged with its line breaks.",
        ("*.{info,warning,warn,error,debug,critical,exception,log}",), kind="log", args=("*",), need="param",
        when=(("call", r"(?i)log.*\."), ("src", r"^(?:input|raw_input|sys\.argv)")),
        advice="Remove line breaks, or log its repr.",
        insecure=("import logging\ndef f():\n    logging.error('not a number: ' + input())\n",),
        fixed=("import logging\ndef f():\n    logging.error('a ' + input().replace('\\n', ' '))\n",), near=(),
    ),
    Rule(
        "py.xpath-injection", 643, "high", "high", "Data from outside becomes part of an XPath expression.",
        ("*.xpath", "lxml.etree.{XPath,ETXPath}", "elementpath.{select,iter_select,Selector}",
         "*.{findall,find,iterfind,findtext,XPath,XPathEvaluator}"),
        kind="xpath", args=(0, 1), need="web",
        unless=(("all", ("call", r"\.(?:find|findall|iterfind|findtext)$"),
                 ("not", ("any", ("re", 0, r"[/\[@].*\x00"), ("recv", r"(?i)root|tree|xml|elem|doc"))),),
                ("recv", r"^re$|(?i:regex|collection|mongo)")),
        advice="Bind it as an XPath variable: xpath('//u[@n=$n]', n=n).",
        insecure=("import lxml.etree\nfrom flask import request\ndef f(t):\n    n = request.args['n']\n"
                  "    return t.xpath(\"//u[@n='\" + n + \"']\")\n",),
        fixed=("import lxml.etree\nfrom flask import request\ndef f(t):\n    n = request.args['n']\n"
               "    return t.xpath('//u[@n=$n]', n=n)\n",),
        near=("def f(t):\n    return t.xpath('//u[@n=1]')\n",),
    ),
    Rule(
        "py.xpath-built", 643, "high", "high", "An XPath expression is put together from values.",
        ("*.xpath", "lxml.etree.{XPath,ETXPath}", "elementpath.select"), kind="xpath", args=(0, 1),
        need="built", when=(("any", *(("re", a, r"/.*\[.*['\"]\x00") for a in (0, 1))),),
        advice="Bind it as an XPath variable: xpath('//u[@n=$n]', n=n).",
        insecure=("def f(t, n):\n    return t.xpath(f\"/us/u[n='{n}']\")\n",),
        fixed=("def f(t, n):\n    return t.xpath('/us/u[n=$n]', n=n)\n",),
        near=("def f(t, n: int):\n    return t.xpath('/us/u[%d]' % n)\n",),
    ),
    Rule(
        "py.ldap-injection", 90, "high", "high", "Data from outside becomes part of an LDAP filter or name.",
        ("*.{search_s,search_st,search_ext,search_ext_s,search}", "*.{paged_search}"),
        kind="ldap", args=(0, 1, 2, "search_filter", "search_base", "filterstr", "base"), need="web",
        when=(("file", r"\bldap"),), unless=(("recv", r"^re$|(?i:es_|elastic|regex)"),),
        advice="Escape it with ldap.filter.escape_filter_chars.",
        insecure=("import ldap\nfrom flask import request\ndef f(c):\n"
                  "    c.search_s('dc=x', 2, '(uid=' + request.args['u'] + ')')\n",),
        fixed=("import ldap\nfrom ldap.filter import escape_filter_chars\nfrom flask import request\ndef f(c):\n"
               "    c.search_s('dc=x', 2, '(uid=' + escape_filter_chars(request.args['u']) + ')')\n",),
        near=("import ldap\ndef f(c):\n    c.search_s('dc=x', 2, '(uid=a)')\n",),
    ),
    Rule(
        "py.ldap-param", 90, "medium", "high", "An LDAP filter is made of an unescaped parameter.",
        ("*.{search_s,search_st,search_ext,search_ext_s}", "ldap3.Connection().search"),
        kind="ldap", args=(1, 2, "search_filter", "filterstr"), need="param", when=(("file", r"\bldap"),),
        advice="Escape it with ldap.filter.escape_filter_chars.",
        insecure=("import ldap\ndef f(c, u):\n    c.search_s('dc=x', 2, '(uid=%s)' % u)\n",),
        fixed=("import ldap\nfrom ldap.filter import escape_filter_chars as esc\ndef f(c, u):\n"
               "    c.search_s('dc=x', 2, '(uid=%s)' % esc(u))\n",),
        near=("import ldap\ndef f(c, u):\n    c.search_s('dc=x', 2, '(uid=a)')\n",),
    ),
    Rule(
        "py.log-injection", 117, "medium", "high", "Request data is logged with its line breaks.",
        ("*.{info,warning,warn,error,debug,critical,exception,log}",), kind="log", args=("*",), need="web",
        when=(("call", r"(?i)log.*\."),),
        advice="Remove line breaks: value.replace('\\n', ' ').",
        insecure=("import logging\nfrom flask import request\ndef f():\n    logging.info('u ' + request.args['u'])\n",),
        fixed=("import logging\nfrom flask import request\ndef f():\n"
               "    logging.info('u ' + request.args['u'].replace('\\n', ' '))\n",),
        near=("import logging\ndef f():\n    logging.info('started')\n",),
    ),
    Rule(
        "py.header-injection", 113, "medium", "high", "Request data is written into a response header.",
        ("*.headers.=[]", "*.headers.{add,set,add_header}", "self.set_header", "*.=[Content-Disposition]"),
        kind="header", args=(0, 1), need="web",
        unless=(("is", 1, "Location", "location"),),
        advice="Remove line breaks, or write a value of your own.",
        insecure=("from flask import request\ndef f(resp):\n    resp.headers['X-Name'] = request.args['n']\n",),
        fixed=("from flask import request\ndef f(resp):\n    resp.headers['X-Name'] = str(int(request.args['n']))\n",),
        near=("def f(resp):\n    resp.headers['X-Name'] = 'a'\n",),
    ),
    Rule(
        "py.regex-injection", 730, "medium", "high", "Request data is used as a regular expression.",
        ("re.{search,match,compile,findall,sub,fullmatch,split,finditer}", "regex.{search,match,compile}"),
        kind="regex", args=(0, "pattern"), need="web",
        advice="Escape it with re.escape.",
        insecure=("import re\nfrom flask import request\ndef f(t):\n    re.search(request.args['p'], t)\n",),
        fixed=("import re\nfrom flask import request\ndef f(t):\n    re.search(re.escape(request.args['p']), t)\n",),
        near=("import re\ndef f(t):\n    re.search('a+', t)\n",),
    ),
    Rule(
        "py.regex-param", 400, "medium", "high", "A caller's text is run as a regular expression.",
        ("re.{search,match,findall,fullmatch}",), kind="regex", args=(0,), need="param",
        when=(("arg", 0, r"(?i)^(?:user_)?(?:pattern|query|search\w*|regexp?|user_\w+)$"),
              ("in", r"(?i)search|find|match|grep|query|filter"),
              ("not", ("fn", r"(?i)timeout|re\.escape")), ("not", ("file", r"(?m)^class\s+\w"))),
        advice="Escape it with re.escape, or bound the time it may take.",
        insecure=("import re\ndef search_it(pattern, text):\n    return re.search(pattern, text)\n",),
        fixed=("import re\ndef search_it(pattern, text):\n    return re.search(re.escape(pattern), text)\n",),
        near=("import re\ndef search_it(text):\n    return re.search('a', text)\n",),
    ),
    Rule(
        "py.nosql-injection", 943, "high", "high", "Data from outside shapes a NoSQL query.",
        ("*.{find,find_one,aggregate,update_one,delete_one,delete_many,find_one_and_update,count_documents}",),
        kind="nosql", args=(0, "filter"), need="web",
        when=(("file", r"(?i)mongo"),),
        unless=(("recv", r"(?i)^(?:str|text|re)$"),),
        advice="Convert it to the type you expect before it reaches the query.",
        insecure=("import pymongo\nfrom flask import request\ndef f(c):\n    c.find_one({'u': request.json['u']})\n",),
        fixed=("import pymongo\nfrom flask import request\ndef f(c):\n    c.find_one({'u': int(request.json['u'])})\n",),
        near=("import pymongo\ndef f(c):\n    c.find_one({'u': 1})\n",),
    ),
    Rule(
        "py.nosql-built", 943, "high", "high", "A query expression is put together from values.",
        ("*.{scan,query,execute_statement,eval,map_reduce,find}",),
        kind="nosql", args=("FilterExpression", "KeyConditionExpression", "Statement", "ConditionExpression"),
        need="built", advice="Keep the expression constant and bind values to its placeholders.",
        insecure=("def f(c, u):\n    c.scan(FilterExpression=u + ' = :u')\n",),
        fixed=("def f(c, u):\n    c.scan(FilterExpression='n = :u', ExpressionAttributeValues={':u': u})\n",),
        near=("def f(c):\n    c.scan(FilterExpression='n = :u')\n",),
    ),
    Rule(
        "py.deserialize-web", 502, "critical", "high", "Request data is deserialised into objects.",
        ("{pickle,cPickle,_pickle,dill,cloudpickle,marshal,jsonpickle,pandas}.{load,loads,decode,Unpickler,read_pickle}",
         "shelve.open", "joblib.load", "numpy.load",
         "yaml.{load,load_all,unsafe_load,full_load}"),
        kind="deser", args=(0,), need="web",
        unless=(("any", *(("qual", (1, "Loader"), p) for p in ("*SafeLoader", "*CSafeLoader", "*BaseLoader"))),),
        advice="Use a data format (json), or sign and check the bytes first.", fix="safe-loader",
        insecure=("import pickle\nfrom flask import request\ndef f():\n    pickle.loads(request.data)\n",),
        fixed=("import json\nfrom flask import request\ndef f():\n    json.loads(request.data)\n",),
        near=("import pickle\ndef f(x):\n    return pickle.dumps(x)\n",),
    ),
    Rule(
        "py.trust-boundary", 501, "medium", "high", "Unchecked request data is put into the session.",
        ("*session.=[]", "*.session.{setdefault,update}", "flask.session.=[]"),
        kind="trust", args=(0, 1), need="web",
        when=(("recv", r"(?i)session$"),),
        unless=(("in", r"(?i)login|signin|auth|callback"), ("recv", r"(?i)requests\.Session")),
        advice="Check the value before it enters the session.",
        insecure=("from flask import request, session\ndef f():\n    session['u'] = request.args['u']\n",),
        fixed=("from flask import request, session\ndef f():\n    session['u'] = int(request.args['u'])\n",),
        near=("from flask import session\ndef f():\n    session['u'] = 1\n",),
    ),
    Rule(
        "py.csv-injection", 1236, "medium", "high", "Request data is written into a spreadsheet unescaped.",
        ("csv.writer().{writerow,writerows}", "csv.DictWriter().{writerow,writerows}"),
        kind="csv", args=(0,), need="web",
        advice="Prefix a cell that begins with = + - @ with an apostrophe.",
        insecure=("import csv\nfrom flask import request\ndef f(o):\n    csv.writer(o).writerow([request.args['a']])\n",),
        fixed=("import csv\nfrom flask import request\ndef f(o):\n    csv.writer(o).writerow([int(request.args['a'])])\n",),
        near=("import csv\ndef f(o):\n    csv.writer(o).writerow(['a'])\n",),
    ),
    Rule(
        "py.format-injection", 134, "medium", "high", "Request data is used as a format string.",
        ("*.format",), kind="format", args=(-1,), need="web", when=(("not", ("re", -1, r".")),),
        advice="Keep the format constant.",
        insecure=("from flask import request\ndef f(u):\n    return request.args['t'].format(u=u)\n",),
        fixed=("from flask import request\ndef f(u):\n    return '{}'.format(request.args['t'])\n",),
        near=("def f(u):\n    return '{}'.format(u)\n",),
    ),
    Rule(
        "py.exception-leak", 209, "low", "high", "An exception's text is sent to the client.",
        ("route.return", "*.{make_response,HttpResponse,HttpResponseServerError}", "flask.make_response", "flask.jsonify"),
        when=(("tag", 0, "exception"),),
        advice="Log it, and answer with a message of your own.",
        insecure=("from flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef f():\n    try:\n"
                  "        g()\n    except Exception as e:\n        return str(e)\n    return ''\n",),
        fixed=("from flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef f():\n    try:\n"
               "        g()\n    except Exception as e:\n        return 'failed'\n    return ''\n",),
        near=("def f():\n    try:\n        g()\n    except Exception as e:\n        return str(e)\n",),
    ),
)

_REQ = "{request,flask.request,*.request,bottle.request,pyramid.request,quart.request}"
SOURCES = (
    (_REQ + ".{args,form,values,json,data,cookies,headers,files,GET,POST,META,COOKIES,FILES,REQUEST,"
     "body,query_params,path_params,query_string,url,full_path,query,match_info,params,forms,stream,raw_post_data}", 3),
    (_REQ + ".{get_json,get_data,getlist,json,post,text,form,read,body}()", 3),
    ("request.{get_query_argument,get_argument,get}()", 3),
    ("self.{get_argument,get_query_argument,get_body_argument,get_cookie,get_arguments}()", 3),
    ("*.request.{arguments,uri}", 3),
    ("{input,raw_input}()", 2), ("sys.stdin.{readline,read}()", 2), ("sys.argv", 2),
    ("os.{environ,getenv()}", 1), ("os.environ.get()", 1),
    ("cgi.FieldStorage()", 3), ("*.FieldStorage().getvalue()", 3),
    ("self.{rfile.read,headers.get}()", 3),
    ("{websocket,ws}.{recv,receive_text,receive_json}()", 3),
    ("request.event", 3),
    ("graphene.*.args", 3),
)  # fmt: skip

ALL = frozenset({"*"})
SANITIZERS: tuple[tuple[str, frozenset[str]], ...] = (
    ("{html,cgi,markupsafe,xml.sax.saxutils,django.utils.html}.{escape,quoteattr,conditional_escape}", frozenset({"xss"})),
    ("{escape,quoteattr,escape_html,html_escape,conditional_escape,linkify}", frozenset({"xss"})),
    ("*.{escape_html,html_escape,escapeHtml}", frozenset({"xss"})),
    ("bleach.{clean,linkify}", frozenset({"xss"})), ("nh3.clean", frozenset({"xss"})),
    ("{flask,}.jsonify", frozenset({"xss"})), ("json.dumps", frozenset({"xss", "log", "header"})),
    ("*.render_template", frozenset({"xss", "template"})), ("render_template", frozenset({"xss"})),
    ("{shlex,pipes}.quote", frozenset({"cmd"})), ("shlex_quote", frozenset({"cmd"})),
    ("shlex.split", frozenset({"shell"})),
    ("werkzeug.utils.{secure_filename,safe_join}", ALL), ("secure_filename", ALL),
    ("flask.{safe_join,send_from_directory}", frozenset({"path"})), ("*.safe_join", frozenset({"path"})),
    ("os.path.basename", frozenset({"path", "redirect"})), ("*.basename", frozenset({"path"})),
    ("{ldap,ldap3,}*.escape_filter_chars", frozenset({"ldap"})), ("*.escape_dn_chars", frozenset({"ldap"})),
    ("ldap3.utils.*.{escape_filter_chars,escape_rdn}", frozenset({"ldap"})),
    ("re.escape", frozenset({"regex"})),
    ("{urllib.parse,urllib,six.moves.urllib.parse}.{quote,quote_plus,urlencode}", frozenset({"xss", "path", "header", "log", "ssrf"})),
    ("ast.literal_eval", frozenset({"code"})),
    ("defusedxml.*", frozenset({"xxe"})),
    ("flask.url_for", frozenset({"redirect"})), ("{url_for,reverse}", ALL),
    ("{psycopg2.sql.,sql.}{Identifier,Literal,SQL}", frozenset({"sql"})),
    ("*.{escape_string,mogrify,quote_identifier,quote_name,adapt}", frozenset({"sql"})),
    ("{hashlib.*,hmac.*}", ALL), ("*.hexdigest", ALL), ("*.{generate_password_hash,check_password_hash}", ALL),
    ("uuid.{UUID,uuid4,uuid1}", ALL), ("re.sub", frozenset()),
    ("*.{get_or_404,get_object_or_404,first_or_404}", ALL), ("get_object_or_404", ALL),
    ("*.query.filter_by", ALL), ("*.objects.{get,filter,create}", ALL), ("*.session.{query,get}", ALL),
    ("requests.{get,post,put}", ALL), ("datetime.*", ALL), ("time.*", ALL),
    ("*.{is_valid,isdigit,isalnum}", ALL),
)  # fmt: skip

PATHLIKE = frozenset({"path"})
GUARDS = (
    Guard(("*.{isdigit,isalnum,isalpha,isdecimal,isnumeric,isidentifier,is_integer}",), -1),
    Guard(("*.startswith",), -1, frozenset({"path"}), when=(("recv", r"realpath|abspath|normpath|resolve|absolute|\(\)$"),)),
    Guard(("*.startswith",), -1, frozenset({"path", "redirect", "ssrf"}), when=(("re", 0, r"^(?:/(?!$)|https?://[^/]+/).*"),)),
    Guard(("*.startswith",), -1, frozenset({"path"}), when=(("not", ("const", 0)),)),
    Guard(("*.is_relative_to",), -1, PATHLIKE), Guard(("*.relative_to",), -1, PATHLIKE),
    Guard(("*.startswith",), -1, frozenset({"path", "redirect"}), truth=False, when=(("re", 0, r"^(?:/|\.|http|//)"),)),
    Guard(("os.path.commonpath", "os.path.commonprefix"), 0, PATHLIKE),
    Guard(("isinstance",), 0, frozenset({"*"}), when=(("arg", 1, r"^(?:int|float|bool)$"),)),
    Guard(("{url_has_allowed_host_and_scheme,is_safe_url}", "*.{url_has_allowed_host_and_scheme,is_safe_url}"), 0,
          frozenset({"redirect", "ssrf"})),
)  # fmt: skip

CANARY = (
    "from flask import request\nimport sqlite3\ndef f():\n    c = sqlite3.connect('x').cursor()\n"
    "    c.execute('select * from t where a = ' + request.args['a'])\n",
    "py.sql-injection",
)
PACK = Pack(
    "python", INJECTION + API_RULES + OPS_RULES, SOURCES, SANITIZERS, GUARDS, TAGS,
    routes=(".route()", "api_view", ".get()", ".post()", ".put()", ".delete()", ".patch()", ".websocket()", "app.route", "view_config"),
    web_types=("Request", "HttpRequest", "WSGIRequest", "UploadFile"),
    web_names=("request", "req"),
    stops=frozenset({"isinstance", "type", "fetchone", "fetchall", "fetchmany", "open", "listdir", "glob"}),
    exits=frozenset({"abort", "exit", "_exit", "fail", "abort_if"}),
    words=frozenset({"netloc", "hostname", "url", "while", "password", "mark_safe"}),
    canary=CANARY,
)  # fmt: skip
