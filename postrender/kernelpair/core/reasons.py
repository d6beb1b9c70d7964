"""Why a pod is refused, skipped or split with a warning: one enum, and one table of the sentences people read."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Reason(enum.Enum):
    """Every verdict on a pod; the value is its name in reports."""

    NOT_A_POD = "not-a-pod"
    NO_CONTAINER = "no-container"
    AMBIGUOUS_CONTAINER = "ambiguous-container"
    UNKNOWN_CONTAINER = "unknown-container"
    NO_IMAGE = "no-image"
    KERNEL_NAME_TAKEN = "kernel-name-taken"
    PORT_TAKEN = "port-taken"
    HOST_NETWORK = "host-network"
    WINDOWS = "windows"
    GATEWAY_ALREADY_SET = "gateway-already-set"
    SEARCH_PATH_HIDDEN = "search-path-hidden"
    VOLUME_TAKEN = "volume-taken"
    MOUNT_TAKEN = "mount-taken"
    HOME_UNKNOWN = "home-unknown"
    BAD_QUANTITY = "bad-quantity"
    RESERVE_TOO_LARGE = "reserve-too-large"
    OVERRIDE_LOSES_ORIGINAL = "override-loses-original"
    STATUS_UNREADABLE = "status-unreadable"
    PAIR_BROKEN = "pair-broken"
    BAD_OPT_IN = "bad-opt-in"

    RUNS_AS_ROOT = "runs-as-root"
    UID_UNSET = "uid-unset"
    ENV_FROM = "env-from"
    EXEC_PROBE = "exec-probe"
    SHARED_PROCESSES = "shared-processes"
    HOST_PID = "host-pid"
    HOME_NOT_SHARED = "home-not-shared"
    HOME_IN_POD = "home-in-pod"
    BURSTABLE = "burstable"
    FIRST_TO_DIE = "first-to-die"
    TOKEN_DERIVED = "token-derived"  # noqa: S105 (a reason's name, not a secret)
    QUOTA = "quota"

    OFF = "off"
    NOT_OPTED_IN = "not-opted-in"
    OPTED_OUT = "opted-out"
    PLAIN_URL = "plain-url"
    NO_SETTINGS = "no-settings"


class Finding(NamedTuple):
    """A reason found in one pod: where (dotted key within the pod), the value seen, and a detail for the sentence."""

    reason: Reason
    key: str = ""
    value: str = ""
    detail: str = ""

    @property
    def what(self) -> str:
        """The fact, as one sentence."""
        return SENTENCES[self.reason].what.format(value=self.value, detail=self.detail)

    @property
    def why(self) -> str:
        """Why it matters."""
        return SENTENCES[self.reason].why.format(value=self.value, detail=self.detail)

    @property
    def fix(self) -> str:
        """What to do about it."""
        return SENTENCES[self.reason].fix.format(value=self.value, detail=self.detail)


class Refused(ValueError):
    """A pod can't be split or taken back; ``findings`` holds every reason, not only the first."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.what for finding in findings))
        self.findings = tuple(findings)


class Sentence(NamedTuple):
    """What people read of a reason; ``{value}`` and ``{detail}`` are filled in from the finding."""

    what: str
    why: str = ""
    fix: str = ""


SENTENCES: dict[Reason, Sentence] = {
    Reason.NOT_A_POD: Sentence(
        "this is not a pod: {detail}",
        "kernelpair only rewrites what it can read whole",
        "write it as the Kubernetes API takes it; y, n, on, off and numbers that are meant as text need quotes",
    ),
    Reason.NO_CONTAINER: Sentence(
        "the pod has no container",
        "there is nothing to split",
        'add the user\'s container or opt out with kernelpair/split: "false"',
    ),
    Reason.AMBIGUOUS_CONTAINER: Sentence(
        "several containers could be the user's: {value}",
        "one of them becomes the notebook, and a guess could be wrong",
        "name one `notebook`, or set the annotation kernelpair/container to its name",
    ),
    Reason.UNKNOWN_CONTAINER: Sentence(
        "kernelpair/container names {value}, and the pod has no such container",
        "the user's container can't be found",
        "set it to one of: {detail}",
    ),
    Reason.NO_IMAGE: Sentence(
        "the user's container names no image", "its image is the one the kernel runs in", "set the container's image"
    ),
    Reason.KERNEL_NAME_TAKEN: Sentence(
        "the pod has a container `kernel` that kernelpair did not make",
        "that name is the kernel container's",
        'rename that container or opt out with kernelpair/split: "false"',
    ),
    Reason.PORT_TAKEN: Sentence(
        "port {value} is taken by container {detail}",
        "the gateway would listen there: all containers of a pod share its ports",
        "set kernelGateway.kernel.port to a free port",
    ),
    Reason.HOST_NETWORK: Sentence(
        "the pod uses the node's network",
        "the gateway's port would be open on the node, for every pod there",
        'remove hostNetwork or opt out with kernelpair/split: "false"',
    ),
    Reason.WINDOWS: Sentence(
        "the pod runs on Windows", "the gateway launcher needs a POSIX shell", 'opt out with kernelpair/split: "false"'
    ),
    Reason.GATEWAY_ALREADY_SET: Sentence(
        "the container already sets {value}",
        "its kernels run behind another gateway, and a notebook server has one",
        'remove the variable or opt out with kernelpair/split: "false"',
    ),
    Reason.SEARCH_PATH_HIDDEN: Sentence(
        "{value} comes from elsewhere (valueFrom)",
        "Jupyter finds the pair's configuration and kernels by a folder in front of it",
        "write its value out, or configure Jupyter in the front-end image",
    ),
    Reason.VOLUME_TAKEN: Sentence(
        "the pod has a volume or init container `{value}` that kernelpair did not make",
        "kernelpair adds one of that name",
        "rename it",
    ),
    Reason.MOUNT_TAKEN: Sentence(
        "something is mounted at {value} already", "kernelpair's files go there", "mount it elsewhere"
    ),
    Reason.HOME_UNKNOWN: Sentence(
        "no volume is mounted at the user's home, and nothing tells where the home is",
        "both containers must see the same home; an empty volume in the wrong place would hide what the image ships",
        "set kernelGateway.kernel.home (for example /home/jovyan), or kernelGateway.kernel.sharedHome: none",
    ),
    Reason.BAD_QUANTITY: Sentence(
        "{value} is not a quantity",
        "what the two containers get is computed from it",
        "write a number with an optional suffix (n u m k M G T P E, Ki Mi Gi Ti Pi Ei), such as 500m or 4Gi",
    ),
    Reason.RESERVE_TOO_LARGE: Sentence(
        "the notebook's reserve of {detail} leaves the kernel nothing of {value}",
        "both containers need a share",
        "make kernelGateway.notebook.reserve smaller or the pod's resources larger",
    ),
    Reason.OVERRIDE_LOSES_ORIGINAL: Sentence(
        "the override of {value} would lose the pod's own value",
        "the pair must be undoable, and values of variables are never recorded",
        "drop {value} from the pod or from kernelGateway.{detail}.overrides",
    ),
    Reason.STATUS_UNREADABLE: Sentence(
        "the annotation kernelpair/status can't be used: {detail}",
        "it says what kernelpair changed; without it the pod can't be taken back",
        "render the pod from its source again",
    ),
    Reason.PAIR_BROKEN: Sentence(
        "kernelpair/status says that this is a pair, and {detail}",
        "a pair that was edited that far can't be taken back",
        "render the pod from its source again, or remove the annotation kernelpair/status",
    ),
    Reason.BAD_OPT_IN: Sentence(
        "the annotation kernelpair/split says {value}",
        "only true and false are understood, and a guess could split what should stay",
        'write kernelpair/split: "true" or "false", in quotes',
    ),
    Reason.RUNS_AS_ROOT: Sentence(
        "the user's container runs as root, so both containers do",
        "kernelpair keeps the user as it is",
        "set runAsUser to an ordinary user",
    ),
    Reason.UID_UNSET: Sentence(
        "no runAsUser is set",
        "each image has a default user of its own; files that one writes the other may not be able to change",
        "set runAsUser (and fsGroup) to the user of your images, such as 1000 (and 100)",
    ),
    Reason.ENV_FROM: Sentence(
        "envFrom goes to both containers as it is",
        "what it brings is known only in the cluster: tokens in it reach the kernel",
        "write hub credentials as env entries, which kernelpair keeps from the kernel",
    ),
    Reason.EXEC_PROBE: Sentence(
        "the {value} runs a command",
        "it runs in the front-end image now",
        "use an httpGet probe, or put the command in the front-end image",
    ),
    Reason.SHARED_PROCESSES: Sentence(
        "the pod shares its process namespace",
        "kernels can see and signal the notebook server",
        "remove shareProcessNamespace",
    ),
    Reason.HOST_PID: Sentence(
        "the pod sees the node's processes", "so does the user's kernel, as before", "remove hostPID"
    ),
    Reason.HOME_NOT_SHARED: Sentence(
        "no volume is mounted at the user's home",
        "kernelGateway.kernel.sharedHome is none: files written by the notebook are not seen by the kernel",
        "mount a volume, or set kernelGateway.kernel.sharedHome to auto",
    ),
    Reason.HOME_IN_POD: Sentence(
        "no volume is mounted at the user's home {value}",
        "both containers share it in an emptyDir{detail}; what is written there ends with the pod",
        "mount a volume there if it should last",
    ),
    Reason.BURSTABLE: Sentence(
        "the pod is no longer Guaranteed but {value}",
        "the notebook has no resources, and Guaranteed asks every container for them",
        "set kernelGateway.notebook.reserve for cpu and memory",
    ),
    Reason.FIRST_TO_DIE: Sentence(
        "the notebook has no memory request",
        "when the node runs out of memory it is the first to be killed, and it gets the least CPU",
        "set kernelGateway.notebook.reserve, such as {{memory: 512Mi, cpu: 100m}}; "
        "where the pod states no memory to take it from, notebook.resources",
    ),
    Reason.TOKEN_DERIVED: Sentence(
        "the kernel does not get {value}",
        "its value refers to {detail}, a credential of the hub",
        "set kernelGateway.kernel.passHubCredentials to true if the kernel needs it",
    ),
    Reason.QUOTA: Sentence(
        "the release has the ResourceQuota {value}, which counts {detail}",
        "a quota refuses every pod with a container that doesn't state them, and the notebook states nothing",
        "state them in kernelGateway.notebook.reserve or notebook.resources, "
        "or set kernelGateway.podResources (Kubernetes 1.34)",
    ),
    Reason.OFF: Sentence("the flag is off"),
    Reason.NOT_OPTED_IN: Sentence('optIn is on and the pod does not say kernelpair/split: "true"'),
    Reason.PLAIN_URL: Sentence("the server opens {value}, which only the user's image can serve (plainUrls)"),
    Reason.OPTED_OUT: Sentence('the pod says kernelpair/split: "false"'),
    Reason.NO_SETTINGS: Sentence(
        "there are no settings for it",
        "the annotation kernelpair/split alone splits nothing",
        "annotate the object with kernelpair/settings, or pass --settings FILE",
    ),
}
