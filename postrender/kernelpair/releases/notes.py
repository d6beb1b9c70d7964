"""What there is to say of a hub release: one enum, and one table of the sentences that people read."""

from __future__ import annotations

import enum
from typing import NamedTuple

from ..core.reasons import Sentence


class Note(enum.Enum):
    """Every reason why a hub is refused or left alone, and every warning; the value is its name in reports."""

    OFF = "off"
    NO_SETTINGS = "no-settings"
    VALUES_MISSING = "values-missing"
    VALUES_UNREADABLE = "values-unreadable"
    TEMPLATE_MISSING = "template-missing"

    NO_HUB = "no-hub"
    NO_CONFIG = "no-hub-config"
    NO_CONTAINER = "no-hub-container"
    VOLUME_TAKEN = "volume-taken"
    MOUNT_TAKEN = "mount-taken"
    RECORD_UNREADABLE = "record-unreadable"
    CONFIG_NO_TEXT = "config-no-text"
    WRONG_TYPE = "wrong-type"

    FRONT_END_TAKEN = "front-end-image-taken"
    EXISTING_SECRET = "existing-secret"  # noqa: S105 (a note's name, not a secret)
    PULLER_NAME_TAKEN = "puller-name-taken"


class Said(NamedTuple):
    """A note on one hub: where (dotted key, with the object's kind and name where it isn't the hub), and a detail."""

    note: Note
    key: str = ""
    value: str = ""
    detail: str = ""

    @property
    def sentence(self) -> Sentence:
        """Fact, why and fix, filled in."""
        return Sentence(*(text.format(value=self.value, detail=self.detail) for text in SENTENCES[self.note]))

    def as_finding(self) -> dict[str, str]:
        """The note as reports show findings: reason, key, what, why and fix where there are such."""
        said = {"reason": self.note.value, "key": self.key, **self.sentence._asdict()}
        return {name: text for name, text in said.items() if text}


SENTENCES: dict[Note, Sentence] = {
    Note.OFF: Sentence("the flag is off"),
    Note.NO_SETTINGS: Sentence(
        "there are no settings in {value}", "", "write them there, with enabled: true, to turn it on"
    ),
    Note.VALUES_MISSING: Sentence(
        "the Secret with the release's values is not in the stream",
        "whether the flag is on, and the settings, stand in its values.yaml",
        "render without --hide-secret, and let every manifest of the release pass through kernelpair at once",
    ),
    Note.VALUES_UNREADABLE: Sentence(
        "the values in {value} can't be read: {detail}",
        "whether the flag is on, and the settings, stand in its values.yaml",
        "post-render before the Secret is encrypted or redacted",
    ),
    Note.TEMPLATE_MISSING: Sentence(
        "the PodTemplate {value} is not in the stream",
        "whether the flag is on, and the settings, stand in its annotation kernelpair/settings",
        "let every manifest of the release pass through kernelpair at once",
    ),
    Note.NO_HUB: Sentence(
        "values ask for kernelpair, and no hub that uses them is in the stream",
        "the flag is on, and no spawn would be split",
        "let every manifest of the release pass through kernelpair at once: the values Secret, and the Deployment that "
        "mounts it together with the ConfigMap that holds jupyterhub_config.py and z2jh.py",
    ),
    Note.NO_CONFIG: Sentence(
        "the pod mounts no ConfigMap of the stream that holds jupyterhub_config.py",
        "the flag is on, and the hook is loaded at the end of that file",
        "let every manifest of the release pass through kernelpair at once",
    ),
    Note.NO_CONTAINER: Sentence(
        "it is unclear which container is the hub: {value}",
        "the hook's files are mounted in the hub's container alone",
        "name the hub's container `hub`",
    ),
    Note.VOLUME_TAKEN: Sentence(
        "the hub's pod has a volume `{value}` that kernelpair did not make",
        "kernelpair adds one of that name",
        "rename it",
    ),
    Note.MOUNT_TAKEN: Sentence(
        "something is mounted at {value} already", "the hook's files go to {detail}", "mount it elsewhere"
    ),
    Note.RECORD_UNREADABLE: Sentence(
        "the annotation {value} can't be used: {detail}",
        "it says what kernelpair changed; without it the object can't be taken back",
        "render the release from its chart again",
    ),
    Note.CONFIG_NO_TEXT: Sentence(
        "jupyterhub_config.py is not a text",
        "the hub reads its configuration from it, and the hook is loaded at its end",
        "render the release from its chart again",
    ),
    Note.FRONT_END_TAKEN: Sentence(
        "no front-end image is set: notebooks run in the release's singleuser.image {value}",
        "it runs the hub's server already; a small image of its own starts faster and is maintained once",
        "set custom.kernelGateway.notebook.image",
    ),
    Note.WRONG_TYPE: Sentence(
        "{value}",
        "kernelpair adds to it, and an API server would refuse it",
        "render the release from its chart again",
    ),
    Note.EXISTING_SECRET: Sentence(
        "the hub reads the Secret {value} at run time too",
        "values there come before those of the release, and kernelpair can't see them here: custom.kernelGateway in it "
        "has no effect",
        "keep custom.kernelGateway in the values of the release",
    ),
    Note.PULLER_NAME_TAKEN: Sentence(
        "the image puller has a container {value} that kernelpair did not make",
        "kernelpair adds one of that name; the image {detail} is not pulled ahead",
        "give that entry of prePuller.extraImages another name",
    ),
}
