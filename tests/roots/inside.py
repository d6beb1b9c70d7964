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


def enter(root, layer, volumes, read_only):
    """Mount what a container runtime mounts, `root` under a layer that goes with the namespace; return where.

    `volumes` are path in the root -> (folder, whether it can be written); `layer` is an empty folder.
    """
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", layer)
    upper, work, merged = (Path(layer, name) for name in ("upper", "work", "merged"))
    for folder in (upper, work, merged):
        folder.mkdir()
    mount("-t", "overlay", "-o", f"lowerdir={root},upperdir={upper},workdir={work}", "overlay", str(merged))
    places = {path: merged / path.lstrip("/") for path in (*volumes, "/proc", "/dev")}
    for path, place in places.items():
        place.mkdir(parents=True, exist_ok=True)
        if path in volumes:
            folder, writable = volumes[path]
            mount("--bind", folder, str(place))
            if not writable:
                mount("-o", "remount,bind,ro", str(place))
    mount("-t", "proc", "proc", str(places["/proc"]))
    mount("--rbind", "/dev", str(places["/dev"]))
    if read_only:
        mount("-o", "remount,bind,ro", str(merged))
    return str(merged)


def main(root, layer, volumes, read_only, user, env, entrypoint, alone, early, **wish):
    loopback_up()
    variables = [f"{name}={value}" for name, value in env.items()]
    merged = enter(root, layer, volumes, read_only)
    chroot = ["env", "--ignore-environment", *variables]
    # Without one, whoever this is stays who it is: in a namespace of a user there is nobody else to be.
    chroot += ["/usr/sbin/chroot", *([] if user is None else [f"--userspec={user}:{user}", "--groups="]), merged]
    run = Path(volumes["/run/kernelpair"][0])
    found = {}
    if alone:
        said = subprocess.run(
            [*chroot, *entrypoint, *alone], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        found["alone"] = said.stdout
    process = subprocess.Popen([*chroot, *entrypoint, START, PROGRAM], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    until = time.monotonic() + SECONDS
    while not (run / "started").exists() or (run / "doing").exists():
        if process.poll() is not None or time.monotonic() > until:
            break
        time.sleep(0.02)
    if (run / "failure").exists():
        return {**found, "code": process.wait(SECONDS), "failure": (run / "failure").read_text()}
    while early and not waits(run) and time.monotonic() < until:
        time.sleep(0.02)
    wish |= {"port": int(env["KERNELPAIR_PORT"]), "token": (run / "token").read_text()}
    ask = [*chroot, *entrypoint, START, CLIENT, json.dumps(wish)]
    asked = subprocess.run(ask, stdout=subprocess.PIPE, text=True, check=False)
    found |= json.loads(asked.stdout) if asked.returncode == 0 else {"client": asked.returncode}
    found["processes"], found["bundle"] = seen_below(process.pid, Path(merged, "proc"))
    told = time.monotonic()
    process.terminate()
    return {**found, "code": process.wait(SECONDS), "stopping": time.monotonic() - told}


def waits(run):
    """Whether a process waits to become a kernel; what it was found by is gone then."""
    folders = list(run.glob("connections-*/*.waiting"))
    return bool(folders) and not list(folders[0].glob("*.py"))


def seen_below(gateway, processes):
    """How many processes the gateway has below it, and what they have of the bundle: mapped files and open ones.

    `processes` is the /proc of their namespace, which this one's isn't.
    """
    below, found = descendants(gateway, processes), set()
    for process in below:
        try:
            found |= {line.split()[-1] for line in (process / "maps").read_text().splitlines() if "/" in line}
            found |= {str(link.readlink()) for link in (process / "fd").iterdir()}
        except OSError:
            continue
    return len(below), sorted(path for path in found if "kernelpair-bundle" in path)


def descendants(ancestor, processes):
    parents = {}
    for process in processes.glob("[0-9]*"):
        try:
            parents[process] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, generation = [], [ancestor]
    while generation:
        generation = [process for process, parent in parents.items() if parent in generation]
        found += generation
        generation = [int(process.name) for process in generation]
    return found


sys.stdout.write(json.dumps(main(**json.loads(sys.argv[1]))))
