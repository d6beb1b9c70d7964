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
        SAME,
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
        "A kernel that takes too much memory takes the other kernels, the terminals and the server with it",
        "the largest kernel alone is stopped, just before the limit",
        ("test_the_largest_kernel_is_stopped_just_before_the_limit_and_its_cell_says_so",),
    ),
    Promise(
        "A cell whose kernel died says nothing",
        "it says why: memory (limit, use, what to do), a signal, an exit code",
        (
            "test_a_cell_says_that_the_kernel_was_killed_for_memory",
            "test_a_cell_says_how_else_its_kernel_ended",
            "test_who_was_away_when_the_kernel_died_is_told_on_return",
            "test_a_cell_says_that_the_whole_container_was_lost",
        ),
    ),
    Promise(
        "The memory display (jupyter-resource-usage)",
        "the same, of the kernel container and its limits",
        ("test_usage_figures_are_the_kernel_containers",),
    ),
    Promise(
        "The server answers as soon as it is up",
        "the same; what needs the kernel container waits for it",
        ("test_who_comes_before_the_gateway_waits_for_it",),
    ),
    Promise(
        "A server that is started anew has lost its kernels",
        "it finds them with their sessions; cells go on, and their output arrives once, in order",
        (
            "test_a_notebook_server_that_starts_anew_finds_its_kernels",
            "test_a_plain_server_that_starts_anew_has_nothing",
            "test_what_the_gateway_lost_meanwhile_is_started_anew_or_dropped",
            "test_what_is_kept_holds_no_secret",
        ),
    ),
    Promise(
        "File > Shut Down, or the end of the pod: kernels clean up first, and nothing is left",
        SAME,
        (
            "test_shut_down_by_its_user_the_server_ends_its_kernels_too",
            "test_told_to_stop_kernels_clean_up_and_nothing_is_left",
        ),
    ),
    Promise(
        "Zombies stay until the pod ends, unless the image brings an init",
        "they are reaped",
        ("test_processes_that_are_left_to_process_1_are_reaped",),
    ),
    Promise(
        "Images with a virtual environment, conda or pyenv, an entrypoint, any user id, no writable home or root",
        SAME,
        ("test_an_image_runs_kernels",),
    ),
    Promise(
        "An image that lacks something keeps the server from starting",
        "JupyterLab opens, and says what is missing where a kernel is picked",
        (
            "test_an_image_that_runs_none_says_why",
            "test_what_can_not_be_had_is_said_where_kernels_are_picked_and_mended_without_a_new_page",
        ),
    ),
)


def table() -> list[str]:
    """The lines of the README's table, in Markdown."""
    lines = ["| in a plain pod | in the pair |", "|---|---|"]
    return lines + [f"| {promise.known} | {promise.pair} |" for promise in PROMISES]
