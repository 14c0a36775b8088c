"""Templates: Go's text/template, with what OPA gives it."""

from __future__ import annotations

from typing import Any

import pytest

from regolive.errors import BuiltinError, CancelledError

NAME = "strings.render_template"


@pytest.mark.parametrize(
    ("template", "data", "text"),
    [
        ("{{.a}} {{.b.c}} {{.x}}", {"a": [1, None, {"k": 1.5}], "b": {"c": True}},
         "[1 <nil> map[k:1.5]] true <undefined>"),
        ("{{range $i, $e := .xs}}{{if $i}}, {{end}}{{$e}}{{else}}none{{end}}",
         {"xs": ["a", "b"]}, "a, b"),
        ("{{range .m}}{{.}};{{end}}", {"m": {"b": 1, "a": 2}}, "2;1;"),
        ("{{with .a}}{{.b}}{{else}}no{{end}}{{- /* c */ -}}  x", {"a": {"b": 1}}, "1x"),
        ('{{eq .n "1"}} {{if .z}}t{{else}}f{{end}} {{len .s}}', {"n": 1, "z": 0, "s": "é"},
         "true t 2"),
        ('{{.s | printf "%5s|" | html}} {{or .z .a}}', {"s": 'q"', "z": "", "a": "x"},
         "   q&#34;| x"),
        ('{{define "t"}}[{{.}}]{{end}}{{template "t" .a}}', {"a": 1}, "[1]"),
        ("{{$x := 1}}{{range .l}}{{$x = .}}{{end}}{{$x}}", {"l": ["p", "q"]}, "q"),
        ('{{range .l}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', {"l": ["a", "b"]}, "a"),
        ('{{(index .l 0).k}} {{slice .s 1 3}} {{urlquery .s}}', {"l": [{"k": "v"}], "s": "a b"},
         "v  b a+b"),
    ],
)  # fmt: skip
def test_as_opa_renders(call: Any, template: str, data: dict[str, Any], text: str) -> None:
    assert call(NAME, template, data) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{foo}}", 'template: template:1: function "foo" not defined'),
        ("{{", "template: template:1: unclosed action"),
        ("\n{{if .a}}x", "template: template:2: unexpected EOF"),
        ("a {{end}}", "template: template:1: unexpected {{end}}"),
        ("{{$y}}", 'template: template:1: undefined variable "$y"'),
    ],
)
def test_mistakes_are_named_with_their_line(call: Any, template: str, text: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        call(NAME, template, {})
    assert caught.value.message == f"{NAME}: {text}"


def test_templates_that_never_end(call: Any, cancelled: Any) -> None:
    with pytest.raises(BuiltinError, match="depth"):
        call(NAME, '{{define "t"}}{{template "t"}}{{end}}{{template "t"}}', {})
    with pytest.raises(CancelledError):
        call(NAME, "{{range 1000000000}}{{end}}", {}, frame=cancelled())
