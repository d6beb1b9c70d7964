"""What works as before: the table in the README, each line with the tests that hold it.

`make generate` writes the table; a test in this folder that no line names, or a name without its test, is an error.
"""

from __future__ import annotations

from typing import NamedTuple

SAME = "the same"


class Promise(NamedTuple):
    """One line: what people know from a plain pod, what the pair makes of it, and what shows it.

    `tests` are rows (`module.function`) or test functions of this folder.
    """

    known: str
    pair: str
    tests: tuple[str, ...]


PROMISES = (
    Promise(
        "Kernels see the image's environment and what the operator sets, and no hub token",
        SAME,
        ("kernels.environment",),
    ),
    Promise("They work in the notebook's folder, restarted and moved ones too", SAME, ("kernels.folders",)),
    Promise(
        "Input, interrupt, completion, inspection, history, rich display, errors",
        SAME,
        ("messages.conversation",),
    ),
    Promise(
        "Outputs of any size and number, in order; widgets' binary data",
        SAME,
        ("messages.large_output", "messages.large_input", "messages.many_outputs", "messages.buffers"),
    ),
    Promise("Several browsers on one kernel", SAME, ("messages.two_clients",)),
    Promise("A closed laptop: what was printed meanwhile arrives once, in order", SAME, ("messages.reconnect",)),
    Promise(
        "Kernels, sessions and kernelspecs by the REST API, logos too",
        "the same; a kernel's name says which image it runs in",
        ("kernels.kernels_api", "kernels.logo"),
    ),
    Promise(
        "A kernel that prints counts as activity",
        "a silent one that computes counts too, so that no culler stops it",
        ("kernels.activity",),
    ),
    Promise("A kernel that dies is started anew, and the page says so", SAME, ("deaths.kernel_dies",)),
    Promise(
        "Too much memory kills the server, and the page is gone",
        "JupyterLab stays; kernels start anew without a reload",
        ("test_the_notebook_outlives_the_kernel_container",),
    ),
    Promise(
        "nbconvert, papermill, `jupyter run` and other programs start kernels of their own",
        "the same, in the user's image; such a kernel ends with its program",
        (
            "test_programs_that_start_kernels_reach_the_users_image",
            "test_a_program_s_own_kernel_is_one_like_any_other",
            "test_a_program_s_kernel_ends_with_it_however_that_ends",
            "test_without_a_gateway_the_program_says_why",
            "test_the_kernelspecs_of_programs_hold_no_secret",
        ),
    ),
    Promise(
        "Widgets and renderers load in the version that the image has",
        SAME,
        ("test_widgets_load_in_the_version_of_the_users_image",),
    ),
    Promise(
        "The server answers as soon as it is up",
        "the same; what needs the kernel container waits for it",
        ("test_who_comes_before_the_gateway_waits_for_it",),
    ),
)


def table() -> list[str]:
    """The lines of the README's table, in Markdown."""
    lines = ["| in a plain pod | in the pair |", "|---|---|"]
    return lines + [f"| {promise.known} | {promise.pair} |" for promise in PROMISES]
