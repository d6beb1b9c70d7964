"""The container runtime's part, in namespaces of its own: a network without routes, a root, a user; then the launcher.

    unshare --mount --net --pid --fork --kill-child python inside.py WISH

The wish is JSON: see `tests.roots.container.Container`. Prints the client's answer, or what the launcher left.
Standard library only.
"""

import fcntl
import json
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

START = "/opt/kernelpair-bundle/start"
PROGRAM, CLIENT = "/opt/kernelpair/gateway.py", "/opt/kernelpair/client.py"
SECONDS = 60
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def loopback_up():
    with socket.socket() as any_socket:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | IFF_UP, b""))


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def enter(root, volumes, read_only):
    """Mount what a container runtime mounts; `volumes` are path in the root -> (folder, whether it can be written)."""
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    for path, (folder, writable) in volumes.items():
        mount("--bind", folder, root + path)
        if not writable:
            mount("-o", "remount,bind,ro", root + path)
    mount("-t", "proc", "proc", f"{root}/proc")
    mount("--rbind", "/dev", f"{root}/dev")
    if read_only:
        mount("-o", "remount,bind,ro", root)


def main(root, volumes, read_only, user, env, kernel, code):
    loopback_up()
    enter(root, volumes, read_only)
    variables = [f"{name}={value}" for name, value in env.items()]
    chroot = [
        "env",
        "--ignore-environment",
        *variables,
        "/usr/sbin/chroot",
        f"--userspec={user}:{user}",
        "--groups=",
        root,
    ]
    run, port = Path(volumes["/run/kernelpair"][0]), int(env["KERNELPAIR_PORT"])
    process = subprocess.Popen([*chroot, START, PROGRAM], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    until = time.monotonic() + SECONDS
    while not (run / "started").exists() or (run / "doing").exists():
        if process.poll() is not None or time.monotonic() > until:
            break
        time.sleep(0.02)
    if (run / "failure").exists():
        return {"code": process.wait(SECONDS), "failure": (run / "failure").read_text()}
    wish = {"port": port, "token": (run / "token").read_text(), "kernel": kernel, "code": code}
    asked = subprocess.run([*chroot, START, CLIENT, json.dumps(wish)], stdout=subprocess.PIPE, text=True, check=False)
    found = json.loads(asked.stdout) if asked.returncode == 0 else {"client": asked.returncode}
    found["bundle"] = seen_in_kernels(process.pid)
    process.terminate()
    return {**found, "code": process.wait(SECONDS)}


def seen_in_kernels(gateway):
    """What the gateway's children have of the bundle: mapped files and open ones."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == gateway:
                found |= {line.split()[-1] for line in (process / "maps").read_text().splitlines() if "/" in line}
                found |= {str(link.readlink()) for link in (process / "fd").iterdir()}
        except OSError:
            continue
    return sorted(path for path in found if "kernelpair-bundle" in path)


sys.stdout.write(json.dumps(main(**json.loads(sys.argv[1]))))
