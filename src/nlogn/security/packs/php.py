"""PHP: superglobals, PDO and mysqli, the shell, files, output.

Sources: the PHP manual. Psalm's `@psalm-taint-*` annotations are honoured by the interpreter,
as a project may mark its own sources, sinks and escapes with them.
"""

# fmt: off
# ruff: noqa: E501 -- tables, one rule after the other, read better wide

from __future__ import annotations

from ..rules import Guard, Pack, Rule
from .shared import FIXED_HOST, SQL_VALUE, TEST, UNPREDICTABLE


def p(body: str) -> str:
    return f"<?php\n{body}\n"


DB = ("{mysql_query,mysqli_query,mysqli_multi_query,mysqli_real_query,pg_query,pg_send_query,sqlite_query,mssql_query,odbc_exec,oci_parse,db_query,mysqli_prepare,pg_prepare}",
      "*.{query,exec,multi_query,real_query,prepare,whereRaw,selectRaw,orderByRaw,havingRaw,statement,unprepared,executeQuery,executeStatement,createQuery}")  # fmt: skip
RULES: tuple[Rule, ...] = (
    Rule("php.sql-injection", 89, "critical", "high", "Request data becomes part of an SQL statement.", DB, kind="sql", args=(0, 1), need="web",
         unless=(("recv", r"(?i)^DOM|xpath|curl"), ("call", r"^(?:exec|query|prepare|statement)$")), advice="Use a prepared statement with bound values.",
         insecure=(p("$db->query(\"select * from t where a='\" . $_GET['a'] . \"'\");"),), fixed=(p("$s = $db->prepare('select * from t where a=?'); $s->execute([$_GET['a']]);"),),
         near=(p("$db->query('select * from t where a=' . (int) $_GET['a']);"),)),
    Rule("php.sql-built", 89, "high", "high", "An SQL statement is put together from values instead of binding them.", (*DB, "anycall"), kind="sql", args=(0, 1), need="param", when=(("any", ("re", 0, SQL_VALUE), ("re", 1, SQL_VALUE)),),
         unless=(("in", TEST), ("call", r"(?i)(?:echo|log|sprintf|implode|error|print)$")), advice="Use a prepared statement with bound values.",
         insecure=(p("function f($db, $a) { $db->query(\"select * from t where a='$a'\"); }"),), fixed=(p("function f($db, $a) { $s = $db->prepare('select * from t where a=?'); $s->execute([$a]); }"),), near=(p("function f($db, int $a) { $db->query(\"select * from t where a=$a\"); }"),)),
    Rule("php.command-injection", 78, "critical", "high", "Data from outside becomes a shell command.", ("{exec,system,passthru,shell_exec,popen,proc_open,pcntl_exec,expect_popen}",), kind="cmd", args=(0,), need="web", advice="Use escapeshellarg on every value.",
         insecure=(p("exec('ping ' . $_GET['a']);"),), fixed=(p("exec('ping ' . escapeshellarg($_GET['a']));"),), near=(p("exec('ls');"),)),
    Rule("php.command-param", 78, "high", "high", "A shell command is put together from a parameter.", ("{exec,system,passthru,shell_exec,popen,proc_open}",), kind="cmd", args=(0,), need="param", unless=(("in", TEST),), advice="Use escapeshellarg on every value.",
         insecure=(p("function f($a) { exec('ping ' . $a); }"),), fixed=(p("function f($a) { exec('ping ' . escapeshellarg($a)); }"),), near=()),
    Rule("php.code-injection", 94, "critical", "high", "Data from outside is run as code.", ("{eval,assert,create_function}", "preg_replace", "{call_user_func,call_user_func_array,forward_static_call,array_map,usort}"), kind="code", args=(0, 1), need="web",
         unless=(("all", ("call", r"^preg_replace$"), ("not", ("re", 0, r"/\w*e\w*$"))), ("call", r"^(?:usort)$"), ("all", ("call", r"^(?:call_user_func\w*|array_map|forward\w*)$"), ("solid", 0))), advice="Look the action up in a table.",
         insecure=(p("eval($_GET['a']);"),), fixed=(p("eval('1;');"),), near=()),
    Rule("php.variable-injection", 621, "high", "high", "The request decides which variables exist.", ("extract", "parse_str", "mb_parse_str", "import_request_variables"), kind="extract", args=(0,), need="web", when=(("any", ("call", "extract"), ("count", "<", 2)),), advice="Read the fields that you need.",
         insecure=(p("extract($_POST);"),), fixed=(p("$a = $_POST['a'];"),), near=()),
    Rule("php.include", 98, "critical", "high", "Request data chooses the file that is run.", ("include",), kind="include", args=(0,), need="web", advice="Choose it from a fixed list.",
         insecure=(p("include $_GET['a'];"),), fixed=(p("include 'a.php';"),), near=()),
    Rule("php.path-traversal", 22, "high", "high", "Request data chooses a file.", ("{fopen,file_get_contents,file_put_contents,readfile,file,unlink,copy,rename,move_uploaded_file,mkdir,rmdir,opendir,scandir,fpassthru,parse_ini_file,simplexml_load_file,highlight_file,show_source,symlink,tempnam,touch,chmod,glob,imagecreatefromjpeg}",), kind="path", args=(0, 1), need="web",
         unless=(("all", ("call", r"^file_put_contents$"), ("const", 0)), ("all", ("call", r"^move_uploaded_file$"), ("not", ("nonconst", 1))),), advice="Use basename, and check realpath against the directory.",
         insecure=(p("readfile('d/' . $_GET['a']);"),), fixed=(p("readfile('d/' . basename($_GET['a']));"),), near=(p("file_put_contents('a', $_GET['a']);"),)),
    Rule("php.xss", 79, "high", "high", "Request data is sent to the browser unescaped.", ("{echo,print,printf,print_r,vprintf,var_dump,var_export,exit,die}",), kind="xss", args=("*",), need="web", advice="Use htmlspecialchars.",
         insecure=(p("echo $_GET['a'];"),), fixed=(p("echo htmlspecialchars($_GET['a']);"),), near=(p("echo 'a';"),)),
    Rule("php.open-redirect", 601, "medium", "high", "Request data is written into a response header.", ("header", "*.{redirect}"), kind="header", args=(0,), need="web", unless=(("re", 0, r"(?i)^location:\s*/(?!/)[^\x00]"),), advice="Compare it with a list.",
         insecure=(p("header('Location: ' . $_GET['a']);"),), fixed=(p("header('Location: /a');"),), near=()),
    Rule("php.cookie-injection", 565, "medium", "high", "Request data becomes a cookie.", ("{setcookie,setrawcookie}",), kind="cookie", args=(0, 1), need="web", advice="Check it, or sign it.",
         insecure=(p("setcookie('a', $_GET['a']);"),), fixed=(p("setcookie('a', 'b');"),), near=()),
    Rule("php.ssrf", 918, "high", "high", "Request data chooses the address connected to.", ("{curl_init,fsockopen,pfsockopen,get_headers,ftp_connect,ssh2_connect,stream_socket_client,getimagesize}", "curl_setopt", "*.{request,get,post}"), kind="ssrf", args=(0, 1, 2), need="web",
         when=(("any", ("call", r"^(?:curl_init|fsockopen|pfsockopen|get_headers|ftp_connect|ssh2_connect|stream_socket_client|getimagesize)$"), ("arg", 1, r"CURLOPT_URL$"), ("recv", r"(?i)client|guzzle|http")),), unless=(("re", 0, FIXED_HOST),), advice="Compare the host with a list.",
         insecure=(p("$c = curl_init($_GET['a']);"),), fixed=(p("$c = curl_init('https://a.example/');"),), near=()),
    Rule("php.ldap-injection", 90, "high", "high", "Request data becomes part of an LDAP filter.", ("{ldap_search,ldap_list,ldap_read}",), kind="ldap", args=(1, 2), need="web", advice="Use ldap_escape.",
         insecure=(p("ldap_search($c, 'dc=a', $_GET['a']);"),), fixed=(p("ldap_search($c, 'dc=a', ldap_escape($_GET['a']));"),), near=()),
    Rule("php.xpath-injection", 643, "high", "high", "Request data becomes part of an XPath expression.", ("*.{xpath,evaluate}", "*DOMXPath*.query"), kind="xpath", args=(0,), need="web", advice="Check the value before it enters the expression.",
         insecure=(p("function f(SimpleXMLElement $x) { $x->xpath('//' . $_GET['a']); }"),), fixed=(p("function f(SimpleXMLElement $x) { $x->xpath('//a'); }"),), near=()),
    Rule("php.deserialize", 502, "high", "high", "Request data is deserialised into objects.", ("{unserialize,yaml_parse,igbinary_unserialize}",), kind="deser", args=(0,), need="web", unless=(("item", 1, "allowed_classes", False),), advice="Use json_decode, or allowed_classes => false.",
         insecure=(p("unserialize($_COOKIE['a']);"),), fixed=(p("json_decode($_COOKIE['a']);"),), near=()),
    Rule("php.callable", 94, "high", "high", "Request data chooses the function or class that is used.", ("dynamic call", "dynamic new", "{ReflectionFunction,ReflectionClass,ReflectionMethod}"), kind="callable", args=(0,), need="web", advice="Choose it from a fixed list.",
         insecure=(p("$f = $_GET['a']; $f();"),), fixed=(p("$f = 'trim'; $f('a');"),), near=()),
    Rule("php.sleep", 400, "medium", "high", "The request decides how long the process sleeps.", ("{sleep,usleep,time_nanosleep,time_sleep_until,set_time_limit}",), kind="sleep", args=(0, 1), need="web", advice="Bound it.",
         insecure=(p("sleep($_GET['a']);"),), fixed=(p("sleep(1);"),), near=()),
    Rule("php.mail-injection", 93, "medium", "high", "Request data becomes a mail header.", ("{mail,mb_send_mail}",), kind="header", args=(0, 3), need="web", advice="Remove line breaks.",
         insecure=(p("mail('a@b.c', 's', 't', $_POST['h']);"),), fixed=(p("mail('a@b.c', 's', $_POST['t']);"),), near=()),
    Rule("php.weak-hash", 328, "medium", "high", "MD5 and SHA-1 are broken.", ("{md5,sha1,md5_file,sha1_file}", "hash"), when=(("any", ("all", ("call", "^(?:md5|sha1)$"), ("any", ("arg", 0, r"(?i)pass|pwd|secret|token"), ("to", r"(?i)pass|pwd|secret|token"), ("in", r"(?i)passw|login|auth"))), ("all", ("call", "^hash$"), ("re", 0, r"(?i)^(?:md[245]|sha1)$"), ("any", ("in", "(?i)pass"), ("to", "(?i)pass")))),), advice="Use password_hash for passwords and sha256 elsewhere.",
         insecure=(p("$p = md5($password);"),), fixed=(p("$p = password_hash($password, PASSWORD_DEFAULT);"),), near=()),
    Rule("php.weak-random", 338, "medium", "high", "A value that must be unpredictable comes from a predictable generator.", ("=bind", "*.return"), evidence="flow", when=(("tag", 0, "weak-random"), ("any", ("to", UNPREDICTABLE), ("in", UNPREDICTABLE))), unless=(("in", TEST), ("to", r"(?i)^\$?(?:keys?|idx|index|boundary)$")), advice="Use random_bytes or random_int.",
         insecure=(p("$token = mt_rand();"),), fixed=(p("$token = random_bytes(16);"),), near=()),
    Rule("php.weak-cipher", 327, "high", "high", "The cipher or its mode is broken.", ("{openssl_encrypt,openssl_decrypt}", "{mcrypt_encrypt,mcrypt_ecb,mcrypt_cbc}"), when=(("any", ("re", 1, r"(?i)ecb|^(?:des|rc[24]|bf)"), ("call", "^mcrypt")),), advice="Use aes-256-gcm.",
         insecure=(p("openssl_encrypt($d, 'aes-128-ecb', $k);"),), fixed=(p("openssl_encrypt($d, 'aes-256-gcm', $k, 0, $iv, $t);"),), near=()),
    Rule("php.no-tls-check", 295, "high", "high", "The server's certificate is not checked.", ("curl_setopt",), when=(("arg", 1, r"CURLOPT_SSL_VERIFY(?:PEER|HOST)$"), ("is", 2, False, 0)), advice="Leave verification on.",
         insecure=(p("curl_setopt($c, CURLOPT_SSL_VERIFYPEER, false);"),), fixed=(p("curl_setopt($c, CURLOPT_SSL_VERIFYPEER, true);"),), near=()),
    Rule("php.phpinfo", 200, "low", "medium", "The server's settings are shown to every visitor.", ("phpinfo",), advice="Remove it.", insecure=(p("phpinfo();"),), fixed=(p("echo 'a';"),), near=()),
    Rule("php.exception-leak", 209, "low", "high", "An exception's text or trace is sent to the client.", ("{echo,print,printf}",), when=(("tag", 0, "exception"),), advice="Log it instead.",
         insecure=(p("try { f(); } catch (Exception $e) { echo $e->getTraceAsString(); }"),), fixed=(p("try { f(); } catch (Exception $e) { echo 'failed'; }"),), near=()),
    Rule("php.marked-sink", 74, "high", "high", "Data from outside reaches a function marked as a sink.", ("marked sink",), kind="marked", args=(0,), need="web", advice="Escape it first.", insecure=(), fixed=(), near=()),
)  # fmt: skip
SOURCES = (
    ("{$_GET,$_POST,$_REQUEST,$_COOKIE,$_FILES,$_SERVER,$HTTP_RAW_POST_DATA}", 3), ("{filter_input,getallheaders,apache_request_headers}()", 3), ("*.{getQueryParams,getParsedBody,getCookieParams,getUploadedFiles}()", 3),
    ("{$request,request()}.{input,get,query,post,all,cookie,header}()", 3), ("{getenv}()", 1), ("{$argv}", 1),
)  # fmt: skip
XSS = frozenset({"xss"})
SANITIZERS = (
    ("{htmlspecialchars,htmlentities,strip_tags,esc_html,esc_attr,e}", XSS), ("{escapeshellarg,escapeshellcmd}", frozenset({"cmd"})),
    ("{mysql_real_escape_string,mysqli_real_escape_string,mysqli_escape_string,pg_escape_string,addslashes,pg_escape_literal}", frozenset({"sql"})), ("*.{quote,real_escape_string,escape_string}", frozenset({"sql"})),
    ("basename", frozenset({"path", "include"})), ("ldap_escape", frozenset({"ldap"})), ("{urlencode,rawurlencode,http_build_query}", frozenset({"xss", "header", "cookie"})),
    ("{json_encode}", frozenset({"header", "cookie"})), ("preg_quote", frozenset({"regex"})), ("{hash,crc32,password_hash,hash_hmac,uniqid}", frozenset({"*"})), ("{md5,sha1}", frozenset({"*"})),
)  # fmt: skip
GUARDS = (
    Guard(("{is_numeric,ctype_digit,ctype_alnum,ctype_alpha,is_int,is_bool,is_float}",), 0), Guard(("str_starts_with",), 0, frozenset({"path", "header"})), Guard(("filter_var",), 0),
)  # fmt: skip
PACK = Pack(
    "php", RULES, SOURCES, SANITIZERS, GUARDS, (("{rand,mt_rand,lcg_value,uniqid,array_rand,str_shuffle}", "weak-random"), ("caught", "exception"), ("{Exception,Error,TypeError}", "exception")),
    stops=frozenset({"fopen", "file_exists", "is_file", "count", "fetch", "fetchAll", "fetch_assoc"}), exits=frozenset({"exit", "die", "wp_die"}),
    words=frozenset({"echo", "_GET", "_POST", "_REQUEST", "_COOKIE", "include", "require", "print"}),
    canary=(p("$db->query(\"select * from t where a='\" . $_GET['a'] . \"'\");"), "php.sql-injection"),
)  # fmt: skip
