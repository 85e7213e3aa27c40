"""C and C++: libc calls that trust their arguments, and flows of text into them.

What depends on sizes, lifetimes and null is in `memory/`. Sources: the C and POSIX standards,
CERT C, the manuals of OpenSSL, libxml2, SQLite and MySQL's client.
"""

# fmt: off
# ruff: noqa: E501 -- tables, one rule after the other, read better wide

from __future__ import annotations

from ..rules import Guard, Pack, Rule
from .shared import SQL_VALUE, TEST


def m(body: str, args: str = "int argc, char **argv") -> str:
    return f"int main({args}) {{\n{body}\n}}\n"


FOPEN = "{fopen,open,freopen,ifstream,ofstream,fstream,std.ifstream,std.ofstream,std.fstream,unlink,remove,creat,opendir,rmdir,mkdir,CreateFile,symlink,truncate,execv}"
RULES: tuple[Rule, ...] = (
    Rule("c.command-injection", 78, "critical", "high", "A shell command is put together from values.", ("{system,popen,_popen,std.system,wordexp,ShellExecute,_wsystem,WinExec}",), kind="cmd", args=(0,), need="param", advice="Run the program itself with execvp.",
         insecure=(m('char c[99]; snprintf(c, 99, "ls %s", argv[1]); system(c);'),), fixed=(m('execlp("ls", "ls", argv[1], 0);'),), near=(m('system("ls");'),)),
    Rule("c.shell-built", 78, "high", "high", "A shell command is put together from values.", ("{system,popen,_popen,std.system}",), kind="cmd", args=(0,), need="built", when=(("re", 0, r"^\S+ .*\x00"),), advice="Run the program itself with execvp.",
         insecure=('void f(struct s *p) { char c[99]; sprintf(c, "rm %s", p->name); system(c); }\n',), fixed=('void f(struct s *p) { execlp("rm", "rm", p->name, 0); }\n',), near=('void f(int n) { char c[99]; sprintf(c, "sleep %d", n); system(c); }\n',)),
    Rule("c.exec-shell", 78, "high", "high", "Outside data is run by a shell.", ("{execl,execlp,execle}",), kind="cmd", args=(2, 3), need="param", when=(("re", 0, r"(?:^|/)(?:ba|z|k|da)?sh$"),), advice="Run the program itself.",
         insecure=(m('execl("/bin/sh", "sh", "-c", argv[1], 0);'),), fixed=(m('execl("/bin/ls", "ls", argv[1], 0);'),), near=()),
    Rule("c.sql-injection", 89, "high", "high", "An SQL statement is put together from values instead of binding them.", ("{sqlite3_exec,sqlite3_prepare,sqlite3_prepare_v2,mysql_query,mysql_real_query,PQexec,SQLExecDirect,sqlite3_get_table}", "*.{execute,exec,executeQuery,query}"), kind="sql", args=(0, 1), need="built",
         when=(("any", ("re", 0, SQL_VALUE), ("re", 1, SQL_VALUE)),), advice="Bind the values: sqlite3_bind_text.",
         insecure=('void f(sqlite3 *d, char *u) { char q[99]; snprintf(q, 99, "select * from t where u=\'%s\'", u); sqlite3_exec(d, q, 0, 0, 0); }\n',), fixed=('void f(sqlite3 *d, char *u) { sqlite3_prepare_v2(d, "select * from t where u=?", -1, &s, 0); sqlite3_bind_text(s, 1, u, -1, 0); }\n',), near=()),
    Rule("c.xpath-injection", 643, "high", "high", "An XPath expression is put together from values.", ("{xmlXPathEvalExpression,xmlXPathEval,xmlXPathCompile}", "*.{select_nodes,select_node,select_single_node,xpath_query}"), kind="xpath", args=(0,), need="built", when=(("re", 0, r"/.*\[.*['\"=]\s*\x00"),), advice="Check the value before it enters the expression.",
         insecure=('void f(xmlXPathContextPtr c, char *u) { char q[99]; snprintf(q, 99, "//u[@n=\'%s\']", u); xmlXPathEvalExpression(q, c); }\n',), fixed=('void f(xmlXPathContextPtr c) { xmlXPathEvalExpression("//u", c); }\n',), near=()),
    Rule("c.path-traversal", 22, "medium", "high", "A path is joined from an unchecked name and then opened.", (FOPEN,), kind="path", args=(0,), need="param", when=(("re", 0, r"[\w.]/\x00"),), unless=(("in", r"(?i)config|" + TEST + r"|log"), ("re", 0, r"^/proc/")), advice="Refuse `..` and absolute names, or compare realpath with the directory.",
         insecure=(m('char p[99]; snprintf(p, 99, "/srv/%s", argv[1]); fopen(p, "r");'),), fixed=(m('if (strstr(argv[1], "..")) return 1; char p[99]; snprintf(p, 99, "/srv/%s", argv[1]); fopen(p, "r");'),), near=(m('fopen(argv[1], "r");'),)),
    Rule("c.path-guarded", 22, "medium", "high", "The check before this file is opened always passes.", (FOPEN, "*.open"), kind="path", args=(0,), need="param", when=(("file", r"(?i)\b(?:int|bool|static)\s+\w*(?:safe|valid|check|allow)\w*\s*\([^)]*\)\s*\{\s*return\s+(?:1|true)\s*;"),), advice="Let it look at the path.",
         insecure=("int is_safe(char *p) { return 1; }\nvoid f(char *p) { if (!is_safe(p)) return; fopen(p, \"r\"); }\n",), fixed=("int is_safe(char *p) { return strchr(p, '/') == 0; }\nvoid f(char *p) { if (!is_safe(p)) return; fopen(p, \"r\"); }\n",), near=()),
    Rule("c.empty-check", 20, "medium", "high", "This check admits everything.", ("empty check",), advice="Let it look at its argument.",
         insecure=("int is_valid_user(char *id) { return 1; }\n",), fixed=("int is_valid_user(char *id) { return id[0] != 0; }\n",), near=("int ready(char *id) { return 1; }\n",)),
    Rule("c.extract-name", 22, "medium", "high", "An archive member's name can lead outside the directory.", ("{archive_entry_set_pathname,archive_entry_pathname}",), when=(("any", ("call", r"set_pathname$"),), ("file", r"archive_read"), ("not", ("file", r"SECURE_NODOTDOT|\"\.\.\"|'\.\.'|realpath"))), advice="Pass ARCHIVE_EXTRACT_SECURE_NODOTDOT.",
         insecure=("void f(struct archive *a, struct archive_entry *e) { archive_read_next_header(a, &e); archive_entry_set_pathname(e, q); }\n",), fixed=("void f(struct archive *a, struct archive_entry *e) { archive_read_next_header(a, &e); if (strstr(p, \"..\")) return; archive_entry_set_pathname(e, q); }\n",), near=()),
    Rule("c.html-built", 79, "medium", "high", "HTML is put together from unescaped values.", ("{sprintf,snprintf,asprintf,fprintf,printf}", "*.return"), kind="xss", args=("*",), need="param", evidence="heuristic",
         when=(("any", *(("re", k, r"(?i)<(?:html|body|h\d|p|div|a|script|span|b|td|li)\b[^>]*>?.*(?:%s|\x00)") for k in (0, 1, 2)),),), unless=(("fn", r"(?i)escape|encode|sanit"),), advice="Escape each value.",
         insecure=('char *f(char *u) { static char b[99]; snprintf(b, 99, "<h1>%s</h1>", u); return b; }\n',), fixed=('char *f(char *u) { static char b[99]; snprintf(b, 99, "<h1>%s</h1>", html_escape(u)); return b; }\n',), near=()),
    Rule("c.format-string", 134, "high", "high", "The format comes from outside.", ("{printf,vprintf,wprintf}",), kind="format", args=(0,), need="param", unless=(("in", r"(?i)print|log|warn|error|die|msg|fmt|format|debug|trace|report"), ("arg", 0, r"(?i)fmt|format")), advice='Use printf("%s", s).',
         insecure=(m("printf(argv[1]);"),), fixed=(m('printf("%s", argv[1]);'),), near=('void f(int n) { printf("%d", n); }\n',)),
    Rule("c.format-string-to", 134, "high", "high", "The format comes from outside.", ("{fprintf,sprintf,syslog,vfprintf,dprintf,fwprintf}",), kind="format", args=(1,), need="param", unless=(("in", r"(?i)print|log|warn|error|die|msg|fmt|format|debug|trace|report"), ("arg", 1, r"(?i)fmt|format")), advice='Use fprintf(f, "%s", s).',
         insecure=(m("fprintf(stderr, argv[1]);"),), fixed=(m('fprintf(stderr, "%s", argv[1]);'),), near=()),
    Rule("c.format-string-n", 134, "high", "high", "The format comes from outside.", ("{snprintf,vsnprintf,swprintf}",), kind="format", args=(2,), need="param", unless=(("in", r"(?i)print|log|warn|error|die|msg|fmt|format|debug|trace|report"), ("arg", 2, r"(?i)fmt|format")), advice='Use snprintf(b, n, "%s", s).',
         insecure=(m("char b[9]; snprintf(b, 9, argv[1]);"),), fixed=(m('char b[9]; snprintf(b, 9, "%s", argv[1]);'),), near=()),
    Rule("c.gets", 242, "high", "high", "gets cannot know how much fits.", ("{gets,_getws}",), advice="Use fgets.", insecure=("void f(char *b) { gets(b); }\n",), fixed=("void f(char *b) { fgets(b, 9, stdin); }\n",), near=()),
    Rule("c.scanf-unbounded", 120, "high", "high", "%s reads past the end of the buffer.", ("{scanf,fscanf,sscanf}",), when=(("any", ("all", ("call", r"^scanf$"), ("re", 0, r"%s|%\[")), ("all", ("call", r"^fscanf$"), ("re", 1, r"%s|%\["))),), advice="Give the width: %31s.",
         insecure=('void f(void) { char b[9]; scanf("%s", b); }\n',), fixed=('void f(void) { char b[9]; scanf("%8s", b); }\n',), near=()),
    Rule("c.tmpnam", 377, "medium", "high", "Between the name and the file somebody else can create it.", ("{mktemp,tmpnam,tempnam,tmpnam_r,_mktemp,_tempnam,std.tmpnam}",), advice="Use mkstemp.", insecure=("void f(char *b) { mktemp(b); }\n",), fixed=("void f(char *b) { mkstemp(b); }\n",), near=()),
    Rule("c.tmp-fixed", 377, "medium", "medium", "A fixed name in /tmp can be prepared by somebody else.", ("{fopen,open,creat}", "*.open", "{std.ofstream,ofstream}"), when=(("re", 0, r"^/tmp/[\w.-]+$"), ("any", ("re", 1, "w|a"), ("missing", 1), ("file", r"O_CREAT"))), unless=(("in", TEST), ("file", "O_EXCL")), evidence="heuristic", advice="Use mkstemp.",
         insecure=('void f(void) { fopen("/tmp/a.txt", "w"); }\n',), fixed=("void f(char *b) { mkstemp(b); }\n",), near=('void f(void) { fopen("/tmp/a.txt", "r"); }\n',)),
    Rule("c.weak-random", 338, "medium", "high", "A value that must be unpredictable comes from a predictable generator.", ("{rand,random,drand48,lrand48,std.rand,rand_r}",), when=(("any", ("to", r"(?i)token|secret|passw|key|nonce|salt|session|^iv$|otp"), ("in", r"(?i)token|secret|passw|genkey|key_gen|generate_key|nonce|salt|session|encrypt|otp")),), unless=(("in", r"(?i)" + TEST + r"|keyboard|hash"),), advice="Use getrandom or RAND_bytes.",
         insecure=("int token(void) { return rand(); }\n",), fixed=("int token(void) { int n; getrandom(&n, 4, 0); return n; }\n",), near=("int dice(void) { return rand(); }\n",)),
    Rule("c.weak-cipher", 327, "high", "high", "The cipher or digest is broken.", ("{DES_ecb_encrypt,DES_cbc_encrypt,DES_ncbc_encrypt,DES_set_key,DES_set_key_checked,RC4,RC4_set_key,RC2_cbc_encrypt,BF_ecb_encrypt,AES_ecb_encrypt,EVP_des_ecb,EVP_des_cbc,EVP_des_ede3_cbc,EVP_rc4,EVP_bf_cbc,EVP_aes_128_ecb,EVP_aes_192_ecb,EVP_aes_256_ecb}",), advice="Use EVP_aes_256_gcm.", insecure=("void f(void) { EVP_des_cbc(); }\n",), fixed=("void f(void) { EVP_aes_256_gcm(); }\n",), near=()),
    Rule("c.weak-hash", 328, "medium", "high", "MD5 and SHA-1 are broken.", ("{MD5,MD4,SHA1,MD5_Init,SHA1_Init,EVP_md5,EVP_md4,EVP_sha1}",), unless=(("in", r"(?i)checksum|etag|cache|hmac|fingerprint"),), advice="Use SHA-256.", insecure=("void f(void) { EVP_md5(); }\n",), fixed=("void f(void) { EVP_sha256(); }\n",), near=()),
    Rule("c.short-key", 326, "high", "high", "The key is too short.", ("{RSA_generate_key,RSA_generate_key_ex,DSA_generate_parameters_ex,EVP_PKEY_CTX_set_rsa_keygen_bits,EVP_PKEY_CTX_set_dsa_paramgen_bits}", "*.{GenerateRandomWithKeySize,Initialize}"), when=(("any", ("all", ("call", r"^RSA_generate_key$"), ("lt", 0, 2048)), ("all", ("call", r"_ex$|_bits$|WithKeySize$"), ("lt", 1, 2048), ("gt", 1, 127))),), advice="Use at least 2048 bits.", insecure=("void f(RSA *r) { RSA_generate_key_ex(r, 1024, e, 0); }\n",), fixed=("void f(RSA *r) { RSA_generate_key_ex(r, 2048, e, 0); }\n",), near=()),
    Rule("c.short-key-tool", 326, "high", "high", "The key is too short.", ("anycall", "{sprintf,snprintf,system,popen,execute_command,std.system}", "*.execute"), when=(("any", *(("re", k, r"openssl\s+(?:gen(?:rsa|dsa)|dsaparam|req|dhparam)\b[^|;]*\b(?:512|768|1024)\b|ssh-keygen[^|;]*-b\s*(?:512|768|1024)\b") for k in (0, 1, 2)),),), advice="Use at least 2048 bits.", insecure=('void f(void) { system("openssl genrsa -out k 1024"); }\n',), fixed=('void f(void) { system("openssl genrsa -out k 2048"); }\n',), near=()),
    Rule("c.static-iv", 329, "high", "high", "The initialisation vector is a constant.", ("{EVP_EncryptInit_ex,EVP_EncryptInit,EVP_CipherInit_ex,AES_cbc_encrypt,AES_cfb128_encrypt}",), when=(("any", ("fixed", 4), ("fixed", 3), ("tag", 4, "zeroed"), ("tag", 3, "zeroed")), ("not", ("any", ("is", 4, None), ("is", 4, 0)))), advice="Fill it from RAND_bytes for every message.",
         insecure=("void f(void *c, void *k) { unsigned char iv[16] = {0}; EVP_EncryptInit_ex(c, EVP_aes_128_cbc(), 0, k, iv); }\n",), fixed=("void f(void *c, void *k) { unsigned char iv[16]; RAND_bytes(iv, 16); EVP_EncryptInit_ex(c, EVP_aes_128_cbc(), 0, k, iv); }\n",), near=()),
    Rule("c.file-mode", 732, "medium", "high", "The file can be changed by everybody.", ("{chmod,fchmod,mkdir,open,creat,openat,mkfifo}", "*.{permissions}"), when=(("any", ("all", ("call", r"chmod$"), ("bits", 1, 0o022)), ("all", ("call", r"^(?:mkdir|creat|mkfifo)$"), ("bits", 1, 0o002)), ("all", ("call", r"^open$"), ("bits", 2, 0o022)), ("arg", 1, r"perms\.all$|S_IRWXO|S_IWOTH")),), advice="Use 0600.",
         insecure=('void f(void) { chmod("a", 0777); }\n',), fixed=('void f(void) { chmod("a", 0600); }\n',), near=('void f(void) { chmod("a", 0644); }\n',)),
    Rule("c.umask", 732, "medium", "high", "New files can be changed by everybody.", ("umask",), when=(("is", 0, 0),), unless=(("fn", r"=\s*umask\(|fork\("),), advice="Use umask(077).", insecure=("void f(void) { umask(0); }\n",), fixed=("void f(void) { umask(077); }\n",), near=()),
    Rule("c.tls-unverified", 295, "high", "high", "The server's certificate is not checked.", ("{curl_easy_setopt,SSL_CTX_set_verify,SSL_set_verify}",), when=(("any", ("all", ("arg", 1, r"CURLOPT_SSL_VERIFY(?:PEER|HOST)$"), ("is", 2, 0, False)), ("arg", 1, r"SSL_VERIFY_NONE$")),), advice="Leave verification on.",
         insecure=("void f(void *c) { curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0); }\n",), fixed=("void f(void *c) { curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1); }\n",), near=()),
    *(Rule(f"c.host-{name}", 20, "medium", "high", "A host anywhere in the text does not make it the host.", calls, kind="host", args=(text,), need="param", evidence="heuristic",
           when=(("src", r"(?i)\(\w*(?:ur[il]|target|netloc|host|origin|referr?er|redirect|location)\w*\)$"),
                 ("any", ("arg", part, r"(?i)^\w*(?:domain|host|origin)\w*$"), ("re", part, r"(?i)^\.?(?:[a-z0-9-]+\.)+[a-z]{2,}$"))),
           advice="Parse the URL and compare its host.", insecure=(insecure,), fixed=(fixed,), near=(near,))
      for name, calls, text, part, insecure, fixed, near in (
          ("substring", ("{strstr,strcasestr}",), 0, 1,
           "int f(char *url, char *domain) { return strstr(url, domain) != 0; }\n",
           "int f(char *host, char *domain) { return strcmp(host, domain) == 0; }\n",
           'char *f(char *url) { return strstr(url, "://"); }\n'),
          ("found", ("*.find",), -1, 0,
           'bool f(std::string url) { return url.find("example.com") != std::string::npos; }\n',
           'bool f(std::string host) { return host == "example.com"; }\n',
           'size_t f(std::string url) { return url.find("://"); }\n'),
      )),
    Rule("c.regex-param", 400, "medium", "high", "A caller's text is run as a regular expression.", ("{regcomp,std.regex,regex,boost.regex,std.wregex,pcre_compile,pcre2_compile}", "*.regex"), kind="regex", args=(0, 1), need="param", when=(("in", r"(?i)search|match|find|pattern|grep"), ("not", ("fn", r"(?i)escape|timeout"))), advice="Escape it.", evidence="heuristic",
         insecure=("bool search(std::string pattern, std::string s) { std::regex r(pattern); return std::regex_search(s, r); }\n",), fixed=("bool search(std::string pattern, std::string s) { std::regex r(escape(pattern)); return std::regex_search(s, r); }\n",), near=()),
    Rule("c.redos", 1333, "medium", "high", "Some texts make this pattern take exponential time.", ("{regcomp,std.regex,regex,boost.regex}", "=bind"), when=(("any", ("all", ("redos", 0), ("not", ("call", "=bind"))), ("redos", 1), ("all", ("call", "=bind"), ("to", r"(?i)pattern|regex|^re$"), ("redos", 0))),), advice="Make each character match in one way only.",
         insecure=('void f(void) { std::regex r("^(a+)+$"); }\n',), fixed=('void f(void) { std::regex r("^a+$"); }\n',), near=()),
    Rule("c.log-injection", 117, "low", "medium", "Outside data is logged with its line breaks.", ("syslog",), kind="log", args=(2, 3), need="param", when=(("src", r"^main\("),), advice="Remove line breaks.", insecure=(), fixed=(), near=()),
    Rule("c.strcpy-param", 120, "medium", "high", "The copy is as long as its source, whatever fits.", ("{strcpy,strcat,stpcpy,wcscpy,wcscat}",), kind="overflow", args=(1,), need="param", when=(("tag", 0, "stack-buffer"), ("src", r"^main\(|getenv|fgets|recv|read")), unless=(("fn", r"strlen\s*\("),), advice="Use snprintf with the size of the target.",
         insecure=(m("char b[9]; strcpy(b, argv[1]);"),), fixed=(m('char b[9]; snprintf(b, sizeof b, "%s", argv[1]);'),), near=()),
)  # fmt: skip
SOURCES = (("{getenv,secure_getenv,std.getenv}()", 2), ("std.cin", 2))
SANITIZERS = (
    ("{html_escape,escape_html,htmlEscape,g_markup_escape_text}", frozenset({"xss"})), ("{sqlite3_mprintf,mysql_real_escape_string,PQescapeLiteral}", frozenset({"sql"})), ("basename", frozenset({"path"})),
    ("{atoi,atol,strtol,strtoul,strlen,strtod,std.stoi,std.stol}", frozenset({"*"})), ("*.{size,length}", frozenset({"*"})),
)  # fmt: skip
GUARDS = (
    Guard(("strstr",), 0, frozenset({"path"}), truth=False, when=(("re", 1, r"\.\."),)), Guard(("strchr",), 0, frozenset({"path"}), truth=False), Guard(("*.{regex_match}", "regex_match"), 0),
    Guard(("{isalnum,isdigit,isalpha}",), 0), Guard(("strncmp",), 0, frozenset({"path"}), truth=False), Guard(("strpbrk",), 0, truth=False), Guard(("strspn",), 0),
)  # fmt: skip
PACK = Pack(
    "c", RULES, SOURCES, SANITIZERS, GUARDS, (), stops=frozenset({"fopen", "open", "socket", "sizeof", "malloc"}), exits=frozenset({"exit", "_exit", "abort", "err", "errx", "die"}),
    words=frozenset(), hint=r"<(?:html|h\d|p|div)\b|redirect|\b\w*(?:valid|safe|check|allow)\w*\s*\(",
    canary=(m('char c[99]; snprintf(c, 99, "ls %s", argv[1]); system(c);'), "c.command-injection"),
)  # fmt: skip
