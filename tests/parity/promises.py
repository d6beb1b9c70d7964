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
        "Input, interrupt, completion, inspection, history, rich display, errors, progress bars, the debugger",
        SAME,
        ("messages.conversation", "people.progress", "people.debugger"),
    ),
    Promise(
        "Outputs of any size and number, in order; widgets' binary data; input up to 10 MB",
        "the same, and input of any size",
        (
            "messages.large_output",
            "messages.large_input",
            "messages.many_outputs",
            "messages.buffers",
            "test_programs_that_know_messages_as_json_alone_are_served_too",
            "test_input_larger_than_a_plain_server_takes",
        ),
    ),
    Promise(
        "Several kernels at once, several browsers on one, kernels of other languages",
        SAME,
        ("people.at_once", "messages.two_clients", "people.languages"),
    ),
    Promise(
        "Uid, groups, umask, locale; each side edits what the other wrote",
        SAME,
        ("people.identity", "people.files"),
    ),
    Promise(
        "A closed laptop: what was printed meanwhile arrives once, in order",
        SAME,
        ("messages.reconnect", "messages.connected_twice"),
    ),
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
    Promise("The server's own culling of idle kernels", SAME, ("test_idle_kernels_are_culled_and_busy_ones_stay",)),
    Promise(
        "A kernel that dies is started anew, and the page says so",
        "the same, and the new one is heard from its first cell on",
        ("deaths.kernel_dies", "test_a_kernel_in_place_of_a_dead_one_is_heard_from_its_first_cell_on"),
    ),
    Promise(
        "A kernel whose program fails at its start keeps cells waiting without a word",
        "the cell says so, with the exit code and what to do",
        ("test_a_kernel_that_can_not_start_says_so_in_the_cell",),
    ),
    Promise(
        "A kernel is loaded when it is asked for",
        "the first Python kernel is loaded before, and is what it would be otherwise",
        (
            "test_the_first_kernel_is_what_it_would_be_if_it_were_started_only_now",
            "test_it_is_the_process_that_waited_and_the_next_is_another",
            "test_what_was_installed_while_it_waited_is_what_it_runs",
            "test_it_ends_with_its_gateway",
        ),
    ),
    Promise(
        "Too much memory kills the server, and the page is gone",
        "JupyterLab stays; kernels start anew without a reload",
        ("test_the_notebook_outlives_the_kernel_container",),
    ),
    Promise(
        "Terminals in the user's image: several, resized, shared, come back to, of any output, closed",
        SAME,
        (
            "test_a_terminal_is_opened_used_resized_and_left",
            "test_several_tabs_browsers_and_who_comes_back",
            "test_a_terminal_has_the_user_images_environment",
            "test_a_terminal_opens_where_it_is_wanted",
            "test_a_terminal_prints_much",
            "test_a_deleted_terminals_programs_end",
            "test_typing_counts_as_activity",
            "test_the_page_offers_terminals",
            "test_nothing_is_left_of_terminals_when_the_kernel_container_stops",
        ),
    ),
    Promise(
        "Terminals end with the server, and the page is gone",
        "they end with the kernel container, the tab says so, and new ones open",
        (
            "test_terminals_end_with_the_kernel_container_and_others_open",
            "test_who_opens_a_terminal_before_the_gateway_is_up_waits_for_it",
            "test_a_gateway_that_can_have_no_terminals_says_why",
        ),
    ),
    Promise(
        "Operators choose the shell, close idle terminals, or turn terminals off",
        "the same, or keep them in the notebook container (`notebook.terminals`)",
        (
            "test_the_setting_keeps_terminals_in_the_notebook_or_turns_them_off",
            "test_what_operators_configure_for_terminals_holds_in_the_kernel_container",
        ),
    ),
    Promise(
        "Strangers get no terminal",
        "the same, nor from the gateway",
        ("test_strangers_get_no_terminal", "test_the_gateways_terminals_need_its_token"),
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
        "Any front-end and user image of the last years",
        "front-ends from jupyter_server 2.6 and JupyterLab 4.0 on, user images from Python 3.9 and ipykernel 6.0 on",
        ("test_the_oldest_versions_do_what_the_newest_do", "test_a_preinstalled_gateway_does_what_the_bundle_does"),
    ),
    Promise(
        "The kernel's ports are the pod's own",
        "the gateway listens on 127.0.0.1 and wants a token that stands in no environment, argument or log; "
        "pages of other origins are refused",
        (
            "test_the_gateway_wants_its_token",
            "test_pages_of_other_origins_are_refused_even_with_the_token",
            "test_the_gateway_listens_on_the_loopback_address_alone",
            "test_the_token_is_in_no_environment_argument_log_or_home",
        ),
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


def table() -> list[tuple[str, str]]:
    """The README's table."""
    return [("in a plain pod", "in the pair"), *((promise.known, promise.pair) for promise in PROMISES)]
