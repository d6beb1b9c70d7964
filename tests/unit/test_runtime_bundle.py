"""How the bundle gets into its volume: the copy of a made-up one, and what the front-end image does without one."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import kernelpair_copy
import pytest

RUNTIME = Path(kernelpair_copy.__file__).parent
# Stands for the real one: runs the program so that it finds itself in the bundle.
START = f"""#!/bin/sh
exec "{sys.executable}" -I -c '
import runpy, sys
sys.prefix, sys.argv = sys.argv[1], sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")' "${{0%/*}}" "$@"
"""
FILES = {"bundle.json": 0o644, "bin/python3": 0o755, "lib/libc.so.6": 0o755, "lib/python3.11/os.py": 0o644}
TIME_NS = 1_700_000_000_123_456_789


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "a bundle"
    for name, mode in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"the text of {name}\n" * 1000)
        (folder / name).chmod(mode)
        os.utime(folder / name, ns=(TIME_NS, TIME_NS))
    (folder / "lib" / "libc.so").symlink_to("libc.so.6")
    (folder / "empty").mkdir()
    (folder / "start").write_text(START)
    (folder / "start").chmod(0o755)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "the volume"
    folder.mkdir()
    return folder


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """What is in a folder: of links where they lead, of files mode, time and content, of folders the mode."""
    found: dict[str, tuple[object, ...]] = {}
    for path in folder.rglob("*"):
        stat = path.lstat()
        name, mode = str(path.relative_to(folder)), stat.st_mode & 0o777
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", mode)
        else:
            found[name] = ("file", mode, stat.st_mtime_ns, path.read_bytes())
    return found


def copied(bundle: Path, target: Path, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    """What the init container does with a bundle image."""
    program = [bundle / "start", RUNTIME / "kernelpair_copy.py", target]
    return subprocess.run(program, capture_output=True, text=True, check=False, umask=umask, env={})


@pytest.mark.parametrize("umask", [0o022, 0o077, 0])
def test_the_copy_is_the_whole_tree_and_everybody_may_read_it(bundle: Path, target: Path, umask: int) -> None:
    done = copied(bundle, target, umask)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert tree(target) == tree(bundle)
    assert tree(target)["lib"] == ("folder", 0o755)
    assert set(FILES) < set(tree(target))


def test_what_an_interrupted_copy_left_makes_no_difference(bundle: Path, target: Path) -> None:
    assert copied(bundle, target).returncode == 0
    (target / "lib" / "python3.11" / "os.py").write_text("half")
    (target / "lib" / "python3.11" / "stray.py").write_text("of an older bundle")
    (target / "stray").mkdir()
    (target / ".start").write_text("half")
    shutil.rmtree(target / "bin")
    (target / "bin").symlink_to("lib")
    (target / "start").unlink()
    (target / "start").mkdir()
    assert copied(bundle, target).returncode == 0
    assert tree(target) == tree(bundle)


def test_the_copy_can_be_copied(bundle: Path, target: Path, tmp_path: Path) -> None:
    assert copied(bundle, target).returncode == 0
    (tmp_path / "again").mkdir()
    assert copied(target, tmp_path / "again").returncode == 0
    assert tree(tmp_path / "again") == tree(bundle)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "No space left on device"),
        (errno.EROFS, "it must be a volume that can be written"),
        (errno.EACCES, "this container's user must be able to write there"),
        (errno.EIO, "or mount the bundle instead of copying it (gateway.bundle.mount: imageVolume or pvc)"),
    ],
)
def test_a_copy_that_fails_leaves_nothing_to_start_and_says_why(
    bundle: Path,
    target: Path,
    number: int,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert copied(bundle, target).returncode == 0

    def fail(source: Path, to: Path) -> None:
        raise OSError(number, os.strerror(number), str(to))

    monkeypatch.setattr(sys, "prefix", str(bundle))
    monkeypatch.setattr(shutil, "copyfile", fail)
    assert kernelpair_copy.main([str(target)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"kernelpair: the bundle can't be copied to {target}: {os.strerror(number)} ({target}/")
    assert advice in said
    assert said.count("\n") == 1
    assert not (target / "start").exists()


def test_a_volume_that_is_not_there_is_an_error_in_one_line(bundle: Path, target: Path) -> None:
    done = copied(bundle, target / "not there")
    assert done.returncode == 1
    assert done.stderr.startswith(f"kernelpair: the bundle can't be copied to {target}/not there: No such file")
    assert done.stderr.count("\n") == 1


def test_a_folder_that_is_no_bundle_is_not_copied(bundle: Path, target: Path) -> None:
    (bundle / "bundle.json").unlink()
    done = copied(bundle, target)
    assert done.returncode == 1
    assert done.stderr.startswith(f"kernelpair: {bundle} is no bundle")
    assert tree(target) == {}


def shell(target: Path, bundle: Path) -> subprocess.CompletedProcess[str]:
    """What the init container does in the front-end image."""
    program = ["/bin/sh", RUNTIME / "bundle.sh", target, bundle]
    return subprocess.run(program, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})


def test_the_front_ends_bundle_is_copied(bundle: Path, target: Path) -> None:
    done = shell(target, bundle)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert tree(target) == tree(bundle)


def test_a_bundle_that_can_not_be_started_is_an_error_and_no_reason_to_fall_back(bundle: Path, target: Path) -> None:
    (bundle / "start").chmod(0o644)
    assert shell(target, bundle).returncode != 0
    assert not (target / "start").exists()


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    """Stands for the runtime files of the kernel container."""
    folder = tmp_path / "runtime files"
    folder.mkdir()
    (folder / "gateway.py").write_text("raise SystemExit('not by this')\n")
    (folder / "gateway.sh").write_text('echo "$0" "$#"; exit 7\n')
    return folder / "gateway.py"


def test_without_one_the_users_own_python_starts_the_gateway(
    target: Path, tmp_path: Path, launcher: Path, bundle: Path
) -> None:
    for _ in range(2):  # the second time as an init container that is started anew
        done = shell(target, tmp_path / "none")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.startswith(f"kernelpair: no bundle in this image ({tmp_path}/none): ")
        assert [path.name for path in target.iterdir()] == ["start"]
        assert (target / "start").stat().st_mode & 0o777 == 0o755
    ran = subprocess.run([target / "start", launcher], capture_output=True, text=True, check=False, env={})
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, f"{launcher.with_name('gateway.sh')} 0\n", "")
    assert shell(target, bundle).returncode == 0
    assert tree(target) == tree(bundle), "a front-end image that has one by now"


def test_a_volume_that_can_not_be_written_is_told(target: Path, tmp_path: Path) -> None:
    done = shell(target / "not there", tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"kernelpair: {target}/not there can't be written: ")
