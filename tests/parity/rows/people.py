"""Who a kernel works as, and what it shares with the notebook's side: files, and kernels in the user's home."""

from __future__ import annotations

import asyncio
import json
import textwrap
from typing import Any

from client import Lab, is_idle, kinds

# A kernel of another language, as a user installs one in the home; it answers with what it was sent, shouted.
SHOUT = """
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Shout(Kernel):
    implementation, implementation_version, banner = "shout", "1", "shout"
    language_info = {"name": "shout", "mimetype": "text/plain", "file_extension": ".sh"}

    def do_execute(self, code, silent, *_, **__):
        self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": code.upper()})
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Shout)
"""


async def identity(lab: Lab) -> Any:
    """Uid, groups, umask, locale and what the environment says of the user."""
    code = """
        import getpass, json, locale, os, sys
        umask = os.umask(0)
        os.umask(umask)
        print(json.dumps({
            "ids": [os.getuid(), os.getgid(), sorted(os.getgroups())], "umask": umask, "user": getpass.getuser(),
            "locale": [locale.getlocale(), locale.getpreferredencoding(), sys.getfilesystemencoding()],
            "home": os.path.expanduser("~") == os.environ["HOME"] == os.getcwd(),
        }))"""
    async with lab.notebook("identity.ipynb") as kernel:
        return json.loads(await kernel.printed(textwrap.dedent(code)))


async def files(lab: Lab) -> Any:
    """Each side edits and deletes what the other wrote; both write it as the same user, with the same mode."""
    async with lab.notebook("files.ipynb") as kernel:
        await kernel.run("open('of-the-kernel.txt', 'w').write('kernel')")
        await lab.call("PUT", "api/contents/of-the-server.txt", {"type": "file", "format": "text", "content": "server"})
        found = {"read": (await lab.call("GET", "api/contents/of-the-kernel.txt"))["content"]}
        await lab.call("PUT", "api/contents/of-the-kernel.txt", {"type": "file", "format": "text", "content": "both"})
        code = """
            import json, os
            open('of-the-server.txt', 'a').write(' and kernel')
            stats = [os.stat(name) for name in ('of-the-kernel.txt', 'of-the-server.txt')]
            print(json.dumps([open('of-the-kernel.txt').read(), [(s.st_mode, s.st_uid, s.st_gid) for s in stats]]))"""
        found["edited"] = json.loads(await kernel.printed(textwrap.dedent(code)))
        found["again"] = (await lab.call("GET", "api/contents/of-the-server.txt"))["content"]
        await kernel.run("os.remove('of-the-server.txt')")
        found["deleted"] = [
            await lab.call("DELETE", "api/contents/of-the-kernel.txt"),
            await lab.call("GET", "api/contents/of-the-server.txt"),
        ]
    return found


async def languages(lab: Lab) -> Any:
    """A kernelspec in the user's home: offered with its logo, and run."""
    spec = {"argv": ["python", "{resource_dir}/shout.py", "-f", "{connection_file}"], "display_name": "Shout"}
    text = json.dumps({**spec, "language": "shout", "metadata": {"x": 1}, "env": {"LOUD": "1"}})
    async with lab.notebook("languages.ipynb") as kernel:
        folder = ".local/share/jupyter/kernels/shout"
        await kernel.run(
            f"import os, pathlib\nfolder = pathlib.Path.home() / {folder!r}\nfolder.mkdir(parents=True)\n"
            f"(folder / 'kernel.json').write_text({text!r})\n(folder / 'shout.py').write_text({SHOUT!r})\n"
            "(folder / 'logo-svg.svg').write_text('<svg/>')"
        )
    spec = (await lab.call("GET", "api/kernelspecs"))["kernelspecs"]["shout"]
    wanted = {"path": "shout.ipynb", "name": "shout", "type": "notebook", "kernel": {"name": "shout"}}
    session = await lab.call("POST", "api/sessions", wanted)
    async with lab.kernel(session["kernel"]["id"]) as kernel:
        said = await kernel.printed("hello")
    await lab.call("DELETE", f"api/sessions/{session['id']}")
    offered = {key: spec["spec"][key] for key in ("language", "metadata")}
    return {"spec": offered, "resources": sorted(spec["resources"]), "said": said}


async def at_once(lab: Lab, count: int) -> Any:
    """Several kernels compute at the same time, each its own."""

    async def one(number: int) -> str:
        async with lab.notebook(f"at-once-{number}.ipynb") as kernel:
            await kernel.run(f"x = {number}")
            return await kernel.printed("import time; time.sleep(1); print(x ** 2)")

    return await asyncio.gather(*(one(number) for number in range(count)))


async def debugger(lab: Lab) -> Any:
    """A breakpoint is hit, the variable is read, the cell goes on: as JupyterLab's debugger does it."""
    async with lab.notebook("debugger.ipynb") as kernel:
        numbers = iter(range(1, 100))
        seen: list[dict[str, Any]] = []

        async def ask(command: str, **arguments: Any) -> Any:
            content = {"type": "request", "command": command, "seq": next(numbers), "arguments": arguments}
            asked = await kernel.send("debug_request", content, "control")
            seen.extend(await kernel.until("debug_reply", asked))
            return seen[-1]["content"]

        code = "a = 20\nb = a + 1\nprint(b)"
        found = [(await ask("initialize", clientID="t", adapterID="t", pathFormat="path"))["success"]]
        found.append((await ask("attach"))["success"])
        source = (await ask("dumpCell", code=code))["body"]["sourcePath"]
        set_ = await ask("setBreakpoints", source={"path": source}, breakpoints=[{"line": 2}], sourceModified=False)
        found.append([point["verified"] for point in set_["body"]["breakpoints"]])
        found.append((await ask("configurationDone"))["success"])
        asked = await kernel.execute(code)
        while (await kernel.until("debug_event"))[-1]["content"]["event"] != "stopped":
            pass
        frames = (await ask("stackTrace", threadId=1))["body"]["stackFrames"]
        found.append(frames[0]["line"])
        found.append((await ask("evaluate", expression="a", frameId=frames[0]["id"]))["body"]["result"])
        await ask("continue", threadId=1)
        while not any(is_idle(message, asked) for message in seen):
            seen.append(await kernel.message())
        found.append("".join(m["content"]["text"] for m in seen if m["msg_type"] == "stream"))
        found.append((await ask("disconnect", restart=False, terminateDebuggee=False))["success"])
        return found


async def progress(lab: Lab) -> Any:
    """A bar that rewrites its line, an output that is replaced, one that is updated from another cell."""
    async with lab.notebook("progress.ipynb") as kernel:
        code = """
            import sys, time
            from IPython.display import clear_output, display, Image
            for i in range(3):
                print(f"\\r{i}", end="", file=sys.stderr, flush=True)
                time.sleep(0.3)
            clear_output(wait=True)
            handle = display("first", display_id="d")
            display(Image(data=b"\\x89PNG\\r\\n\\x1a\\n" + bytes(50), format="png"))"""
        messages = await kernel.run(textwrap.dedent(code)) + await kernel.run("handle.update('second')")
        shown = [m for m in messages if m["channel"] == "iopub" and not m["content"].get("execution_state")]
        return [[kinds([m])[0], m["content"]] for m in shown]
