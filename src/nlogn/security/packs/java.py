"""Java: Servlet, JDBC, Spring, javax.naming, javax.crypto, java.io.

Sources: the Jakarta Servlet, JDBC and JNDI specifications, the Spring reference, the Java
Security Standard Algorithm Names, the OWASP ESAPI documentation.
"""

# fmt: off
# ruff: noqa: E501 -- tables, one rule after the other, read better wide

from __future__ import annotations

from ..rules import Guard, Pack, Rule
from .shared import FIXED_HOST, SECRET_NAME, SQL_VALUE, TEST, UNPREDICTABLE

HEAD = "import javax.servlet.http.*;\nclass A {{ void f(HttpServletRequest request, HttpServletResponse response, {args}) throws Exception {{ {body} }} }}\n"


def j(body: str, args: str = "java.sql.Statement st") -> str:
    """A servlet method around one statement, for samples."""
    return HEAD.format(args=args, body=body)


P = 'request.getParameter("a")'
EXEC = ("executeQuery,execute,executeUpdate,executeLargeUpdate,prepareStatement,prepareCall,addBatch,query,"
        "queryForObject,queryForList,queryForMap,queryForRowSet,queryForInt,queryForLong,batchUpdate,createQuery,"
        "createNativeQuery,createSQLQuery,nativeSQL,newQuery,createStatement")  # fmt: skip

RULES: tuple[Rule, ...] = (
    Rule("java.sql-injection", 89, "critical", "high", "Request data becomes part of an SQL statement.",
         ("*.{" + EXEC + "}",), kind="sql", args=(0,), need="web",
         unless=(("recv", r"(?i)^(?:http|client|executor|pool|thread|service)\w*$"),),
         advice="Use a PreparedStatement with parameters.",
         insecure=(j(f'st.executeQuery("select * from t where a=\'" + {P} + "\'");'),),
         fixed=(j(f'java.sql.PreparedStatement p = c.prepareStatement("select * from t where a=?"); p.setString(1, {P}); p.executeQuery();', "java.sql.Connection c"),),
         near=(j(f'st.executeQuery("select * from t where a=" + Integer.parseInt({P}));'),)),
    Rule("java.sql-built", 89, "high", "high", "An SQL statement is put together from values instead of binding them.",
         ("*.{" + EXEC + "}",), kind="sql", args=(0,), need="param", when=(("re", 0, SQL_VALUE),),
         advice="Use a PreparedStatement with parameters.",
         insecure=("class A { void f(java.sql.Statement st, String a) throws Exception { st.executeQuery(\"select * from t where a='\" + a + \"'\"); } }\n",),
         fixed=("class A { void f(java.sql.Connection c, String a) throws Exception { var p = c.prepareStatement(\"select * from t where a=?\"); p.setString(1, a); } }\n",),
         near=("class A { void f(java.sql.Statement st, int a) throws Exception { st.executeQuery(\"select * from t where a=\" + a); } }\n",)),
    Rule("java.command-injection", 78, "critical", "high", "Request data becomes part of a command.",
         ("*.{getRuntime().exec}", "{java.lang.Runtime,Runtime}.exec", "{java.lang.ProcessBuilder,ProcessBuilder}", "*ProcessBuilder*.command", "*Runtime*.exec", "*.exec"),
         kind="cmd", args=(0, 1, "*"), need="web",
         when=(("any", ("recv", r"(?i)runtime|process|^r$|^rt$|^builder$|exec"), ("call", r"ProcessBuilder$")),),
         advice="Run a fixed program with checked arguments.",
         insecure=(j(f'Runtime.getRuntime().exec("ping " + {P});'),),
         fixed=(j('Runtime.getRuntime().exec("ls");'),), near=(j(f'int n = Integer.parseInt({P}); Runtime.getRuntime().exec("sleep " + n);'),)),
    Rule("java.command-built", 78, "high", "high", "A command line is put together from a parameter.",
         ("*.getRuntime().exec",), kind="cmd", args=(0,), need="param",
         advice="Pass the arguments as an array and check them.",
         insecure=("class A { void f(String a) throws Exception { Runtime.getRuntime().exec(\"ping \" + a); } }\n",),
         fixed=("class A { void f(int a) throws Exception { Runtime.getRuntime().exec(\"sleep \" + a); } }\n",), near=()),
    Rule("java.path-traversal", 22, "high", "high", "Request data chooses a file.",
         ("{java.io.,}{File,FileInputStream,FileOutputStream,FileReader,FileWriter,RandomAccessFile,PrintWriter}",
          "*.{Paths.get,Path.of}", "*.Files.{newInputStream,newOutputStream,readAllBytes,readAllLines,write,copy,delete,newBufferedReader}",
          "{Paths.get,Path.of}", "*.{getResourceAsStream,sendFile,FileSystemResource}", "*.FileUtils.{readFileToString,writeStringToFile}"),
         kind="path", args=(0, 1), need="web", unless=(("in", r"getRealPath"),),
         advice="Resolve it and check that it stays inside its directory.",
         insecure=(j(f"new java.io.FileInputStream({P});"),), fixed=(j('new java.io.FileInputStream("a");'),),
         near=(j(f"new java.io.FileInputStream(org.apache.commons.io.FilenameUtils.getName({P}));"),)),
    Rule("java.xss", 79, "high", "high", "Request data is sent to the browser unescaped.",
         ("*.getWriter().{print,println,write,format,printf,append}", "*.{getOutputStream}().{print,println,write}", "PrintWriter.{print,println,write,format,printf,append}",
          "*.PrintWriter.{print,println,write,format,printf,append}", "JspWriter.{print,println,write}"),
         kind="xss", args=("*",), need="web",
         unless=(("fn", r"setContentType\(\"(?:application/json|text/plain)"),),
         advice="Encode it: ESAPI.encoder().encodeForHTML, or a template that escapes.",
         insecure=(j(f"response.getWriter().println({P});"),),
         fixed=(j(f"response.getWriter().println(org.owasp.esapi.ESAPI.encoder().encodeForHTML({P}));"),),
         near=(j('response.getWriter().println("a");'),)),
    Rule("java.spring-xss", 79, "medium", "high", "A handler returns request data as HTML.",
         ("route.return",), kind="xss", args=(0,), need="web", when=(("file", r"@RestController|@ResponseBody"), ("re", 0, r"<\w")),
         advice="Encode it: HtmlUtils.htmlEscape.", insecure=(), fixed=(), near=()),
    Rule("java.ldap-injection", 90, "high", "high", "Request data becomes part of an LDAP filter.",
         ("*.search",), kind="ldap", args=(0, 1), need="web", when=(("file", r"javax\.naming|ldap"),),
         advice="Encode it: ESAPI encodeForLDAP, or LdapQueryBuilder.",
         insecure=("import javax.naming.*;\n" + j(f'c.search("ou=a", "(uid=" + {P} + ")", null);', "DirContext c"),),
         fixed=("import javax.naming.*;\n" + j('c.search("ou=a", "(uid=a)", null);', "DirContext c"),), near=()),
    Rule("java.xpath-injection", 643, "high", "high", "Request data becomes part of an XPath expression.",
         ("*.{evaluate,compile,selectNodes,selectSingleNode}",), kind="xpath", args=(0,), need="web",
         when=(("file", r"(?i)xpath"),), unless=(("recv", r"^Pattern$|regex"),), advice="Bind it with an XPathVariableResolver.",
         insecure=("import javax.xml.xpath.*;\n" + j(f"x.evaluate(\"//u[@n='\" + {P} + \"']\", null);", "XPath x"),),
         fixed=("import javax.xml.xpath.*;\n" + j('x.evaluate("//u", null);', "XPath x"),), near=()),
    Rule("java.trust-boundary", 501, "medium", "high", "Unchecked request data is put into the session.",
         ("*.getSession().{setAttribute,putValue}", "HttpSession.{setAttribute,putValue}", "*.HttpSession.{setAttribute,putValue}"),
         kind="trust", args=(0, 1), need="web", advice="Check the value before it enters the session.",
         insecure=(j(f'request.getSession().setAttribute("a", {P});'),), fixed=(j('request.getSession().setAttribute("a", "b");'),), near=()),
    Rule("java.open-redirect", 601, "medium", "high", "Request data chooses where the browser goes.",
         ("*.sendRedirect", "*.{RedirectView}", "RedirectView"), kind="redirect", args=(0,), need="web",
         unless=(("re", 0, r"^(?:/(?!/)[^\x00]|https?://[^/\x00]+/)"),), advice="Compare it with a list.",
         insecure=(j(f"response.sendRedirect({P});"),), fixed=(j('response.sendRedirect("/a");'),), near=()),
    Rule("java.ssrf", 918, "high", "high", "Request data chooses the address connected to.",
         ("{java.net.,}URL().{openStream,openConnection,getContent}", "*.{getForObject,postForObject,exchange,getForEntity}", "{HttpGet,HttpPost}", "*.{HttpGet,HttpPost}", "*.URI.create"),
         kind="ssrf", args=(-1, 0), need="web", unless=(("re", 0, FIXED_HOST), ("re", -1, FIXED_HOST)), advice="Compare the host with a list.",
         insecure=(j(f"new java.net.URL({P}).openStream();"),), fixed=(j('new java.net.URL("https://a.example/").openStream();'),), near=()),
    Rule("java.code-injection", 94, "critical", "high", "Request data is run as code.",
         ("*.{eval,parseExpression}", "*.GroovyShell*.evaluate", "*.Class.forName", "Class.forName"), kind="code", args=(0,), need="web",
         advice="Look the action up in a table.",
         insecure=("import javax.script.*;\n" + j(f"e.eval({P});", "ScriptEngine e"),), fixed=("import javax.script.*;\n" + j('e.eval("1");', "ScriptEngine e"),), near=()),
    Rule("java.header-injection", 113, "medium", "medium", "Request data is written into a response header.",
         ("*.{setHeader,addHeader}",), kind="header", args=(1,), need="web", when=(("arg", -1, r"HttpServletResponse|^response$|^resp$"),),
         advice="Remove line breaks.", evidence="heuristic",
         insecure=(j(f'response.setHeader("X", {P});'),), fixed=(j('response.setHeader("X", "a");'),), near=()),
    Rule("java.log-injection", 117, "low", "medium", "Request data is logged with its line breaks.",
         ("*.{info,warn,error,debug,trace}",), kind="log", args=("*",), need="web", when=(("recv", r"(?i)log"),), advice="Remove line breaks.",
         insecure=(j(f'log.info("a" + {P});', "org.slf4j.Logger log"),), fixed=(j('log.info("a");', "org.slf4j.Logger log"),), near=()),
    Rule("java.deserialize", 502, "high", "high", "Request data is deserialised into objects.",
         ("{java.io.,}ObjectInputStream", "*.{XMLDecoder}", "*.XStream*.fromXML", "*.Yaml*.load"), kind="deser", args=(0,), need="web",
         advice="Use a data format, or an ObjectInputFilter.",
         insecure=(j("new java.io.ObjectInputStream(request.getInputStream()).readObject();"),), fixed=(j("request.getInputStream().read();"),), near=()),
    Rule("java.weak-cipher", 327, "high", "high", "The cipher or its mode is broken.",
         ("*Cipher.getInstance", "*KeyGenerator.getInstance", "*SecretKeyFactory.getInstance"),
         when=(("any", ("re", 0, r"(?i)^(?:DES|DESede|RC2|RC4|ARCFOUR|Blowfish)(?:$|/)"),
                ("all", ("call", r"Cipher\.getInstance$"), ("re", 0, r"(?i)/ECB/|^AES$"))),),
         unless=(("all", ("call", r"SecretKeyFactory"), ("re", 0, "PBE|PBKDF")), ("re", 0, "RSA")), advice="Use AES/GCM/NoPadding.",
         insecure=('class A { void f() throws Exception { javax.crypto.Cipher.getInstance("DES/CBC/PKCS5Padding"); } }\n',),
         fixed=('class A { void f() throws Exception { javax.crypto.Cipher.getInstance("AES/GCM/NoPadding"); } }\n',), near=()),
    Rule("java.weak-hash", 328, "medium", "high", "MD5 and SHA-1 are broken.",
         ("*MessageDigest.getInstance", "*DigestUtils.{md5,md5Hex,sha1,sha1Hex,sha,shaHex,md2,getMd5Digest}"),
         when=(("any", ("re", 0, r"(?i)^(?:MD[245]|SHA-?1|SHA)$"), ("call", r"DigestUtils")),), advice="Use SHA-256.",
         insecure=('class A { void f() throws Exception { java.security.MessageDigest.getInstance("MD5"); } }\n',),
         fixed=('class A { void f() throws Exception { java.security.MessageDigest.getInstance("SHA-256"); } }\n',), near=()),
    Rule("java.weak-random", 330, "medium", "high", "A value that must be unpredictable comes from a predictable generator.",
         ("=bind", "*.return", "*.{setAttribute,addCookie}", "*Cookie"), evidence="flow",
         when=(("any", ("tag", 0, "weak-random"), ("tag", 1, "weak-random")), ("any", ("to", UNPREDICTABLE), ("in", UNPREDICTABLE), ("call", r"Cookie$"))),
         unless=(("to", r"(?i)^(?:keys?|sort_?key|cache_?key|idx|index)$"), ("in", "(?i)test[A-Z_]")), advice="Use java.security.SecureRandom.",
         insecure=('class A { String f() { String token = "" + new java.util.Random().nextInt(); return token; } }\n',),
         fixed=('class A { String f() { String token = "" + new java.security.SecureRandom().nextInt(); return token; } }\n',),
         near=('class A { int f() { int n = new java.util.Random().nextInt(); return n; } }\n',)),
    Rule("java.insecure-cookie", 614, "medium", "high", "The cookie is also sent over plain HTTP.",
         ("*.setSecure",), when=(("is", 0, False),), advice="setSecure(true).",
         insecure=(j("c.setSecure(false);", "Cookie c"),), fixed=(j("c.setSecure(true);", "Cookie c"),), near=()),
    Rule("java.cookie-plain", 614, "medium", "medium", "The cookie is also sent over plain HTTP.",
         ("*.addCookie",), when=(("not", ("fn", r"setSecure\(")), ("fn", r"new (?:javax\.servlet\.http\.)?Cookie\(")), advice="setSecure(true).",
         insecure=(j('response.addCookie(new Cookie("a", "b"));'),), fixed=(j('Cookie c = new Cookie("a", "b"); c.setSecure(true); response.addCookie(c);'),), near=()),
    Rule("java.xxe", 611, "high", "medium", "The parser resolves external entities.",
         ("*DocumentBuilderFactory*.newDocumentBuilder().parse", "*SAXParserFactory*.newSAXParser().parse", "*XMLReaderFactory*.parse", "*.{SAXReader,SAXBuilder}().{read,build}"),
         unless=(("file", r"disallow-doctype-decl|FEATURE_SECURE_PROCESSING|external-general-entities|ACCESS_EXTERNAL"),), advice="Set disallow-doctype-decl.",
         insecure=("import javax.xml.parsers.*;\nclass A { void f(java.io.File x) throws Exception { DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(x); } }\n",),
         fixed=('import javax.xml.parsers.*;\nclass A { void f(java.io.File x) throws Exception { var d = DocumentBuilderFactory.newInstance(); d.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true); d.newDocumentBuilder().parse(x); } }\n',), near=()),
    Rule("java.trust-all", 295, "high", "high", "Every certificate or host name is accepted.",
         ("*.{setDefaultHostnameVerifier,setHostnameVerifier}", "*.{NoopHostnameVerifier}?", "*.ALLOW_ALL_HOSTNAME_VERIFIER?"),
         when=(("any", ("arg", 0, r"ALLOW_ALL|Noop|NullHost"), ("call", r"\?$"), ("fn", r"return true|->\s*true")),), advice="Keep the default verifier.",
         insecure=("class A { void f(javax.net.ssl.HttpsURLConnection c) { c.setHostnameVerifier((h, s) -> true); } }\n",), fixed=("class A { void f(javax.net.ssl.HttpsURLConnection c) { c.connect(); } }\n",), near=()),
    Rule("java.hardcoded-password", 259, "high", "medium", "A password is in the source.",
         ("*.{getConnection,setPassword}", "*PBEKeySpec", "*PasswordAuthentication"), evidence="api",
         when=(("any", ("all", ("call", r"getConnection$"), ("re", 2, r"^.+$")), ("all", ("call", r"setPassword$"), ("re", 0, r"^.+$"))),),
         unless=(("in", TEST),), advice="Read it from the environment or a secret store.",
         insecure=('class A { void f() throws Exception { java.sql.DriverManager.getConnection("jdbc:x", "u", "hunter2"); } }\n',),
         fixed=('class A { void f(String p) throws Exception { java.sql.DriverManager.getConnection("jdbc:x", "u", p); } }\n',), near=()),
    Rule("java.hardcoded-secret", 798, "high", "medium", "A secret is in the source.", ("=bind",), evidence="heuristic",
         when=(("to", SECRET_NAME), ("re", 0, r"^(?=.{8,})(?!.*(?:[<>{}\s.]|example|your|change|xxx|placeholder|password|secret|token))[\x21-\x7e]+$"), ("re", 0, r"\d"), ("re", 0, r"[A-Za-z]")),
         unless=(("to", r"(?i)(?:name|url|path|file|field|type|id|header|param|prefix|key_?name|label)$"), ("in", TEST)), advice="Read it from a secret store.",
         insecure=('class A { String apiKey = "k3Jx9QpZ81mWq7Lr"; }\n',), fixed=('class A { String apiKey = System.getenv("K"); }\n',), near=()),
    Rule("java.static-iv", 329, "high", "high", "The initialisation vector is a constant.",
         ("*IvParameterSpec", "*GCMParameterSpec"), when=(("any", ("const", 0), ("const", 1)),), unless=(("all", ("call", "GCM"), ("not", ("re", 1, "."))),),
         advice="Draw it from SecureRandom.",
         insecure=('class A { void f() { new javax.crypto.spec.IvParameterSpec("0123456789abcdef".getBytes()); } }\n',), fixed=("class A { void f(byte[] b) { new javax.crypto.spec.IvParameterSpec(b); } }\n",), near=()),
)  # fmt: skip

SERVLET = "{HttpServletRequest,ServletRequest}"
SOURCES = (
    (SERVLET + ".{getParameter,getHeader,getHeaders,getParameterMap,getParameterValues,getParameterNames,getHeaderNames,"
     "getCookies,getQueryString,getInputStream,getReader,getPathInfo,getRequestURI,getRequestURL,getPart,getParts,getServletPath}()", 3),
    ("MultipartFile.{getOriginalFilename}()", 3), ("{Cookie,javax.servlet.http.Cookie}.{getValue}()", 3),
    ("WebRequest.{getParameter,getHeader}()", 3),
    ("System.{getenv,getProperty}()", 1), ("java.lang.System.{getenv,getProperty}()", 1),
)  # fmt: skip
SANITIZERS = (
    ("*.{encodeForHTML,encodeForHTMLAttribute,escapeHtml,escapeHtml3,escapeHtml4,htmlEscape,encodeForJavaScript,forHtml}", frozenset({"xss"})),
    ("*.{encodeForSQL}", frozenset({"sql"})), ("*.{encodeForLDAP,encodeForDN}", frozenset({"ldap"})),
    ("*.{encodeForXPath}", frozenset({"xpath"})), ("*.{encodeForOS}", frozenset({"cmd"})),
    ("*.FilenameUtils.getName", frozenset({"path"})), ("*URLEncoder.encode", frozenset({"xss", "header", "redirect"})),
    ("*.{encodeForURL}", frozenset({"xss", "redirect"})),
    ("*.{parseInt,parseLong,parseDouble,hashCode,parseBoolean}", frozenset({"*"})), ("UUID.fromString", frozenset({"*"})),
)  # fmt: skip
GUARDS = (
    Guard(("*.startsWith",), -1, frozenset({"path"}), when=(("recv", r"getCanonical|normalize\(\)|toRealPath"),)),
    Guard(("*.matches",), -1, frozenset({"path"}), when=(("not", ("re", 0, r"\.\*")),)),
)
TAGS = (
    ("{java.util.,}{Random,ThreadLocalRandom.current}().{nextInt,nextLong,nextDouble,nextFloat,nextGaussian,nextBoolean,nextBytes,ints}", "weak-random"),
    ("{java.lang.,}Math.random", "weak-random"), ("{java.util.,}Random.{nextInt,nextLong,nextDouble,nextFloat,nextBytes,nextGaussian}", "weak-random"),
)  # fmt: skip
PACK = Pack(
    "java", RULES, SOURCES, SANITIZERS, GUARDS, TAGS,
    routes=("RequestMapping", "GetMapping", "PostMapping", "PutMapping", "DeleteMapping"),
    web_types=("HttpServletRequest", "ServletRequest", "RequestParam", "PathVariable", "RequestBody", "RequestHeader", "CookieValue",
               "QueryParam", "PathParam", "FormParam", "MultipartFile", "WebRequest"),
    web_names=(), stops=frozenset({"getResultSet", "executeQuery"}), exits=frozenset({"exit"}),
    canary=(j(f'st.executeQuery("select * from t where a=\'" + {P} + "\'");'), "java.sql-injection"),
)  # fmt: skip
