"""JavaScript and TypeScript: Node, Express, database drivers, the browser's DOM.

Sources: the Node.js API documentation, Express, Mongo and SQL driver manuals, MDN. Module names
keep their slashes as `~`: `fs/promises` is `fs~promises`.
"""

# fmt: off
# ruff: noqa: E501 -- tables, one rule after the other, read better wide

from __future__ import annotations

from ..rules import Guard, Pack, Rule
from ..values import words
from .shared import FIXED_HOST, LOOSE_HOST, SQL_VALUE, TEST, UNPREDICTABLE

FS = "{fs,fs~promises,fs.promises,fs-extra,graceful-fs}"
FILE_CALLS = ("{readFile,readFileSync,writeFile,writeFileSync,createReadStream,createWriteStream,appendFile,appendFileSync,unlink,unlinkSync,"
              "readdir,readdirSync,open,openSync,rm,rmSync,access,copyFile,rename,stat,existsSync,exists,remove,outputFile}")  # fmt: skip
SECRET = r"(?i)^(?:.*[_.-])?(?:pass(?:word|wd|phrase)?|pwd|secret(?:_?key)?|api[_-]?key|(?:auth|access|client|private|jwt|session|app)[_-]?(?:secret|key|token))$"
HTML = r"(?is)<\s*/?[a-z!]"


def e(body: str, head: str = "") -> str:
    """An Express handler around a few statements, for samples."""
    return f"const express = require('express');\nconst app = express();\n{head}\napp.get('/', function (req, res) {{\n  {body}\n}});\n"


RULES: tuple[Rule, ...] = (
    Rule("js.sql-injection", 89, "critical", "high", "Request data becomes part of an SQL statement.",
         ("*.{query,execute,raw,run,all,each,exec,whereRaw,$queryRawUnsafe,$executeRawUnsafe,unsafe,literal}",), kind="sql", args=(0, "sql", "text"), need="web",
         when=(("any", ("re", 0, r"(?i)select|insert|update|delete|where|from|values"), ("recv", r"(?i)db|conn|client|pool|sql|knex|sequelize|pg|mysql|pool|prisma")),),
         unless=(("recv", r"(?i)url|child_process|^regex|jquery|^\$"),),
         advice="Use placeholders: query('… = ?', [v]).",
         insecure=(e("db.query(\"select * from t where a='\" + req.query.a + \"'\");"),), fixed=(e("db.query('select * from t where a = ?', [req.query.a]);"),),
         near=(e("db.query('select * from t where a = ' + parseInt(req.query.a));"),)),
    Rule("js.sql-built", 89, "high", "high", "An SQL statement is put together from values instead of binding them.",
         ("anycall",), kind="sql", args=(0,), need="built", when=(("re", 0, SQL_VALUE),), unless=(("call", r"(?i)(?:log|error|warn|info|debug|push|print|assert|write|test|it|describe|join|t|msg|replace|concat)$"), ("in", TEST)),
         advice="Use placeholders: query('… = ?', [v]).",
         insecure=("function f(db, a) {\n  db.query(`select * from t where a = '${a}'`);\n}\n",), fixed=("function f(db, a) {\n  db.query('select * from t where a = ?', [a]);\n}\n",),
         near=("function f(db) {\n  const t = 'x';\n  db.query(`select * from ${t} where a = 1`);\n}\n",)),
    Rule("js.command-injection", 78, "critical", "high", "Data from outside becomes part of a shell command.",
         ("child_process.{exec,execSync}", "{shelljs,shell}.exec", "*.{exec,execSync}", "{exec,execSync}", "execa.{command,commandSync}"), kind="cmd", args=(0,), need="param",
         when=(("any", ("call", r"child_process|shell|execa"), ("all", ("file", r"child_process|shelljs"), ("recv", r"(?i)^(?:cp|child|proc|shell|exec|util)"))),), unless=(("in", TEST),),
         advice="Use execFile with a list of arguments.",
         insecure=("const cp = require('child_process');\nfunction f(a) {\n  cp.exec('ping ' + a);\n}\n",), fixed=("const cp = require('child_process');\nfunction f(a) {\n  cp.execFile('ping', [a]);\n}\n",),
         near=("const cp = require('child_process');\nfunction f() {\n  cp.exec('ls');\n}\n",)),
    Rule("js.command-argv", 78, "high", "high", "Request data chooses the program that is run, or is run by a shell.",
         ("child_process.{spawn,spawnSync,execFile,execFileSync,fork}", "*.{spawn,spawnSync}"), kind="cmd", args=(0, 1), need="web",
         when=(("any", ("nonconst", 0), ("item", 2, "shell", True), ("re", 0, r"(?:^|/)(?:ba|z)?sh$|cmd"), ("not", ("present", 2))),), advice="Run a fixed program with checked arguments.",
         insecure=(e("cp.spawn(req.query.c);", "const cp = require('child_process');"),), fixed=(e("cp.spawn('ls');", "const cp = require('child_process');"),), near=()),
    Rule("js.shell-true", 78, "high", "high", "Arguments from outside reach a shell.", ("child_process.{spawn,spawnSync}",), kind="cmd", args=(0, 1), need="param", when=(("any", ("item", 2, "shell", True), ("item", 1, "shell", True)),), advice="Leave shell off.",
         insecure=("const cp = require('child_process');\nfunction f(a) {\n  cp.spawn('ls', [a], {shell: true});\n}\n",), fixed=("const cp = require('child_process');\nfunction f(a) {\n  cp.spawn('ls', [a]);\n}\n",), near=()),
    Rule("js.code-injection", 94, "critical", "high", "Data from outside is run as code.",
         ("{eval,Function,setTimeout,setInterval,execScript}", "vm.{runInContext,runInNewContext,runInThisContext,Script,compileFunction}", "{global,window}.eval", "vm2.VM().run", "*.VM().run", "*.NodeVM().run", "{vm,sandbox}.run", "*.compileFunction", "*.runInNewContext"),
         kind="code", args=(0, 1), need="web", advice="Parse the data (JSON.parse) or look the action up in a table.",
         unless=(("all", ("call", r"setTimeout$|setInterval$"), ("not", ("nonconst", 0))),),
         insecure=(e("eval(req.query.e);"),), fixed=(e("JSON.parse(req.query.e);"),), near=(e("eval('1');"),)),
    Rule("js.eval-param", 95, "high", "medium", "Code is made of a value that callers choose.", ("{eval,Function}", "vm.{runInContext,runInNewContext,runInThisContext}"), kind="code", args=(0,), need="param", unless=(("in", TEST),), advice="Parse the data instead.",
         insecure=(), fixed=("function f(a) {\n  return JSON.parse(a);\n}\n",), near=()),
    Rule("js.require-injection", 95, "high", "high", "Request data chooses the module that is loaded.", ("require", "import"), kind="code", args=(0,), need="web", advice="Choose it from a fixed list.",
         insecure=(e("require(req.query.m);"),), fixed=(e("require('m');"),), near=()),
    Rule("js.path-traversal", 22, "high", "high", "Request data chooses a file.",
         (FS + "." + FILE_CALLS, "*." + "{createReadStream,readFileSync,writeFileSync,readFile,writeFile,unlink}", "*.{sendFile,sendfile,download}", "{readFile,readFileSync,createReadStream,writeFile,writeFileSync}", "*.mv"),
         kind="path", args=(0,), need="web", unless=(("item", 1, "root"), ("call", r"(?:stat|access|existsSync|exists)$")), advice="Resolve it and check that it stays inside its directory.",
         insecure=(e("fs.readFile('d/' + req.query.n, cb);", "const fs = require('fs');"),), fixed=(e("fs.readFile('d/' + path.basename(req.query.n), cb);", "const fs = require('fs'), path = require('path');"),), near=(e("fs.readFile('d', cb);", "const fs = require('fs');"),)),
    Rule("js.path-resolve", 22, "medium", "high", "Request data is joined into a path.", ("path.{join,resolve}",), kind="path", args=("*",), need="web", unless=(("fn", r"startsWith|indexOf|basename|sanitize|normalize|replace\("),), advice="Keep only the base name, or check the result.", evidence="flow",
         insecure=(e("const p = path.join('d', req.query.n);", "const path = require('path');"),), fixed=(e("const p = path.join('d', path.basename(req.query.n));", "const path = require('path');"),), near=()),
    Rule("js.path-param", 22, "medium", "high", "A path is joined from an unchecked name and then used.", (FS + ".{readFileSync,writeFileSync,readFile,writeFile,createReadStream}",), kind="path", args=(0,), need="param", evidence="heuristic",
         when=(("any", ("arg", 0, r"path\.(?:join|resolve)\(\)$"), ("re", 0, r"/\x00")), ("fn", r"(?i)(?:file|user|image|doc)\w*name|\bname\b|userId|user_id|basePath|base_path|filename"), ("in", r"(?i)(?:read|get|load|fetch|serve|save|upload|download|write|user)\w*")),
         unless=(("fn", r"startsWith|\.\.|basename|realpath|relative|test\(|match\("), ("in", r"(?i)config|template|" + TEST + r"|build|load(?:plugin|module|config)|compile")), advice="Resolve it and check that it stays inside its directory.",
         insecure=("const fs = require('fs'), path = require('path');\nfunction readUserFile(base, filename) {\n  return fs.readFileSync(path.join(base, filename));\n}\n",),
         fixed=("const fs = require('fs'), path = require('path');\nfunction readUserFile(base, filename) {\n  return fs.readFileSync(path.join(base, path.basename(filename)));\n}\n",), near=()),
    Rule("js.xss", 79, "high", "high", "Request data is sent to the browser unescaped.",
         ("{res,response,ctx.res,reply,resp}.{send,write,end}", "{res,response}.{status,set,type}().{send,write,end}", "*.response.=body", "ctx.=body", "{res,response}.writeHead().end", "h.response"), kind="xss", args=(0,), need="web",
         unless=(("items", 0), ("arg", 0, r"JSON\.stringify\(\)$|\.json\(\)$|render|find|query|exec|save|Model|\.length$"), ("fn", r"(?i)content-type['\"]\s*[,:]\s*['\"](?:application/json|text/plain)")),
         advice="Escape it, or use a template that does.",
         insecure=(e("res.send('Hi ' + req.query.n);"),), fixed=(e("res.send('Hi ' + escapeHtml(req.query.n));", "const escapeHtml = require('escape-html');"),), near=(e("res.json({n: req.query.n});"),)),
    Rule("js.dom-xss", 79, "high", "medium", "A value is put into the page as HTML.", ("*.=innerHTML", "*.=outerHTML", "*.insertAdjacentHTML", "document.{write,writeln}", "*.{html,append,prepend}"), kind="xss", args=(0, 1), need="web",
         when=(("any", ("call", r"HTML$|document\.write"), ("recv", r"^(?:\$|jQuery)\(\)")),), advice="Use textContent, or sanitise with DOMPurify.",
         insecure=("function f() {\n  document.body.innerHTML = location.hash;\n}\n",), fixed=("function f() {\n  document.body.textContent = location.hash;\n}\n",), near=()),
    Rule("js.html-built", 79, "medium", "high", "HTML is put together from unescaped values.", ("*.=innerHTML", "document.write", "*.insertAdjacentHTML"), kind="xss", args=(0, 1), need="param", when=(("any", ("re", 0, HTML), ("re", 1, HTML)),),
         unless=(("in", TEST),), advice="Use textContent, or sanitise with DOMPurify.",
         insecure=("function f(n) {\n  document.body.innerHTML = '<b>' + n + '</b>';\n}\n",), fixed=("function f(n) {\n  document.body.innerHTML = '<b>' + DOMPurify.sanitize(n) + '</b>';\n}\n",), near=()),
    Rule("js.html-returned", 79, "medium", "high", "A function returns HTML with an unescaped parameter in it.", ("*.return",), kind="xss", args=(0,), need="built", when=(("re", 0, HTML + r".*\x00"),), evidence="heuristic", advice="Escape each value.", insecure=(), fixed=(), near=()),
    Rule("js.template-raw", 79, "medium", "medium", "A template's own escaping is switched off.", ("*.SafeString", "{serialize-javascript,serialize}", "handlebars.compile", "*.=escapeMarkup", "*.noEscape", "mustache.=escape", "*.=autoescape", "nunjucks.configure", "markdown-it"),
         when=(("any", ("all", ("call", r"SafeString$"), ("nonconst", 0)), ("item", 1, "unsafe", True), ("all", ("call", r"=escapeMarkup|=autoescape"), ("is", 0, False)), ("item", 1, "noEscape", True), ("item", 1, "autoescape", False), ("item", 0, "autoescape", False),
                ("all", ("call", r"mustache\.=escape"), ("present", 0))),), advice="Leave escaping on.",
         insecure=("const s = require('serialize-javascript');\nfunction f(x) {\n  s(x, {unsafe: true});\n}\n",), fixed=("const s = require('serialize-javascript');\nfunction f(x) {\n  s(x);\n}\n",), near=()),
    Rule("js.template-injection", 1336, "high", "high", "Request data becomes part of a template.", ("{pug,jade,ejs,handlebars,nunjucks,swig,mustache,dot,doT,lodash,_,underscore,dustjs,dust,hogan.js,eta,squirrelly,marko}.{compile,Compile,render,renderString,template,to_html,compileToFunction}", "*.{renderString,renderTemplate}", "Handlebars.compile"), kind="template", args=(0,), need="web", advice="Keep the template constant.",
         insecure=(e("pug.compile(req.query.t);", "const pug = require('pug');"),), fixed=(e("pug.compile('p a');", "const pug = require('pug');"),), near=()),
    Rule("js.render-file", 22, "medium", "high", "Request data chooses the template or its layout.", ("{res,response}.render",), kind="path", args=(0,), need="web", advice="Choose it from a fixed list.",
         insecure=(e("res.render(req.query.t);"),), fixed=(e("res.render('a');"),), near=()),
    Rule("js.render-locals", 22, "medium", "high", "The whole query becomes the template's settings.", ("{res,response}.render",), kind="locals", args=(1,), need="web", when=(("arg", 1, r"\.(?:query|body|params|foo)$|^req(?:uest)?\.\w+$"),), advice="Pass the fields that the template needs.",
         insecure=(e("res.render('a', req.query);"),), fixed=(e("res.render('a', {n: 1});"),), near=()),
    Rule("js.open-redirect", 601, "medium", "high", "Request data chooses where the browser goes.", ("{res,response,ctx,reply}.{redirect,location}", "{res,response}.status().{redirect,location}", "{res,response}.{header,set,setHeader,writeHead}", "{location,window.location}.{assign,replace}", "*.=location"), kind="redirect", args=(0, 1), need="web",
         when=(("any", ("not", ("call", r"\.(?:header|set|setHeader|writeHead)$")), ("re", 0, r"(?i)^location$"), ("item", 1, "Location"), ("item", 1, "location")),), unless=(("re", 0, r"^(?:/(?!/)[^\x00]|https?://[^/\x00]+/)"), ("recv", r"^(?:window|document)")), advice="Compare it with a list.",
         insecure=(e("res.redirect(req.query.u);"),), fixed=(e("res.redirect('/a');"),), near=(e("res.redirect('/a?' + req.query.u);"),)),
    Rule("js.header-injection", 113, "medium", "high", "Request data is written into a response header.", ("{res,response}.{header,set,setHeader,writeHead,append}", "ctx.set"), kind="header", args=(0, 1), need="web", when=(("not", ("re", 0, r"(?i)^location$")),), advice="Remove line breaks.",
         insecure=(e("res.set('X', req.query.x);"),), fixed=(e("res.set('X', 'a');"),), near=()),
    Rule("js.ssrf", 918, "high", "high", "Request data chooses the address connected to.",
         ("{axios,request,got,needle,superagent,node-fetch,request-promise,urllib,phin,bent}", "{axios,request,got,needle,superagent,request-promise,undici,urllib}.{get,post,put,delete,head,patch,request,fetch,stream}", "{fetch,node-fetch}", "{http,https}.{get,request}", "{net,tls}.connect", "*.{goto,loadUrl,setContent,navigate}", "wkhtmltopdf", "wkhtmltoimage.generate", "wkhtmltopdf.*", "*.CRI", "chrome-remote-interface", "*.{openUrl,open}", "phantom*.open", "*.evaluate*"),
         kind="ssrf", args=(0, 1), need="web", unless=(("re", 0, FIXED_HOST), ("call", r"^(?:fs|db|window|dialog|modal)\."), ("all", ("call", r"\.open$"), ("not", ("file", r"phantom|page\.open")))), advice="Compare the host with a list.",
         insecure=(e("axios.get(req.query.u);", "const axios = require('axios');"),), fixed=(e("axios.get('https://a.example/');", "const axios = require('axios');"),), near=(e("axios.get('https://a.example/' + req.query.q);", "const axios = require('axios');"),)),
    Rule("js.xpath-injection", 643, "high", "high", "An XPath expression is put together from values.", ("{xpath,xpath.js}.{select,select1,evaluate,parse}", "xpath", "*.{evaluate,select,select1}"), kind="xpath", args=(0,), need="built", when=(("re", 0, r"/.*\[.*['\"=]\s*\x00"),), advice="Use variables: xpath.parse(…).select({variables}).",
         insecure=("const xpath = require('xpath');\nfunction f(d, n) {\n  xpath.select(`//u[@n='${n}']`, d);\n}\n",), fixed=("const xpath = require('xpath');\nfunction f(d, n) {\n  xpath.parse('//u[@n=$n]').select({node: d, variables: {n}});\n}\n",), near=()),
    Rule("js.xpath-web", 643, "high", "high", "Request data becomes part of an XPath expression.", ("{xpath,xpath.js}.{select,select1,evaluate,parse}", "xpath", "*.parse"), kind="xpath", args=(0,), need="web", when=(("file", r"xpath"), ("any", ("call", "xpath"), ("re", 0, "/"))), advice="Use variables.",
         insecure=(e("xpath.select('//' + req.query.n, d);", "const xpath = require('xpath');"),), fixed=(e("xpath.select('//a', d);", "const xpath = require('xpath');"),), near=()),
    Rule("js.nosql-injection", 943, "high", "high", "Request data of any shape becomes a query document.", ("*.{find,findOne,findOneAndUpdate,findOneAndDelete,updateOne,updateMany,deleteOne,deleteMany,remove,update,count,aggregate,mapReduce,where,findAll,$where}",), kind="nosql", args=(0,), need="web",
         when=(("any", ("items", 0), ("file", r"(?i)mongo|mongoose|Schema")), ("file", r"(?i)mongo|mongoose|collection|\bdb\.|User\.|Model"),), unless=(("recv", r"^(?:\$|_|lodash|Array|list|items|arr)\b"), ("re", 0, r"."),), advice="Convert it to the type you expect.",
         insecure=(e("User.findOne({n: req.body.n}, cb);", "const mongoose = require('mongoose');"),), fixed=(e("User.findOne({n: String(req.body.n)}, cb);", "const mongoose = require('mongoose');"),), near=()),
    Rule("js.nosql-where", 943, "high", "high", "A query is put together as JavaScript.", ("*.{find,findOne,where,$where,exec,group,mapReduce}", "{}"), kind="nosql", args=("$where", 0), need="built", when=(("any", ("present", "$where"), ("re", 0, r"this\.\w+\s*[=!<>]+.*\x00"), ("item", 0, "$where")),), advice="Use query operators.",
         insecure=("function f(c, n) {\n  c.find({$where: `this.n == '${n}'`});\n}\n",), fixed=("function f(c, n) {\n  c.find({n: String(n)});\n}\n",), near=()),
    Rule("js.deserialize", 502, "high", "high", "Data is deserialised into code.", ("{node-serialize,serialize-to-js,funcster,cryo,node-serialize~lib~serialize}.{unserialize,deserialize,deepDeserialize,parse}", "*.{unserialize,deserialize}"), when=(("any", ("call", r"serialize|funcster|cryo"),), ("file", r"node-serialize|serialize-to-js|funcster|cryo")), advice="Use JSON.parse.",
         insecure=("const s = require('node-serialize');\nfunction f(x) {\n  s.unserialize(x);\n}\n",), fixed=("function f(x) {\n  JSON.parse(x);\n}\n",), near=()),
    Rule("js.yaml-load", 502, "high", "medium", "YAML is loaded into arbitrary objects.", ("js-yaml.load", "require().load"), when=(("any", ("not", ("item", 1, "schema")), ("holds", 1, r"DEFAULT_(?:FULL_)?SCHEMA$")), ("file", "js-yaml"), ("not", ("file", r"js-yaml[\"']?\s*:\s*[\"']?[\^~]?4"))), advice="Use safeLoad, or version 4 of js-yaml.",
         insecure=("const y = require('js-yaml');\nfunction f(x) {\n  y.load(x);\n}\n",), fixed=("const y = require('js-yaml');\nfunction f(x) {\n  y.safeLoad(x);\n}\n",), near=()),
    Rule("js.grpc-insecure", 319, "medium", "high", "The connection is not encrypted.", ("*.{createInsecure}",), advice="Use createSsl.",
         insecure=("const g = require('grpc');\nconst c = new X('h', g.credentials.createInsecure());\n",), fixed=("const g = require('grpc');\nconst c = new X('h', g.credentials.createSsl());\n",), near=()),
    Rule("js.xxe", 611, "high", "high", "The parser resolves external entities.", ("{libxmljs,libxmljs2}.{parseXml,parseXmlString,parseXmlAsync,parseHtml}", "*.{parseXml,parseXmlString}"), when=(("any", ("item", 1, "noent", True), ("item", 1, "noent", 1)),), advice="Leave noent off.",
         insecure=("const x = require('libxmljs');\nfunction f(s) {\n  x.parseXml(s, {noent: true});\n}\n",), fixed=("const x = require('libxmljs');\nfunction f(s) {\n  x.parseXml(s);\n}\n",), near=()),
    Rule("js.xml-web", 611, "high", "medium", "Request data is parsed by an XML parser that expands entities.", ("{node-expat,expat}.Parser().{write,parse}", "{sax,xml2json,xml2js}.{toJson}", "*.Parser().{parse,write}", "libxmljs.{parseXml,parseXmlString}"), kind="xxe", args=(0,), need="web", when=(("file", r"expat|libxml"),), advice="Limit the size and switch entities off.",
         insecure=(e("const p = new expat.Parser('UTF-8');\n  p.write(req.body);", "const expat = require('node-expat');"),), fixed=(e("const p = new expat.Parser('UTF-8');\n  p.write('a');", "const expat = require('node-expat');"),), near=()),
    Rule("js.prototype-pollution", 1321, "medium", "medium", "A key from the request can be __proto__.", ("{lodash,_}.{merge,set,defaultsDeep,setWith,mergeWith}", "*.=[]"), kind="proto", args=(1,), need="web", when=(("call", r"lodash|^_\.|=\[\]$"), ("any", ("not", ("call", r"=\[\]$")), ("nonconst", 1))), unless=(("recv", r"^(?:req|res|headers|process)"),), advice="Use a Map, or refuse __proto__.", evidence="heuristic",
         insecure=(e("o[req.query.k] = 1;", "const o = {};"),), fixed=(e("m.set(req.query.k, 1);", "const m = new Map();"),), near=()),
    Rule("js.regex-injection", 400, "medium", "high", "Request data is used as a regular expression.", ("RegExp", "*.{match,search}"), kind="regex", args=(0,), need="web", when=(("any", ("call", r"RegExp$"), ("call", r"\.(?:match|search)$")),), advice="Escape it.",
         insecure=(e("new RegExp(req.query.p).test(s);"),), fixed=(e("new RegExp('a').test(s);"),), near=()),
    Rule("js.regex-param", 400, "medium", "medium", "A caller's text is run as a regular expression.", ("RegExp",), kind="regex", args=(0,), need="param", when=(("arg", 0, r"(?i)^(?:user_?)?(?:pattern|query|search)"), ("in", r"(?i)search|match|pattern"), ("not", ("fn", r"(?i)escape|timeout|replace\(|re2"))), unless=(), advice="Escape it.", evidence="heuristic",
         insecure=(), fixed=(), near=()),
    Rule("js.redos", 1333, "medium", "high", "Some texts make this pattern take exponential time.", ("RegExp", "*.{match,test,search,replace}"), when=(("redos", 0),), advice="Make each character match in one way only.",
         insecure=("const r = /^(a+)+$/;\n",), fixed=("const r = /^a+$/;\n",), near=()),
    Rule("js.loose-host", 20, "medium", "medium", "A dot in this host pattern matches any character.", ("RegExp",), when=(("re", 0, LOOSE_HOST),), unless=(("re", 0, "@"), ("in", "(?i)mail")), advice="Escape the dot.",
         insecure=("const r = /^https:\\/\\/www.example.com\\//;\n",), fixed=("const r = /^https:\\/\\/www\\.example\\.com\\//;\n",), near=()),
    Rule("js.host-suffix", 20, "medium", "high", "evil-example.com ends in example.com too.", ("*.{hostname,host}.endsWith", "*.{hostname,host,href}.{includes,indexOf}"), when=(("not", ("re", 0, r"^\.")),), unless=(("fn", r"\.(?:hostname|host)\s*===?|===?\s*\w+\.(?:hostname|host)\b|endsWith\((?:'\.'|\"\.\"|`\.)"),), advice="Compare the whole host, or require the dot.",
         insecure=("function f(u, d) {\n  return new URL(u).hostname.endsWith(d);\n}\n",), fixed=("function f(u, d) {\n  return new URL(u).hostname === d;\n}\n",), near=()),
    Rule("js.weak-hash", 328, "medium", "high", "MD5 and SHA-1 are broken.", ("crypto.{createHash,createHmac}", "*.createHash", "{md5,sha1,blueimp-md5,js-md5}", "CryptoJS.{MD5,SHA1}", "crypto-js.{MD5,SHA1}"), when=(("any", ("re", 0, r"(?i)^(?:md[245]|sha-?1|ripemd|rmd160)"), ("not", ("call", r"create(?:Hash|Hmac)$"))),),
         unless=(("in", r"(?i)etag|checksum|cache|fingerprint|gravatar"),), advice="Use sha256.",
         insecure=("const c = require('crypto');\nc.createHash('md5');\n",), fixed=("const c = require('crypto');\nc.createHash('sha256');\n",), near=()),
    Rule("js.weak-cipher", 327, "high", "high", "The cipher or its mode is broken.", ("crypto.{createCipher,createDecipher,createCipheriv,createDecipheriv}", "*.{createCipheriv,createDecipheriv,createCipher}"), when=(("any", ("re", 0, r"(?i)ecb|^(?:des|rc[24]|bf|blowfish|cast|idea|seed)"), ("call", r"create(?:Cipher|Decipher)$")),), advice="Use aes-256-gcm with createCipheriv.",
         insecure=("const c = require('crypto');\nfunction f(k, iv) {\n  c.createCipheriv('aes-128-ecb', k, iv);\n}\n",), fixed=("const c = require('crypto');\nfunction f(k, iv) {\n  c.createCipheriv('aes-256-gcm', k, iv);\n}\n",), near=()),
    Rule("js.static-iv", 329, "high", "high", "The initialisation vector is a constant.", ("crypto.createCipheriv", "*.createCipheriv"), when=(("any", ("fixed", 2), ("arg", 2, r"^(?:Buffer\.)?(?:alloc|from)\(\)$|Buffer\.alloc\(\)|Buffer\(\)"), ("made", 2, ("const", 0))),), unless=(("is", 2, None), ("arg", 2, "random")), advice="Draw it from randomBytes for every message.",
         insecure=("const c = require('crypto');\nfunction f(k) {\n  c.createCipheriv('aes-256-cbc', k, Buffer.alloc(16, 0));\n}\n",), fixed=("const c = require('crypto');\nfunction f(k) {\n  c.createCipheriv('aes-256-cbc', k, c.randomBytes(16));\n}\n",), near=()),
    Rule("js.short-key", 326, "high", "high", "The key is too short.", ("crypto.{generateKeyPair,generateKeyPairSync}", "*.{generateKeyPairSync,generateKeyPair}", "NodeRSA"), when=(("any", ("itemlt", 1, "modulusLength", 2048), ("itemlt", 0, "b", 2048)),), advice="Use at least 2048 bits.",
         insecure=("const c = require('crypto');\nc.generateKeyPairSync('rsa', {modulusLength: 1024});\n",), fixed=("const c = require('crypto');\nc.generateKeyPairSync('rsa', {modulusLength: 2048});\n",), near=()),
    Rule("js.weak-random", 338, "medium", "high", "A value that must be unpredictable comes from a predictable generator.", ("=bind", "*.return", "crypto.pseudoRandomBytes", "*.cookie"), evidence="flow",
         when=(("any", ("call", r"pseudoRandomBytes$"), ("all", ("any", ("tag", 0, "weak-random"), ("tag", 1, "weak-random")), ("any", ("to", UNPREDICTABLE), ("in", UNPREDICTABLE), ("call", r"cookie$")))),), unless=(("to", r"(?i)^(?:keys?|idx|index|sort_?key)$"), ("in", TEST)), advice="Use crypto.randomBytes.",
         insecure=("function f() {\n  const token = Math.random().toString(36);\n  return token;\n}\n",), fixed=("const c = require('crypto');\nfunction f() {\n  const token = c.randomBytes(16);\n  return token;\n}\n",), near=("function f() {\n  const x = Math.random();\n  return x;\n}\n",)),
    Rule("js.few-iterations", 916, "medium", "high", "Too few iterations to slow a guesser down.", ("crypto.{pbkdf2,pbkdf2Sync}", "bcrypt.{hash,hashSync,genSalt,genSaltSync}", "bcryptjs.{hash,hashSync}"), when=(("any", ("all", ("call", "pbkdf2"), ("lt", 2, 10000)), ("all", ("call", r"\.hash(?:Sync)?$"), ("lt", 1, 10)), ("all", ("call", "genSalt"), ("lt", 0, 10))),), advice="Use at least 600,000 iterations, or cost 10.",
         insecure=("const c = require('crypto');\nfunction f(p, s) {\n  c.pbkdf2Sync(p, s, 100, 64, 'sha512');\n}\n",), fixed=("const c = require('crypto');\nfunction f(p, s) {\n  c.pbkdf2Sync(p, s, 600000, 64, 'sha512');\n}\n",), near=()),
    Rule("js.no-tls-check", 295, "high", "high", "The server's certificate is not checked.", ("{}", "*.=rejectUnauthorized", "*.=NODE_TLS_REJECT_UNAUTHORIZED", "*.=[NODE_TLS_REJECT_UNAUTHORIZED]", "*.=strictSSL"), when=(("any", ("is", "rejectUnauthorized", False), ("is", "strictSSL", False), ("is", "insecureHTTPParser", True), ("all", ("call", r"="), ("is", 0, "0", 0, False))),), advice="Leave verification on.",
         insecure=("const o = {rejectUnauthorized: false};\n",), fixed=("const o = {rejectUnauthorized: true};\n",), near=()),
    Rule("js.old-tls", 327, "medium", "high", "The protocol version is broken.", ("{}",), when=(("any", ("is", "minVersion", "TLSv1", "TLSv1.1"), ("is", "secureProtocol", "TLSv1_method", "SSLv3_method", "TLSv1_1_method", "SSLv23_method"), ("is", "maxVersion", "TLSv1", "TLSv1.1")),), advice="minVersion: 'TLSv1.2'.",
         insecure=("const o = {minVersion: 'TLSv1'};\n",), fixed=("const o = {minVersion: 'TLSv1.2'};\n",), near=()),
    Rule("js.db-plain", 319, "medium", "medium", "The connection to the database is not encrypted.", ("{}",), when=(("present", "dialect"), ("any", ("is", "ssl", False), ("itemis", "dialectOptions", "ssl", False), ("all", ("present", "dialect"), ("missing", "dialectOptions"), ("is", "dialect", "mysql", "mariadb", "postgres", "mssql"), ("present", "host"), ("present", "database")))), advice="Set dialectOptions.ssl.",
         insecure=("const o = {dialect: 'mysql', host: 'h', database: 'd', ssl: false};\n",), fixed=("const o = {dialect: 'mysql', host: 'h', database: 'd', dialectOptions: {ssl: {rejectUnauthorized: true}}};\n",), near=()),
    Rule("js.jwt-none", 347, "high", "high", "The token's signature is not checked.", ("{jsonwebtoken,jwt}.{verify,sign,decode}", "*.{JWT.verify,JWT.decode,jwtVerify}", "jose.*", "{express-jwt,expressjwt}"), when=(("any", ("itemhas", 2, "algorithms", r"(?i)^none$"), ("itemhas", 2, "algorithm", r"(?i)^none$"), ("item", 2, "algorithm", "none"), ("all", ("call", r"\.decode$"), ("not", ("fn", r"\.verify\(")), ("call", r"jsonwebtoken|jwt\.decode|jwt-simple")), ("all", ("call", r"(?<!jose)\.verify$"), ("is", 1, None, "", False))),), advice="Verify with a key and algorithms: ['HS256'].",
         insecure=("const jwt = require('jsonwebtoken');\nfunction f(t) {\n  return jwt.decode(t);\n}\n",), fixed=("const jwt = require('jsonwebtoken');\nfunction f(t, k) {\n  return jwt.verify(t, k, {algorithms: ['HS256']});\n}\n",), near=()),
    Rule("js.jwt-hardcoded", 798, "high", "high", "The key that signs tokens is in the source.", ("{jsonwebtoken,jwt,jwt-simple}.{verify,sign,encode}", "*.{JWT.sign,JWT.verify}", "*.{asKey}", "passport-jwt.Strategy", "*Strategy", "{express-jwt,express-session,cookie-session,expressjwt}", "jose.*"),
         when=(("any", ("all", ("call", r"(?:sign|verify|encode)$"), ("re", 1, r".")), ("itemre", 0, "secretOrKey", "."), ("itemre", 0, "secret", "."), ("all", ("call", "asKey"), ("const", 0)), ("itemhas", 0, "keys", r".")),), unless=(("in", TEST), ("re", 1, "-----BEGIN PUBLIC")), advice="Read it from the environment.",
         insecure=("const jwt = require('jsonwebtoken');\nfunction f(p) {\n  return jwt.sign(p, 'abcd1234');\n}\n",), fixed=("const jwt = require('jsonwebtoken');\nfunction f(p) {\n  return jwt.sign(p, process.env.K);\n}\n",), near=()),
    Rule("js.jwt-payload", 522, "medium", "medium", "A password is put into a token that anybody can read.", ("{jsonwebtoken,jose.JWT}.sign", "*.{JWT.sign,jwt.sign}"), when=(("any", ("item", 0, "password"), ("item", 0, "secret"), ("arg", 0, r"^(?:user|req\.body|profile)$|\.body$")),), advice="Sign an id only.", evidence="heuristic",
         insecure=("const jwt = require('jsonwebtoken');\nfunction f(p, k) {\n  return jwt.sign({password: p}, k);\n}\n",), fixed=("const jwt = require('jsonwebtoken');\nfunction f(id, k) {\n  return jwt.sign({id: id}, k);\n}\n",), near=()),
    Rule("js.jwt-no-revocation", 613, "low", "medium", "Issued tokens cannot be revoked.", ("{express-jwt,expressjwt}", "*.expressjwt"), when=(("not", ("item", 0, "isRevoked")), ("items", 0)), advice="Pass isRevoked.", evidence="heuristic",
         insecure=("const jwt = require('express-jwt');\napp.use(jwt({secret: s}));\n",), fixed=("const jwt = require('express-jwt');\napp.use(jwt({secret: s, isRevoked: r}));\n",), near=()),
    Rule("js.insecure-cookie", 614, "medium", "high", "The cookie is readable by scripts or sent over plain HTTP.", ("{express-session,cookie-session}", "{res,response}.cookie", "*.cookie"),
         when=(("any", ("item", 0, "cookie"), ("item", 2, "httpOnly", False), ("item", 2, "secure", False)), ("any", ("item", 2, "httpOnly", False), ("item", 2, "secure", False), ("badcookie", 0))), advice="Set secure, httpOnly and sameSite.",
         insecure=("const session = require('express-session');\napp.use(session({secret: s, cookie: {secure: false}}));\n",), fixed=("const session = require('express-session');\napp.use(session({secret: s, name: 'n', cookie: {secure: true, httpOnly: true, sameSite: true, domain: 'd', path: '/', maxAge: 9}}));\n",), near=()),
    Rule("js.session-default", 614, "low", "medium", "The session cookie keeps its default name or flags.", ("{express-session,cookie-session}",), when=(("items", 0), ("any", ("not", ("item", 0, "name")), ("not", ("item", 0, "cookie")))), advice="Set name, and cookie with secure and httpOnly.", evidence="heuristic",
         insecure=("const session = require('express-session');\napp.use(session({secret: s}));\n",), fixed=("const session = require('express-session');\napp.use(session({secret: s, name: 'n', cookie: {secure: true, httpOnly: true, sameSite: true}}));\n",), near=()),
    Rule("js.cors-any", 942, "medium", "high", "Every site may read the answers.", ("*.{header,set,setHeader,append}", "cors", "*.writeHead"), when=(("any", ("all", ("re", 0, r"(?i)^access-control-allow-origin$"), ("is", 1, "*")), ("item", 0, "origin", "*"), ("item", 1, "Access-Control-Allow-Origin", "*")),), advice="Name the sites.",
         insecure=(e("res.set('Access-Control-Allow-Origin', '*');"),), fixed=(e("res.set('Access-Control-Allow-Origin', 'https://a.example');"),), near=()),
    Rule("js.xss-header", 79, "medium", "high", "The browser's own protection is switched off.", ("*.{header,set,setHeader,writeHead}",), when=(("any", ("all", ("re", 0, r"(?i)^x-xss-protection$"), ("re", 1, r"^0")), ("is", 1, 0), ("item", 1, "X-XSS-Protection", 0), ("item", 1, "X-XSS-Protection", "0"), ("item", 0, "X-XSS-Protection", 0)), ("any", ("re", 0, r"(?i)^x-xss-protection$"), ("item", 1, "X-XSS-Protection"), ("item", 0, "X-XSS-Protection"))), advice="Leave it out, and set a Content-Security-Policy.",
         insecure=(e("res.header('X-XSS-Protection', 0);"),), fixed=(e("res.header('X-XSS-Protection', '1; mode=block');"),), near=()),
    Rule("js.helmet-off", 693, "medium", "high", "A protective header is switched off.", ("helmet", "*.helmet"), when=(("any", *(("item", 0, k, False) for k in ("contentSecurityPolicy", "frameguard", "hsts", "noSniff", "xssFilter", "hidePoweredBy", "ieNoOpen", "dnsPrefetchControl", "referrerPolicy", "expectCt", "permittedCrossDomainPolicies", "crossdomain", "nocache"))),), advice="Leave it on.",
         insecure=("const helmet = require('helmet');\napp.use(helmet({hsts: false}));\n",), fixed=("const helmet = require('helmet');\napp.use(helmet());\n",), near=()),
    Rule("js.electron", 16, "high", "high", "A page in this window can reach the machine.", ("{}",), when=(("any", *(("is", k, v) for k, v in (("webSecurity", False), ("nodeIntegration", True), ("contextIsolation", False), ("allowRunningInsecureContent", True), ("nodeIntegrationInWorker", True), ("experimentalFeatures", True))), ("present", "enableBlinkFeatures")),), advice="Keep the defaults.",
         insecure=("new BrowserWindow({webPreferences: {nodeIntegration: true}});\n",), fixed=("new BrowserWindow({webPreferences: {nodeIntegration: false}});\n",), near=()),
    Rule("js.body-parser", 400, "medium", "medium", "This parser keeps every upload on disk.", ("express.{bodyParser,multipart}", "*.bodyParser"), when=(("file", r"express\.(?:bodyParser|multipart)\("),), advice="Use express.json() with a limit.",
         insecure=("const express = require('express');\napp.use(express.bodyParser());\n",), fixed=("const express = require('express');\napp.use(express.json());\n",), near=()),
    Rule("js.directory-listing", 548, "low", "medium", "The names of all files are shown.", ("serve-index", "express.directory"), advice="Leave listings off.",
         insecure=("const i = require('serve-index');\napp.use(i('d'));\n",), fixed=("const express = require('express');\napp.use(express.static('d'));\n",), near=()),
    Rule("js.loop-dos", 400, "medium", "high", "The request sets how long the loop runs.", ("op<",), kind="loop", args=(1,), need="web", when=(("fn", r"for\s*\([^;]*;\s*\w+\s*<=?\s*(?:req|request|obj|\w+)\.[\w.]*length|for\s*\([^;]*;\s*\w+\s*<=?\s*(?:req|request)\."),), advice="Bound it.", insecure=(e("for (let i = 0; i < req.body.length; i++) { g(i); }"),), fixed=(e("for (let i = 0; i < 9; i++) { g(i); }"),), near=()),
    Rule("js.error-leak", 209, "low", "medium", "An exception's text is sent to the client.", ("{res,response}.{send,end}",), when=(("tag", 0, "exception"),), advice="Log it instead.", insecure=(), fixed=(), near=()),
    Rule("js.buffer-noassert", 119, "medium", "high", "Reads and writes outside the buffer are not checked.", ("*.{readUInt8,readUInt16LE,readUInt16BE,readUInt32LE,readUInt32BE,readInt8,readInt16LE,readInt16BE,readInt32LE,readInt32BE,readFloatLE,readFloatBE,readDoubleLE,readDoubleBE,writeUInt8,writeUInt16LE,writeUInt32LE,writeUInt16BE,writeUInt32BE,writeInt8,writeInt16LE,writeInt16BE,writeInt32LE,writeInt32BE,writeFloatLE,writeFloatBE,writeDoubleLE,writeDoubleBE}",), when=(("any", ("is", 1, True), ("is", 2, True)),), advice="Leave out noAssert.",
         insecure=("function f(a) {\n  a.readUInt8(0, true);\n}\n",), fixed=("function f(a) {\n  a.readUInt8(0);\n}\n",), near=()),
    Rule("js.buffer-length", 770, "medium", "high", "Request data sets the size of an allocation.", ("Buffer", "Buffer.{alloc,allocUnsafe}"), kind="size", args=(0,), need="web", when=(("count", "<", 2), ("any", ("not", ("call", r"^Buffer$")), ("not", ("re", 0, ".")))), unless=(("all", ("call", "^Buffer$"), ("file", "base64")),), advice="Bound it.", insecure=(e("Buffer.alloc(req.body.n);"),), fixed=(e("Buffer.alloc(9);"),), near=()),
    Rule("js.timing", 208, "medium", "medium", "The comparison's time tells how much of the secret was right.", ("==",), evidence="heuristic",
         when=(("any", ("arg", 0, r"(?i)^(?:\w+\.)*(?:password|passwd|pass|secret|token|hash|hmac|signature|api_?key|auth\w*token|csrf\w*)$"), ("arg", 1, r"(?i)^(?:\w+\.)*(?:password|passwd|pass|secret|token|hash|hmac|signature|api_?key|csrf\w*)$")),
               ("not", ("is", 1, None, "", 0, True, False, "undefined", "string", "function")), ("not", ("is", 0, None, "undefined", "string", "")),
               ("file", r"(?i)bcrypt|pbkdf2|crypto|isAuth|correct|login|verif|authentic")),
         unless=(("file", r"timingSafeEqual"), ("in", r"(?i)" + TEST + r"|pars|lex|tokeni|peek|next"), ("arg", 0, r"^typeof"), ("fn", r"(?i)tokens?\.(?:type|kind|value)|location\.hash|confirm"), ("arg", 1, r"\.length$")),
         advice="Use crypto.timingSafeEqual.",
         insecure=("function isAuthenticated(user, token) {\n  var correct = get(user);\n  return token === correct;\n}\n",), fixed=("const crypto = require('crypto');\nfunction isAuthenticated(user, token) {\n  return crypto.timingSafeEqual(token, get(user));\n}\n",), near=()),
    Rule("js.hardcoded-secret", 798, "high", "medium", "A secret is in the source.", ("=bind",), evidence="heuristic", when=(("to", SECRET), ("any", ("secretish", 0), ("all", ("re", 0, r"^[A-Za-z0-9]{4,}$"), ("re", 0, r"\d{4}"), ("to", r"(?i)pass")))),
         unless=(("in", TEST),), advice="Read it from the environment.",
         insecure=("const password = 'k3Jx9QpZ81mWq7Lr';\n",), fixed=("const password = process.env.P;\n",), near=("const password = 'password';\n",)),
    Rule("js.post-message", 345, "medium", "medium", "The message goes to whatever page is there.", ("*.postMessage",), when=(("is", 1, "*"),), advice="Name the origin.",
         insecure=("function f(w) {\n  w.postMessage('a', '*');\n}\n",), fixed=("function f(w) {\n  w.postMessage('a', 'https://a.example');\n}\n",), near=()),
    Rule("js.log-injection", 117, "low", "low", "Request data is logged with its line breaks.", ("{console,logger,log,winston}.{log,info,warn,error,debug}",), kind="log", args=("*",), need="web", when=(("any", ("not", ("call", "^console")), ("re", 0, ".")),), unless=(("fn", "JSON.stringify"),), advice="Remove line breaks.",
         insecure=(), fixed=(e("logger.info('a');"),), near=()),
    Rule("js.zip-slip", 22, "high", "medium", "An archive member's name can lead outside the directory.", (FS + ".{createWriteStream,writeFile,writeFileSync}",), when=(("file", r"unzip|yauzl|adm-zip|\btar\b|jszip"), ("any", ("arg", 0, r"(?i)(?:entry|header|file|entries\[\])\.(?:path|name|fileName|entryName)$"), ("fn", r"createWriteStream\((?:[^)]*\b(?:fileName|entry\.path|entry\.name|header\.name|entry\.fileName)\b|path\.join\([^)]*\b(?:fileName|entry\.path|header\.name))")), ("not", ("fn", r"indexOf\('\.\.|includes\(['\"]\.\.|startsWith|basename"))), advice="Check that the joined path stays inside.",
         insecure=("const unzip = require('unzip'), fs = require('fs');\nfunction f(s) {\n  s.on('entry', function (entry) {\n    entry.pipe(fs.createWriteStream(entry.path));\n  });\n}\n",), fixed=("const unzip = require('unzip'), fs = require('fs'), path = require('path');\nfunction f(s) {\n  s.on('entry', function (entry) {\n    entry.pipe(fs.createWriteStream(path.basename(entry.path)));\n  });\n}\n",), near=()),
)  # fmt: skip

REQ = "{req,request,ctx.request,ctx.req,this.request}"
SOURCES = (
    (REQ + ".{query,params,body,headers,cookies,signedCookies,files,file,url,originalUrl,hostname,path,rawBody,payload,fields,subdomains}", 3),
    (REQ + ".{param,header,get}()", 3), ("ctx.{query,params,querystring,cookies}", 3),
    ("{location,window.location,document.location}.{hash,search,href,pathname}", 3), ("document.{URL,referrer,documentURI,cookie}", 3), 
    ("{url.parse,URL}().{query,searchParams}", 2), ("process.argv", 1), ("process.env", 1), ("{socket,ws}.on.data", 3),
    ("prompt()", 3), ("event.{queryStringParameters,body,pathParameters,headers}", 3),
)  # fmt: skip
ALL = frozenset({"*"})
SANITIZERS = (
    ("{escape-html,he.encode,he.escape,lodash.escape,_.escape,validator.escape,sanitize-html,xss,escapeHtml,escapeHTML}", frozenset({"xss"})), ("*.{sanitize,escapeHTML,escapeHtml,escapeXML}", frozenset({"xss"})),
    ("encodeURIComponent", frozenset({"xss", "header", "redirect", "path", "ssrf"})), ("encodeURI", frozenset({"header"})),
    ("path.basename", frozenset({"path"})), ("*.{escape,escapeId}", frozenset({"sql", "xss"})), ("{mysql,mysql2,sqlstring,pg-format}.{escape,format,literal,ident}", frozenset({"sql"})),
    ("JSON.stringify", frozenset({"header", "log"})), ("shell-quote.quote", frozenset({"cmd"})), ("String", frozenset({"nosql"})), ("mongo-sanitize", frozenset({"nosql"})),
    ("*.toString", frozenset({"nosql"})), ("{sanitize-filename,sanitize,filenamify}", ALL), ("*.{toObjectId,ObjectId,Types.ObjectId}", ALL), ("mongoose.Types.ObjectId", ALL),
    ("{bcrypt,bcryptjs}.{hash,hashSync}", ALL), ("*.digest", ALL), ("escape-string-regexp", frozenset({"regex"})), ("lodash.escapeRegExp", frozenset({"regex"})),
)  # fmt: skip
GUARDS = (
    Guard(("*.startsWith",), -1, frozenset({"path", "redirect", "ssrf"})), Guard(("*.{isInt,isNumeric,isAlphanumeric,isAlpha,isUUID,isMongoId,isInteger}",), 0),
    Guard(("Number.isInteger",), 0), Guard(("{isNaN,Number.isNaN}",), 0, truth=False), Guard(("*.includes",), -1, frozenset({"path"}), truth=False, when=(("re", 0, r"\.\."),)),
)  # fmt: skip
PACK = Pack(
    "javascript", RULES, SOURCES, SANITIZERS, GUARDS, (("Math.random", "weak-random"), ("caught", "exception")),
    web_types=("Request", "IncomingMessage"), web_names=("req", "request"), stops=frozenset({"createHash"}), exits=frozenset(),
    request_own=words(
    """
    app res next session user method ip ips protocol secure xhr route log logger id baseUrl
    socket connection t i18n db context flash csrfToken on once pipe get is accepts
    isAuthenticated login logout logIn logOut httpVersion setTimeout setEncoding resume pause
    destroy removeListener emit range fresh stale server client stats timers locale account auth
    authorized project tenant end write abort agent setHeader getHeader open send readyState
    status response responseText responseType statusText onload onerror onreadystatechange
    setRequestHeader withCredentials timeout post put delete defaults jar head patch
    """
),
    words=frozenset({"rejectUnauthorized", "minVersion", "webPreferences", "nodeIntegration", "webSecurity", "dialect", "strictSSL", "secureProtocol", "password", "token"}),
    hint=r"[(,=:|&]\s*/[^/*\s]",
    canary=(e("db.query(\"select * from t where a='\" + req.query.a + \"'\");"), "js.sql-injection"),
)  # fmt: skip
