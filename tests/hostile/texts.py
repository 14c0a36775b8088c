"""Texts that parsers find hard: dates, layouts, patterns, templates, keys and addresses gone wrong.

Each pool has a few that are right, so that what is broken by chance is broken deep inside.
"""

# ruff: noqa: E501  (tables are read by the column, whatever their width)
from __future__ import annotations

import base64

SPLINTERS = ("\0", "\ud800", "\udfff", "\ufffd", "\n", "\r\n", "\\", '"', "'", "%", "{", "}", "[", "(",
             ")", "😀", "\u202e", "\x85", "\ufeff", "-", ".", "/", ":", "0", "9" * 40, " ", "é", "\x7f")  # fmt: skip

NUMERIC = ("0", "1", "-1", "1e400", "1e-400", "1e999999999", "-1e999999999999", "NaN", "Infinity", "-inf",
           "sNaN123", "0x10", "1_000", "9" * 5000, "0." + "9" * 5000, "1e", ".", "+1", "١٢٣", "-0", "00")  # fmt: skip
DATES = ("2024-02-30T00:00:00Z", "2024-02-29T23:59:60Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
         "2024-01-01T00:00:00+99:99", "2024-01-01T25:00:00Z", "99999-01-01T00:00:00Z", "2024-01-01", "-1",
         "2024-01-01T00:00:00." + "9" * 1000 + "Z", "1677-09-21T00:12:43Z", "2262-04-12T00:00:00Z", "Mon Jan 99")  # fmt: skip
LAYOUTS = ("2006-01-02T15:04:05Z07:00", "Mon, 02 Jan 2006 15:04:05 MST", "", "RFC3339", "ANSIC", "2006" * 500,
           "_2 002 05.000000000000000000", "Z0700 -07 Z07:00:00 PM pm", ".000", "15:04:05,999999999", "%Y-%m-%d")  # fmt: skip
ZONES = ("UTC", "Local", "", "America/New_York", "../../../etc/passwd", "/etc/passwd", "Nowhere/Land", "\0",
         "Europe", "posixrules", "EST5EDT", "a" * 5000, "Europe/../Europe/Berlin", ".", "..", "~")  # fmt: skip
DURATIONS = ("1h", "-1ns", "1.5h1m1s1ms1us1ns", "9223372036854775807ns", "9223372036854775808ns", "1" * 500 + "h",
             "0", "", ".", "1", "h", "1µs", "1μs", "-", "1e3s", "0." + "9" * 5000 + "s", "1h" * 10000)  # fmt: skip
UNITS = ("1", "10K", "1Ki", "1.5GiB", "1e400Ki", "-1e-400m", "KB", "", " 1 K", "1 KB KB", "9" * 5000 + "Ei",
         "1e999999999", "-1e999999999Gi", "0x10K", "m", "1" + "0" * 5000 + ".5m", '"1K"', "1e1e1", "1_0K")  # fmt: skip
SEMVERS = ("1.0.0", "1.0.0-alpha.1+b", "01.0.0", "1.0", "v1.0.0", "9" * 5000 + ".0.0", "1.0.0-" + "a." * 5000 + "a",
           "-1.0.0", "1.0.0-", "1.0.0+", "1.0.0-01", "9223372036854775808.0.0")  # fmt: skip
PATTERNS = ("(a+)+$", "(a|a)*b", "(.*)(.*)(.*)(.*)x", "a{1000}", "(a{100}){100}", "((a{10}){10}){10}", "(", ")", "[",
            "[z-a]", "(?P<a>x)(?P<a>y)", "(?=a)", "\\1", "\\C", "(?i)ſ", "\\p{Greek}", "\\p{Nope}", "x*" * 500,
            "(" * 999 + ")" * 999, "(" * 5000 + ")" * 5000, ".*?" * 1000, "a**", "(?s-i:.)", "\\x{110000}", "\\Q",
            "^*", "$^", "\\b" * 100, "[[:nope:]]", "(?:)*", "(?:a?){50}a{50}", "[^\\x00-\\x{10ffff}]", "")  # fmt: skip
GLOBS = ("*", "**", "*a*a*a*a*a*a*b", "{a,b{c,{d,e}}}", "{", "[", "[!a-z]", "[z-a]", "\\", "{" * 500 + "}" * 500,
         "{a,b}" * 30, "?" * 1000, "*" * 2000, "[]", "{,}", "{*,**}{*,**}", "a{b", "[[]", "{a,{b,c}}*" * 8)  # fmt: skip
REGEX_GLOBS = ("a.*", ".*", "[a-z]+", "a+b*", "[", "[a-", "(.*)+", "." * 500, "[a-z]*" * 40, "x*y*" * 100, "+", "[z-a]")  # fmt: skip
TEMPLATE_MATCHES = ("urn:foo:{.*}", "{", "}", "{}", "{{}}", "{(a+)+}", "a{b{c}d}e", "{" * 500, "<.*>")  # fmt: skip
TEMPLATES = ("{{.a}}", "{{range .}}{{.}}{{end}}", "{{range 1000000000}}x{{end}}", "{{", "{{end}}", "{{if}}", "{{printf \"%999999999d\" 1}}",
             "{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}", "{{" + "(" * 2000 + ")" * 2000 + "}}", "{{.a.b.c.d}}",
             "{{with $x := .}}" * 200 + "{{end}}" * 200, "{{if .}}" * 3000 + "{{end}}" * 3000, "{{index . 1e400}}", "{{slice .a -1}}",
             "{{range $i := 1000}}{{range 1000}}{{range 1000}}a{{end}}{{end}}{{end}}", "{{html .}}{{js .}}{{urlquery .}}",
             "{{call .a}}", "{{len 1}}", "{{printf \"%*d\" 1000000000 1}}", "{{/* x", "{{`", "{{'a", "{{0x1p-1074}}", "{{break}}")  # fmt: skip
VERBS = ("%d", "%s %v", "%999999999d", "%.999999999f", "%*d", "%[1]*[2]d", "%[999999999999]d", "%[0]d", "%!", "%", "%q", "%x % X",
         "%#v", "%+v", "%t", "%c", "%U", "%e", "%g", "%.3000g", "%b", "%o", "%O", "%[1", "%-010.5s", "%p", "%T", "%w", "%5000d",
         "%.-1d", "%[3]*.[2]*[1]f", "%d" * 2000, "%%%%%", "%é", "%\0", "%1000000d", "%.1000000f", "%.1000000s")  # fmt: skip
URLS = ("http://a/b?c=d#e", "http://[::1", "http://[::1%25x]:99999/", "//", ":", "http://a:b@c:d/", "%", "%zz", "http://\0", "a" * 5000,
        "http://é/", "javascript:alert(1)", "http://a/%ff%fe", "?" * 1000, "http:" + "/" * 5000, "mailto:x@y", "http://1.2.3.4:0x50/", "1:2")  # fmt: skip
URLS_NOWHERE = ("http://127.0.0.1:1/", "https://127.0.0.1:1/x", "http://[::1]:1/", "http://169.254.169.254/latest", "http://[::1",
                "ftp://127.0.0.1/", "http://", "", "unix://localhost/nowhere?socket=%2Fnone", "http://127.0.0.1:99999/",
                "http://127.0.0.1:1/" + "a" * 10000, "http://\0/", "http://127.0.0.1:-1/", "file:///etc/passwd", "http://127.0.0.1:1/\ud800")  # fmt: skip
HOSTS_NOWHERE = ("", "127.0.0.1", "::1", "1.2.3.4", "a" * 5000, "\0", "a..b", "\ud800", "-", "*", "[::1]", "a b", "é" * 300)  # fmt: skip
BASE64 = (
    "YQ==",
    "YQ",
    "Y",
    "====",
    "YQ=",
    "Y\nQ==",
    "_-8",
    "/+8=",
    "\xff",
    "YQ==YQ==",
    "YQ==\n",
    "YR==",
    "é",
)
HEX = ("00", "0", "zz", "ff" * 1000, "FF", " 00", "0x00")
QUERIES = (
    "a=b&a=c",
    "%",
    "%zz=1",
    "a;b",
    "&" * 10000,
    "=",
    "a=" * 5000,
    "%ff=%fe",
    "+",
    "a=b&" * 5000,
)
JSON = ('{"a": 1}', "[" * 100_000, "[" * 50_000 + "]" * 50_000, '{"a":' * 50_000, "1e400", "-", "nul", '"\\ud800"', '"\\u00"', "\ufeff{}",
        "1e999999999", "9" * 5000, "-0", "{} {}", '{"a":1,"a":2}', '"\x01"', "[1,]", "NaN", "Infinity", "01", "1.", '{"a"}', "\0",
        "1e99999999999999999999", "0." + "0" * 5000 + "1")  # fmt: skip
YAML = ("a: 1", "a: &a [*a]", "&a [*a, *a]", "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]",
        "\n".join(["a0: &a0 [x,x,x,x,x,x,x,x,x]", *(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))]),
        "- " * 5000 + "a", "[" * 20_000, "{" * 20_000, "!!python/object:os.system x", "!!binary zz", "? [a]\n: b", "%YAML 9.9\n---\na",
        "1e999999999", "0x" + "f" * 5000, "2024-99-99", "a: b: c", "\t- a", "<<: *x", "<<: [1]", "*x", "&", "|9", ">-\n a", "'", '"\\x',
        "a: !!float x", "1:60:60", "~", "--- \n...\n---", "!<", "- &a a\n- *a", "190:20:30" * 500, "." * 5000)  # fmt: skip
GRAPHQL = ("{ a }", "query($x: Int = 1) { a(b: $x) { ...F } } fragment F on A { a }", "{" * 5000, "{a" * 3000 + "}" * 3000,
           "fragment A on Q { ...B } fragment B on Q { ...A } { ...A }", "{ a(b: " + "[" * 5000, "{ a }" * 1000, '{ a(s: """x""") }',
           "type Query { a: Int }", "type Query { a: A! } type A { b: [[[A]]] }", "type A implements A { a: A }", "extend type X { a: A }",
           "input A { a: A! } type Query { a(b: A): Int }", "union U = U", "directive @a(b: Int @a) on FIELD", "scalar S @x", "schema { query: Q }",
           "{ " + " ".join(f"a{n}: a" for n in range(2000)) + " }", "{ " + "a " * 5000 + "}", "\0", "#", "{ a(b: 1e999999999) }", "interface I { a: I }",
           "{ a { a { ...A } ...A } } fragment A on A { a { ...B } } fragment B on A { a { ...A } }", "mutation", "{ __schema { types { name } } }")  # fmt: skip
CIDRS = ("10.0.0.0/8", "0.0.0.0/0", "::/0", "fe80::/10", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4", "::1/129", "1.2.3.4/32", "/", "256.1.1.1/8",
         "01.2.3.4/8", "::ffff:1.2.3.4/96", "1.2.3.4/" + "9" * 5000, "fe80::1%eth0/64", "2001:db8::/112", "10.0.0.0/12", "1:2:3:4:5:6:7:8:9/8")  # fmt: skip
UUIDS = (
    "00000000-0000-0000-0000-000000000000",
    "{12345678-1234-1234-1234-123456789012}",
    "urn:uuid:" + "f" * 32,
    "x",
    "f" * 32,
    "-" * 36,
)
MODULES = ("package a", "package a\nx = 1", "package a\nx { x }", "package", "", "package a\nx := " + "[" * 5000, "package a\n" + "x := 1\n" * 3000,
           "package a\nx := 9" + "9" * 5000, 'package a\nx := "\\ud800"', "package a\nimport x.y\np if { not not }", "package a\nx := `" + "a" * 5000,
           "package a\nx if " + "{" * 3000, "package a\n# METADATA\n# : :\nx := 1", "package a\nx := 1e999999999", "package a\nx := " + "1+" * 5000 + "1")  # fmt: skip
PATHS = ("", "/", "/a", "/a/b", "/a/b/0", "/a/b/-", "/a/b/99999999999999999999", "/a/b/01", "/~", "/~2", "/~01", "//", "/x/1", "a/b", "/a/b/1/c",
         "/a/b/-1", "/\0", "/\ud800", "/a" * 5000, "/a/b/1e0")  # fmt: skip
SCHEMAS = (
    '{"type": "string"}', "{}", "true", '{"type": "nope"}', '{"$ref": "#"}', '{"allOf": [{"$ref": "#"}]}', '{"$ref": "#/definitions/x"}',
    '{"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "$ref": "#/definitions/a"}',
    '{"$ref": "http://127.0.0.1:1/x"}', '{"$ref": "file:///etc/passwd"}', '{"pattern": "(a+)+$"}', '{"pattern": "("}', '{"patternProperties": {"[": {}}}',
    '{"maximum": 1e400, "multipleOf": 1e-320}', '{"multipleOf": 0}', '{"minLength": -1}', '{"minLength": 1e30}', '{"enum": []}', '{"required": [1]}',
    '{"items": [{"$ref": "#"}], "additionalItems": {"$ref": "#"}}', '{"dependencies": {"a": ["b"], "b": {"$ref": "#"}}}', '{"uniqueItems": true}',
    '{"properties": {"a": {"$ref": "#"}}, "additionalProperties": false}', '{"format": "date-time"}', '{"format": "uri"}', '{"format": "regex"}',
    '{"format": "hostname"}', '{"format": "email"}', '{"$id": "::", "$ref": "x"}', '{"$schema": "nope"}', '{"type": [], "not": {}}', '{"const": 1}',
    '{"$ref": "#/%ff/~2"}', '{"$ref": 1}', '{"if": {"type": "array"}, "then": {"contains": {"$ref": "#"}}, "else": false}',
    '{"anyOf": ' + '[{"allOf": ' * 300 + "[{}]" + "}]" * 300 + "}",
)  # fmt: skip


def _pem(label: str, data: bytes) -> str:
    body = base64.encodebytes(data).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


# A definite length that is longer than all there is, and one level inside another without end.
_HUGE_LENGTH = b"\x30\x84\xff\xff\xff\xff\x00"
_NESTED = b"\x30\x80" * 20_000
PEMS = (
    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----", "", "x",
    *(_pem(label, data) for label in ("CERTIFICATE", "RSA PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE REQUEST", "EC PRIVATE KEY")
      for data in (b"", b"\0", _HUGE_LENGTH, _NESTED, b"\x30\x03\x02\x01\x01")),
    _pem("PRIVATE KEY", b"\x30" * 1000), _pem("ENCRYPTED PRIVATE KEY", b"x" * 100), _pem("X" * 5000, b"x"),
    "-----BEGIN CERTIFICATE-----\nHeader: x\n\n!!!!\n-----END CERTIFICATE-----\n", _pem("CERTIFICATE", b"x") * 500,
    base64.b64encode(_HUGE_LENGTH).decode(), base64.b64encode(_NESTED).decode(),
)  # fmt: skip
JWKS = (
    '{"kty": "oct", "k": "c2VjcmV0"}', '{"kty": "oct", "k": ""}', '{"kty": "RSA", "n": "AQ", "e": "AQAB"}', '{"kty": "RSA", "n": "", "e": ""}', "{}",
    '{"kty": "RSA", "n": "AQ", "e": "AQ", "d": "AQ", "p": "AQ", "q": "AQ", "dp": "AQ", "dq": "AQ", "qi": "AQ"}', '{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}',
    '{"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "d": "AA"}', '{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}', '{"kty": "nope"}', '{"keys": []}',
    '{"keys": [{"kty": "oct", "k": "AA"}, 1, null]}', '{"keys": {"kty": "oct"}}', '{"kty": ["oct"], "k": {}}', '{"kty": "oct", "k": "!"}',
)  # fmt: skip
PLAIN = ("", "a", "abc", "\0", "\ud800", "\udc00\ud800", "a\ud83d", "é", "e\u0301", "😀" * 3, "İıſKß", "\u202e", "a" * 300, " \t\n\x85\u2003", "\ufeff", "x,y,z")  # fmt: skip
ANY = (
    *PLAIN,
    *PLAIN,
    *NUMERIC,
    *DATES,
    *PATTERNS[:8],
    *GLOBS[:6],
    *URLS[:6],
    *BASE64[:4],
    *UNITS[:6],
    *CIDRS[:5],
    *VERBS[:6],
    *SEMVERS[:3],
)
