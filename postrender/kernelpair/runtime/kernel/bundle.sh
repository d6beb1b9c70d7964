#!/bin/sh
# Fills the volume from which the kernel container starts the gateway: with the bundle of this image, the front-end's, or
# where it has none with a program that starts gateway.sh, so that the user image's own Python does.
# usage: bundle.sh TARGET [BUNDLE]
set -eu
bundle="${2:-/opt/kernelpair-bundle}"
if [ -e "$bundle/start" ]; then
    exec "$bundle/start" "${0%/*}/kernelpair_copy.py" "$1"
fi
echo "kernelpair: no bundle in this image ($bundle): the gateway is the user image's own, or pip installs it" >&2
umask 022
new="$1/.start"
# The launcher is started as `start /opt/kernelpair/gateway.py`; gateway.sh stands beside that.
if printf '#!/bin/sh\nexec /bin/sh "${1%%/*}/gateway.sh"\n' >"$new" && chmod 755 "$new" && mv -f "$new" "$1/start"; then
    exit 0
fi
echo "kernelpair: $1 can't be written: see the line above; it is an emptyDir, so the node's disk may be full" >&2
exit 1
