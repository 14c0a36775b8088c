"""Bundles are read from directories and archives, and bad ones are refused with a reason."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from regolive.errors import BundleError
from regolive.ir.bundle import Manifest, load_bundle

PLAN = json.dumps(
    {
        "static": {"files": [{"value": "/a/p.rego"}]},
        "plans": {"plans": [{"name": "a/b", "blocks": []}]},
    }
)


def archive(path: Path, files: dict[str, str], *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in {"/plan.json": PLAN, **files}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
        for member in extra:
            tar.addfile(member)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member


def refused(path: Path, **options: int) -> str:
    with pytest.raises(BundleError) as caught:
        load_bundle(path, **options)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bundle.tar.gz"


def test_an_archive_as_opa_writes_it(file: Path) -> None:
    bundle = load_bundle(
        archive(
            file,
            {
                "/data.json": '{"x": {"y": 1}}',
                "/x/z/data.yaml": "n: 1.5\nwhen: 2020-01-01\n1: yes\n",
                "/a/p.rego": "package a",
                "/.manifest": '{"revision": "r1", "roots": ["/x/", "a"], "rego_version": 1}',
                "/policy.wasm": "ignored",
            },
        )
    )
    assert [plan.name for plan in bundle.policy.plans] == ["a/b"]
    assert bundle.data == {"x": {"y": 1, "z": {"n": 1.5, "when": "2020-01-01", "1": True}}}
    assert bundle.manifest == Manifest("r1", ("x", "a"), {"rego_version": 1})
    assert bundle.sources == {"a/p.rego": "package a"}
    assert bundle.policy.sources == {"/a/p.rego": "package a"}


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "u" / "v").mkdir(parents=True)
    (tmp_path / "plan.json").write_text(PLAN)
    (tmp_path / "u" / "v" / "data.json").write_text("[1, 2]")
    assert load_bundle(tmp_path).data == {"u": {"v": [1, 2]}}
    assert load_bundle(str(tmp_path)).manifest == Manifest()


def test_a_directory_of_links_into_itself_as_kubernetes_mounts_it(tmp_path: Path) -> None:
    real = tmp_path / "..2024_01_01"
    real.mkdir()
    (real / "plan.json").write_text(PLAN)
    (real / "data.json").write_text('{"a": 1}')
    for name in ("plan.json", "data.json"):
        (tmp_path / name).symlink_to(Path("..2024_01_01", name))
    assert load_bundle(tmp_path).data == {"a": 1}


def test_a_link_out_of_a_directory_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (tmp_path / "secret.json").write_text("{}")
    (bundle / "data.json").symlink_to(tmp_path / "secret.json")
    assert "data.json: a link that leads out of the bundle" in refused(bundle)


@pytest.mark.parametrize(
    "name", ["../data.json", "/../data.json", "a/../../data.json", "a/../data.json"]
)
def test_members_that_lead_out_are_refused(file: Path, name: str) -> None:
    assert f"member {name!r}: leads out of the bundle" in refused(archive(file, {name: "{}"}))


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (special("data.json", tarfile.SYMTYPE, "/etc/passwd"), "a link (to '/etc/passwd')"),
        (special("data.json", tarfile.LNKTYPE, "plan.json"), "a link (to 'plan.json')"),
        (special("null", tarfile.CHRTYPE), "neither a plain file nor a directory"),
        (special("fifo", tarfile.FIFOTYPE), "neither a plain file nor a directory"),
        (special("C:/data.json", tarfile.REGTYPE), "an absolute path"),
        (special("a\\..\\data.json", tarfile.REGTYPE), "a character that file names"),
    ],
)
def test_members_that_bundles_do_not_have_are_refused(
    file: Path, member: tarfile.TarInfo, reason: str
) -> None:
    assert reason in refused(archive(file, {}, member))


def test_directories_in_archives_are_fine(file: Path) -> None:
    assert load_bundle(archive(file, {}, special("/a/", tarfile.DIRTYPE))).data == {}


def test_the_same_file_twice_is_refused(file: Path) -> None:
    assert "data.json: twice in the archive" in refused(
        archive(file, {"/data.json": "{}", "./data.json": "{}"})
    )


def test_an_archive_that_unpacks_to_too_much_is_refused_while_it_is_read(file: Path) -> None:
    archive(file, {"/big.txt": " " * 5_000_000})
    assert file.stat().st_size < 20_000
    assert "more than 100000 bytes when unpacked" in refused(file, limit_bytes=100_000)
    assert load_bundle(file, limit_bytes=6_000_000)


def test_a_header_that_lies_about_its_size_does_not_help(file: Path) -> None:
    member = tarfile.TarInfo("data.json")
    member.size = 1 << 40
    with gzip.open(file, "wb") as stream:
        stream.write(member.tobuf() + b"\0" * 1024)
    assert "data.json" in refused(file) or "not a readable" in refused(file)


def test_the_limit_holds_for_directories(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(PLAN)
    (tmp_path / "x.txt").write_text("x" * 1000)
    assert "more than 500 bytes" in refused(tmp_path, limit_bytes=500)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"/data.json": "[]"}, "data.json: the root of data must be an object"),
        ({"/data.json": "{"}, "data.json: "),
        ({"/x/data.yaml": "a: [1"}, "x/data.yaml: not YAML"),
        ({"/x/data.yaml": "a: .nan"}, "x/data.yaml: a number that JSON does not have"),
        ({"/x/data.yaml": "? [1]\n: 2"}, "x/data.yaml: "),
        (
            {"/data.json": '{"a": {"b": 1}}', "/a/data.json": '{"b": 2}'},
            "a/data.json: data.a.b is already defined by data.json",
        ),
        (
            {"/a/data.json": "{}", "/a/data.yaml": "[]"},
            "a/data.yaml: data.a is already defined by a/data.json",
        ),
        (
            {"/data.json": '{"a": {"c": 1}}', "/.manifest": '{"roots": ["a/b", "x"]}'},
            "data at 'a/c' is outside the manifest's roots ('a/b', 'x')",
        ),
        ({"/.manifest": "[]"}, ".manifest: expected an object"),
        ({"/.manifest": '{"roots": "a"}'}, ".manifest: roots: expected an array of strings"),
        ({"/.manifest": '{"roots": ["a/b", "a"]}'}, "roots: 'a/b' and 'a' overlap"),
        ({"/.manifest": '{"revision": 1}'}, "revision: expected a string"),
        ({"/plan.json": '{"plans": 1}'}, "plan.json: plans: expected an object"),
    ],
)
def test_what_is_wrong_with_a_bundle_is_said(
    file: Path, files: dict[str, str], message: str
) -> None:
    text = refused(archive(file, files))
    assert text.startswith(str(file))
    assert message in text


def test_aliases_in_yaml_cannot_blow_it_up(file: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "aliases" in refused(archive(file, {"/data.yaml": "\n".join(lines)}))


def test_a_bundle_without_a_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("{}")
    assert "no plan.json in it; build the bundle with `opa build -t plan`" in refused(tmp_path)


def test_files_that_are_no_bundle(tmp_path: Path, file: Path) -> None:
    assert "there is no such file" in refused(tmp_path / "none")
    file.write_bytes(b"hello")
    assert "not a readable .tar.gz archive" in refused(file)
    archive(file, {"/data.json": json.dumps({"k": "x" * 50_000})})
    file.write_bytes(file.read_bytes()[:-20])
    assert "not a readable .tar.gz archive" in refused(file)


def test_a_bundle_that_opa_built(tmp_path: Path) -> None:
    opa = shutil.which("opa")
    if opa is None:
        pytest.skip("no opa binary on PATH")
    (tmp_path / "p.rego").write_text("package a.b\n\nallow if data.a.b.users[input.user]\n")
    (tmp_path / "data.json").write_text('{"a": {"b": {"users": {"alice": true}}}}')
    command = [opa, "build", "-t", "plan", "-e", "a/b/allow", "-r", "rev", "."]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    bundle = load_bundle(tmp_path / "bundle.tar.gz")
    assert [plan.name for plan in bundle.policy.plans] == ["a/b/allow"]
    assert bundle.data == {"a": {"b": {"users": {"alice": True}}}}
    assert bundle.manifest.revision == "rev"
    assert set(bundle.policy.files) == set(bundle.policy.sources)
