"""Rust: what `unsafe` lets through, and the flows that its type system does not stop.

Sources: the Rust reference and standard library, the Rustonomicon, the documentation of
rusqlite, sqlx, reqwest, actix-web and axum.
"""

# fmt: off
# ruff: noqa: E501 -- tables, one rule after the other, read better wide

from __future__ import annotations

from ..rules import Guard, Pack, Rule
from .shared import FIXED_HOST, SECRET_NAME, SQL_VALUE, TEST


def r(body: str, args: str = "s: String") -> str:
    return f"fn f({args}) {{\n    {body}\n}}\n"


RULES: tuple[Rule, ...] = (
    Rule("rs.sql-built", 89, "high", "high", "An SQL statement is put together from values instead of binding them.", ("*.{execute,query,query_row,prepare,batch_execute,execute_batch,query_one,simple_query,raw_sql}", "sqlx.{query,query_as,raw_sql}", "diesel.sql_query", "{sql_query,query_as}"), kind="sql", args=(0, 1), need="built", when=(("any", ("re", 0, SQL_VALUE), ("re", 1, SQL_VALUE)),), advice="Bind the value: query(\"… = ?1\", [v]).",
         insecure=(r("c.execute(&format!(\"select * from t where a = '{}'\", s), []);"),), fixed=(r('c.execute("select * from t where a = ?1", [s]);'),), near=(r('c.execute(&format!("select * from t where a = {}", n), []);', "n: i32"),)),
    Rule("rs.command-injection", 78, "critical", "high", "A shell command is put together from values.", ("*.{arg,args}",), kind="cmd", args=(0,), need="env", when=(("recv", r"Command\.new"), ("fn", r"Command::new\(\s*\"(?:/bin/|/usr/bin/)?(?:sh|bash|zsh|cmd|powershell)\""), ("fn", r"\"(?:-c|/C|/c|-Command)\"")), advice="Run the program itself with its arguments.",
         insecure=('use std::process::Command;\n' + r('Command::new("sh").arg("-c").arg(format!("ping {}", s)).output();'),), fixed=('use std::process::Command;\n' + r('Command::new("ping").arg(s).output();'),), near=()),
    Rule("rs.command-program", 78, "high", "high", "Data from outside chooses the program that is run.", ("*Command.new",), kind="cmd", args=(0,), need="web", advice="Choose it from a fixed list.",
         insecure=('use std::process::Command;\nasync fn f(q: web::Query<Q>) {\n    Command::new(q.name);\n}\n',), fixed=('use std::process::Command;\nasync fn f(q: web::Query<Q>) {\n    Command::new("ls");\n}\n',), near=()),
    Rule("rs.path-traversal", 22, "high", "high", "Request data chooses a file.", ("*{File,fs}.{open,create,read,read_to_string,write,remove_file,read_dir}", "*NamedFile.open"), kind="path", args=(0,), need="web", advice="Keep only file_name(), or check that the canonical path stays inside.",
         insecure=("use std::fs;\nasync fn f(q: web::Path<String>) {\n    fs::read(q.into_inner());\n}\n",), fixed=('use std::fs;\nasync fn f(q: web::Path<String>) {\n    fs::read("a");\n}\n',), near=()),
    Rule("rs.ssrf", 918, "high", "high", "Request data chooses the address connected to.", ("reqwest.{get,Client.new().get}", "*Client*.{get,post}"), kind="ssrf", args=(0,), need="web", unless=(("re", 0, FIXED_HOST),), advice="Compare the host with a list.",
         insecure=("async fn f(q: web::Query<Q>) {\n    reqwest::get(q.url).await;\n}\n",), fixed=('async fn f(q: web::Query<Q>) {\n    reqwest::get("https://a.example/").await;\n}\n',), near=()),
    Rule("rs.no-tls-check", 295, "high", "high", "The server's certificate is not checked.", ("*.{danger_accept_invalid_certs,danger_accept_invalid_hostnames,set_verify}",), when=(("any", ("is", 0, True), ("arg", 0, r"VerifyMode\.(?:NONE|empty)")),), advice="Leave verification on.",
         insecure=(r("b.danger_accept_invalid_certs(true);"),), fixed=(r("b.danger_accept_invalid_certs(false);"),), near=()),
    Rule("rs.weak-hash", 328, "medium", "high", "MD5 and SHA-1 are broken.", ("{md5,md5.compute,Md5.new,Sha1.new,Md5.digest,Sha1.digest}", "*.{Md5.new,Sha1.new,Md5.digest,Sha1.digest}", "openssl.hash.MessageDigest.{md5,sha1}", "MessageDigest.{md5,sha1}"), unless=(("in", r"(?i)etag|checksum|cache|fingerprint"),), advice="Use SHA-256.",
         insecure=("use md5::Md5;\n" + r("Md5::new();"),), fixed=("use sha2::Sha256;\n" + r("Sha256::new();"),), near=()),
    Rule("rs.dangling-pointer", 825, "high", "high", "The pointer outlives the temporary that it points into.", ("*.{as_ptr,as_mut_ptr}",), when=(("fn", r"=\s*(?:CString::new|String::from)\([^;]*\)[^;=]*\.as_(?:mut_)?ptr\(\)"),), advice="Bind the owner to a variable that lives as long as the pointer.",
         insecure=('use std::ffi::CString;\n' + r('let p = CString::new(s).unwrap().as_ptr();'),), fixed=('use std::ffi::CString;\n' + r('let c = CString::new(s).unwrap(); let p = c.as_ptr();'),), near=()),
    Rule("rs.uninitialised-vec", 908, "high", "medium", "The vector's elements were never written.", ("*.set_len",), when=(("fn", r"with_capacity|reserve\("), ("not", ("fn", r"copy_nonoverlapping|ptr::copy|\.write\(|write_bytes|read_exact|\bread\(|as_mut_ptr\(\)|spare_capacity|set_len\(0\)|from_raw|copy_from|ptr::write|ptr::read|drain|set_len\(self|set_len\(len\s*-|fill|extend|memcpy|recv|\*mut"))), advice="Use resize, or write before set_len.",
         insecure=(r("let mut v: Vec<u8> = Vec::with_capacity(n); unsafe { v.set_len(n); }", "n: usize"),), fixed=(r("let mut v: Vec<u8> = vec![0; n];", "n: usize"),), near=()),
    Rule("rs.zeroed-reference", 908, "high", "high", "This type has no valid all-zero or uninitialised value.", ("*mem.{uninitialized}", "*MaybeUninit.uninit().assume_init"), advice="Use MaybeUninit, and write before assume_init.",
         insecure=("use std::mem;\n" + r("let x: String = unsafe { mem::uninitialized() };"),), fixed=("use std::mem;\n" + r("let x = String::new();"),), near=()),
    Rule("rs.double-free", 415, "high", "medium", "Two boxes own the same memory.", ("*Box.from_raw",), when=(("fn", r"Box::from_raw\(\s*(\w+)\s*\).*Box::from_raw\(\s*\1\s*\)"), ("not", ("fn", r"(?:else|match|return|into_raw)"))), advice="Call from_raw once for each into_raw.",
         insecure=(r("unsafe { drop(Box::from_raw(p)); drop(Box::from_raw(p)); }", "p: *mut u8"),), fixed=(r("unsafe { drop(Box::from_raw(p)); }", "p: *mut u8"),), near=()),
    Rule("rs.transmute", 843, "medium", "low", "transmute turns any bits into the type, valid or not.", ("*mem.transmute", "transmute", "*.transmute_copy"), advice="Use from_ne_bytes, as, or TryFrom.", insecure=(), fixed=(r("let x = u32::from_ne_bytes(b);", "b: [u8; 4]"),), near=()),
    Rule("rs.raw-slice", 125, "medium", "low", "The length is taken on trust.", ("*slice.{from_raw_parts,from_raw_parts_mut}", "*Vec.from_raw_parts"), advice="Check it against the allocation.", insecure=(), fixed=(r("let x = &b[..n];", "b: &[u8], n: usize"),), near=()),
    Rule("rs.unchecked-index", 125, "medium", "low", "The index is not checked.", ("*.{get_unchecked,get_unchecked_mut}",), advice="Use get.", insecure=(), fixed=(r("let x = b.get(n);", "b: &[u8], n: usize"),), near=()),
    Rule("rs.static-mut", 362, "medium", "low", "Two threads may write this at once.", ("static mut",), advice="Use an atomic, Mutex or OnceLock.", insecure=(), fixed=("static N: AtomicUsize = AtomicUsize::new(0);\n",), near=()),
    Rule("rs.file-mode", 732, "medium", "high", "The file can be changed by everybody.", ("*.{set_mode,mode,from_mode}",), when=(("bits", 0, 0o002),), advice="Use 0o600.",
         insecure=(r("p.set_mode(0o777);"),), fixed=(r("p.set_mode(0o600);"),), near=()),
    Rule("rs.hardcoded-secret", 798, "high", "medium", "A secret is in the source.", ("=bind",), evidence="heuristic", when=(("to", SECRET_NAME), ("secretish", 0)), unless=(("in", TEST), ("to", r"(?i)(?:name|url|path|id|header|prefix|type)$")), advice="Read it from the environment.",
         insecure=('const API_KEY: &str = "k3Jx9QpZ81mWq7Lr";\n',), fixed=('fn f() {\n    let api_key = std::env::var("K");\n}\n',), near=()),
)  # fmt: skip
SOURCES = (("{Query,Path,Json,Form,HttpRequest}.*", 3), ("std.env.{args,var}()", 1), ("env.{args,var}()", 1), ("std.io.stdin()", 1))
SANITIZERS = (("*.{parse,len,to_le_bytes}", frozenset({"*"})), ("*.{encode_text,escape_html,encode_safe}", frozenset({"xss"})), ("*.file_name", frozenset({"path"})))
PACK = Pack(
    "rust", RULES, SOURCES, SANITIZERS, (Guard(("*.{starts_with,is_relative}",), -1, frozenset({"path"})),), (),
    web_types=(), stops=frozenset({"len"}), exits=frozenset({"exit"}), words=frozenset({"static"}),
    canary=(r("c.execute(&format!(\"select * from t where a = '{}'\", s), []);"), "rs.sql-built"),
)  # fmt: skip
