"""Spawns with the setting userChoice, and the spawn pages that show the choice: two tables."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.hub.cases import HOST_NETWORK, UNLISTED, Case, form

CHOICE = {"userChoice": True}
OPT_IN = {"userChoice": True, "optIn": True}
LISTED = """
LIST = [
    {"display_name": "Small", "slug": "small", "description": "A small one", "default": True},
    {"display_name": "GPU", "slug": "gpu", "kubespawner_override": {
        "image": "example.org/cuda:12", "extra_annotations": {"team": "a"}}, "profile_options": {
        "size": {"display_name": "Size", "choices": {
            "l": {"display_name": "Large", "default": True, "kubespawner_override": {"mem_limit": "8G"}}}}}},
    {"display_name": "GPU, large", "slug": "gpu-large", "kubespawner_override": {"mem_limit": "16G"}},
    {"display_name": "Plain", "slug": "plain", "kubespawner_override": {
        "extra_annotations": {"kernelpair/split": "false"}}},
    {"display_name": "Pair", "slug": "pair", "kubespawner_override": {
        "extra_annotations": {"kernelpair/split": "true"}}},
    {"display_name": "RStudio", "slug": "rstudio", "kubespawner_override": {"default_url": "/rstudio"}},
]
"""
STATIC = LISTED + "c.KubeSpawner.profile_list = LIST\n"
CALLABLE = LISTED + "c.KubeSpawner.profile_list = lambda spawner: LIST\n"
ASYNC = (
    LISTED
    + """
import asyncio
async def later(spawner):
    await asyncio.sleep(0)
    return LIST
c.KubeSpawner.profile_list = lambda spawner: asyncio.ensure_future(later(spawner))
"""
)
# KubeSpawner before 5 doesn't await a coroutine here, only a future.
ASYNC_DEF = ASYNC + "c.KubeSpawner.profile_list = later\n"
SOME_SLUGS_TO_MAKE = (
    'c.KubeSpawner.profile_list = [{"display_name": "A b", "profile_options": {}}, {"display_name": "C"}]'
)
MAPPING = 'c.KubeSpawner.profile_list = {"a": {"display_name": "A", "slug": "a"}}'
EMPTY_CALLABLE = "c.KubeSpawner.profile_list = lambda spawner: []"
ALL_OUT = 'c.KubeSpawner.extra_annotations = {"kernelpair/split": "false"}\n'
ALL_IN = 'c.KubeSpawner.extra_annotations = {"kernelpair/split": "true"}\n'
CHOICES_OUT = """
c.KubeSpawner.profile_list = [{"display_name": "All", "slug": "all", "profile_options": {
    "dir": {"display_name": "Folder", "choices": {
        "a": {"display_name": "A", "default": True, "kubespawner_override": {}},
        "b": {"display_name": "B", "kubespawner_override": {"extra_annotations": {"kernelpair/split": "false"}}}}}}}]
"""
TAKEN = """
c.KubeSpawner.profile_list = [
    {"display_name": "Own", "slug": "own", "profile_options": {"kernelpair": {"display_name": "Mine", "choices": {
        "x": {"display_name": "X", "default": True, "kubespawner_override": {"image": "example.org/x:1"}},
        "y": {"display_name": "Y", "kubespawner_override": {"image": "example.org/y:1"}}}}}},
    {"display_name": "Other", "slug": "other"}]
"""
TEMPLATE = STATIC + 'c.KubeSpawner.profile_form_template = "{{ profile_list | length }} profiles"\n'
STRING = "c.KubeSpawner.options_form = '<input name=\"image\">'\n"
CALLED = "c.KubeSpawner.options_form = lambda spawner: '<input name=\"image\">'\n"
OWN_READER = """
c.KubeSpawner.options_form = "<input name='image'>"
async def read(form, spawner):
    spawner.log.debug("asked")
    return {"image": form["image"][0]}
c.KubeSpawner.options_from_form = read
"""
SUBCLASS = """
import kubespawner, traitlets
class LabSpawner(kubespawner.KubeSpawner):
    @traitlets.default("options_form")
    def _own_form(self):
        return "own"
c.JupyterHub.spawner_class = LabSpawner
"""


def posted(profile: str, chosen: str, **others: str) -> dict[str, str]:
    """What the page with `LISTED` posts, by both rules for names; every profile posts its options."""
    values = {"small": "on", "gpu": "on", "gpu-large": "on", "pair": "on", "rstudio": "on", profile: chosen, **others}
    fields = {f"profile-option-{slug}{dash}kernelpair": v for slug, v in values.items() for dash in ("-", "--")}
    return {"profile": profile, **fields, "profile-option-gpu-size": "l", "profile-option-gpu--size": "l"}


SPLIT = (
    Case("none, on", settings=CHOICE, options={"kernelpair": "on"}, said="true"),
    Case("none, nothing chosen", settings=CHOICE),
    Case("none, on against optIn", settings=OPT_IN, options={"kernelpair": "on"}, said="true"),
    Case("none, on by the API", settings=CHOICE, api={"kernelpair": "on"}, said="true"),
    Case("none, null by the API", settings=CHOICE, api={"kernelpair": None}),
    Case("static, nothing chosen", STATIC, settings=CHOICE),
    Case("static, on", STATIC, settings=CHOICE, options=posted("small", "on"), said="true"),
    Case("an own option, on", STATIC, settings=OPT_IN, options=posted("gpu", "on"), said="true"),
    Case("callable, on", CALLABLE, settings=CHOICE, options=posted("gpu", "on"), said="true"),
    Case("async, on", ASYNC, settings=CHOICE, options=posted("gpu-large", "on"), said="true"),
    Case("async def, on", ASYNC_DEF, settings=CHOICE, options=posted("gpu", "on"), said="true", only="hub-newest"),
    Case("opted in by the profile, on", STATIC, settings=OPT_IN, options=posted("pair", "on"), said="true"),
    Case("opted in by the profile, nothing", STATIC, settings=OPT_IN, api={"profile": "pair"}),
    Case(
        "unlisted image, on",
        UNLISTED,
        settings=CHOICE,
        options=form(
            **{"image": "unlisted-choice", "image--unlisted-choice": "example.org/mine:1", "kernelpair": "on"}
        ),
        said="true",
        only="hub-newest",
    ),
    Case("named server, on", STATIC, settings=OPT_IN, options=posted("small", "on"), server="second", said="true"),
    Case("userChoice off", STATIC, options=posted("gpu", "off")),
    Case(
        "the profile's own option",
        TAKEN,
        settings=CHOICE,
        options={"profile": "own", **{f"profile-option-own{dash}kernelpair": "y" for dash in ("-", "--")}},
    ),
)
BY_CHOICE = (
    Case("none, off", "", "plain", CHOICE, {"kernelpair": "off"}, said="false"),
    Case("none, off by the API", "", "plain", CHOICE, api={"kernelpair": "off"}, said="false"),
    Case("static, off", STATIC, "plain", CHOICE, posted("gpu", "off"), said="false"),
    Case("static, off by the API", STATIC, "plain", CHOICE, api={"kernelpair": "off"}, said="false"),
    Case("callable, off", CALLABLE, "plain", CHOICE, posted("small", "off"), said="false"),
    Case("async, off", ASYNC, "plain", CHOICE, posted("gpu", "off"), said="false"),
    Case("against the profile, off", STATIC, "plain", CHOICE, posted("pair", "off"), said="false"),
    Case("named server, off", STATIC, "plain", CHOICE, posted("gpu", "off"), server="second", said="false"),
    Case("fancy form, off by the API", CALLED, "plain", CHOICE, api={"kernelpair": "off"}, said="false"),
    Case("fancy form with the field", OWN_READER, "plain", CHOICE, {"image": "x", "kernelpair": "off"}, said="false"),
    Case("host network, off", HOST_NETWORK, "plain", CHOICE, {"kernelpair": "off"}, said="false"),
)
ON_IN_VAIN = (
    Case("opted out by the hub, on", ALL_OUT, "plain", CHOICE, {"kernelpair": "on"}),
    Case("opted out by the profile, on", STATIC, "plain", CHOICE, api={"profile": "plain", "kernelpair": "on"}),
    Case("opted out by a choice, on", CHOICES_OUT, "plain", CHOICE, form(dir="b", kernelpair="on")),
    Case("page of the user's image, on", STATIC, "plain", CHOICE, posted("rstudio", "on"), said="true"),
    Case("host network, on", HOST_NETWORK, "refused", CHOICE, {"kernelpair": "on"}, said="true"),
)
BAD = (
    Case("a word", STATIC, "refused", CHOICE, api={"profile": "gpu", "size": "l", "kernelpair": "maybe"}),
    Case("a boolean", "", "refused", CHOICE, api={"kernelpair": True}),
    Case("a list", "", "refused", CHOICE, api={"kernelpair": ["on"]}),
    Case("by the form", "", "refused", CHOICE, {"kernelpair": "On"}),
)
FAILED = (Case("a word, to fail", "", "failed", {**CHOICE, "onRefusal": "fail"}, api={"kernelpair": "maybe"}),)
ALL = (*SPLIT, *BY_CHOICE, *ON_IN_VAIN, *BAD, *FAILED)


class Page(NamedTuple):
    """One spawn page: the hub's configuration, the settings, what the user chose before, and what it shows.

    ``shows`` is slug -> the choice that is selected; "" is the page without profiles.
    """

    name: str
    config: str
    shows: dict[str, str]
    settings: dict[str, Any] = CHOICE
    earlier: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    only: str = ""


OFFERED = {"small": "on", "gpu": "on", "gpu-large": "on", "pair": "on", "rstudio": "on"}
NOT_IN = {"small": "off", "gpu": "off", "gpu-large": "off", "pair": "on", "rstudio": "off"}
PAGES = (
    Page("static", STATIC, OFFERED),
    Page("static, optIn", STATIC, NOT_IN, OPT_IN),
    Page("static, all in", STATIC + ALL_IN, OFFERED, OPT_IN),
    Page("static, all out but one", STATIC + ALL_OUT, {"pair": "on"}),
    Page("static, as chosen before", STATIC, OFFERED, earlier={"profile": "gpu", "size": "l", "kernelpair": "off"}),
    Page("callable", CALLABLE, OFFERED),
    Page("async", ASYNC, OFFERED),
    Page("async def", ASYNC_DEF, OFFERED, only="hub-newest"),
    Page("slugs that KubeSpawner makes", SOME_SLUGS_TO_MAKE, {"a-b": "on", "c": "on"}),
    Page("mapping", MAPPING, {"a": "on"}, only="hub-newest"),
    Page("none", "", {"": "on"}),
    Page("none, optIn", "", {"": "off"}, OPT_IN),
    Page("none, as chosen before", "", {"": "off"}, earlier={"kernelpair": "off"}),
    Page("none, all in", ALL_IN, {"": "on"}, OPT_IN),
    Page("none, all out", ALL_OUT, {}),
    Page("callable that gives none", EMPTY_CALLABLE, {"": "on"}),
    Page("userChoice off", STATIC, {}, {}),
    Page("none, userChoice off", "", {}, {}),
    Page("taken", TAKEN, {}),
    Page("own template", TEMPLATE, {}),
    Page("own form", STRING, {}),
    Page("own form, called", CALLED, {}),
    Page("a subclass's form", SUBCLASS, {}),
)
